"""The desk as an agent sees it, in a real Chromium before the real panel."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from cti.desktop import CallView, ClientBrief, LinkView, Match, Why
from cti.storage import calls, clients, desktop_events, lookup, sessions
from tests.browser.stage import ALHIMOV, ANNA, Stage, stage, until

pytestmark = pytest.mark.browser
NOBODYS = "+79355559999"


async def shown_at(theatre: Stage, seq: int) -> float | None:
    async with theatre.db.read() as conn:
        events = await desktop_events.since(conn, ANNA, seq - 1)
    return events[0].shown_at if events else None


async def test_without_the_pbx_or_the_server_the_phone_says_that_it_does_not_know(theatre: Stage) -> None:
    page = await theatre.desk()
    title, before, own = page.locator("#phone-title"), page.locator('[data-f="before"]'), page.locator("#own")
    await expect(title).to_have_text("Звонков нет")
    await theatre.live.link(LinkView(state="down"))
    await expect(title).to_have_text("Неизвестно: нет связи с АТС")
    await expect(page.locator("#strip .calm")).to_contain_text("Звонки сейчас здесь не видны")
    await expect(before).to_be_hidden()
    await theatre.live.link(LinkView(state="up"))
    await theatre.ring()
    await theatre.becomes("call-1", "talking")
    await expect(title).to_contain_text("Разговор")
    await expect(own).to_be_visible()
    await page.context.set_offline(True)
    await theatre.live.sign_out(ANNA)
    await expect(title).to_have_text("Неизвестно: нет связи с сервером")
    await expect(before).to_have_text("До этого: Разговор")
    await expect(own).to_be_hidden()
    await expect(page.locator("#card-state")).to_have_text("неизвестно; до этого: Разговор")
    await page.context.set_offline(False)
    await expect(title).to_contain_text("Разговор")
    await expect(before).to_be_hidden()


async def noted(theatre: Stage, call: str) -> str:
    async with theatre.db.read() as conn:
        return "".join(note.text for note in await calls.notes(conn, call))


async def test_a_ring_brings_the_card_and_the_server_hears_that_it_was_painted(theatre: Stage) -> None:
    page = await theatre.desk()
    await expect(page.locator("#desk-calm")).to_be_visible()
    await theatre.journal("call-1")
    pop = await theatre.ring()
    await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
    await expect(page.locator(".why").first).to_contain_text("+7 935 555-01-01 — телефон «приёмная»")
    await expect(page.locator("#rings .bell")).to_have_count(1)
    await expect(page).to_have_title("(1) Звонит: Алхимов")
    assert "icon-ring" in (await page.get_attribute('link[rel="icon"]', "href") or "")
    await until(lambda: shown_at(theatre, pop.seq), why="the card is acknowledged")
    await theatre.becomes("call-1", "talking")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
    await expect(page).to_have_title("Стол — Трубка")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_second_ring_moves_nothing_that_is_being_typed(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring()
    await theatre.becomes("call-1", "talking")
    await expect(page.locator("#note")).to_be_visible()
    await expect(page.locator("#result-box")).to_be_visible()  # it comes when its queue's results are known
    await page.focus("#note")
    await page.keyboard.type("Просит ")
    place = await page.locator("#note").bounding_box()
    await theatre.ring("call-2", number=NOBODYS, queue="support")
    await expect(page.locator("#rings")).to_contain_text("+7 935 555-99-99")
    await page.keyboard.type("счёт")
    await expect(page.locator("#note")).to_have_value("Просит счёт")
    await expect(page.locator("#note")).to_be_focused()
    assert await page.locator("#note").bounding_box() == place
    await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(page.locator("#desk-card h2").first).to_have_text("+7 935 555-99-99")
    await expect(page.locator("#newcomer")).to_be_visible()


async def test_the_note_is_saved_while_it_is_written_and_survives_a_reload(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring()
    await theatre.becomes("call-1", "talking")
    await expect(page.locator("#note")).to_be_visible()
    await page.keyboard.press("n")
    await page.keyboard.type("Перезвонить до пятницы")
    await expect(page.locator("#note-state")).to_contain_text("Сохранено")
    assert await noted(theatre, "call-1") == "Перезвонить до пятницы"
    await page.reload()
    await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
    await expect(page.locator("#note")).to_have_value("Перезвонить до пятницы")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
    await page.goto(theatre.url + "/clients")  # an address that was typed
    await page.wait_for_selector("html[data-live=yes]")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
    await expect(page).to_have_url(re.compile(r"/clients$"))
    await theatre.becomes("call-1", "ended")
    await theatre.tell(CallView(id="call-2", state="talking", direction="outbound", number="+79355550102"))
    await expect(page).to_have_url(theatre.url + "/")  # this one begins now


async def test_a_note_written_without_the_server_is_kept_and_saved_when_it_is_back(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring()
    await theatre.becomes("call-1", "talking")
    await expect(page.locator("#note")).to_be_visible()
    await theatre.context.set_offline(True)
    await page.fill("#note", "не потеряйте")
    await expect(page.locator("#note-state")).to_contain_text("Пока не сохранено")
    await theatre.context.set_offline(False)
    await expect(page.locator("#note-state")).to_contain_text("Сохранено")
    assert await noted(theatre, "call-1") == "не потеряйте"


async def test_who_took_the_call_is_told_and_the_card_goes(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring()
    await theatre.becomes("call-1", "taken", by="Борис Ким")
    await expect(page.locator("#rings")).to_contain_text("Отвечает Борис Ким")
    await expect(page.locator("#rings .bell")).to_have_count(0)
    await expect(page.locator("#desk-calm")).to_be_visible()
    await expect(page.locator("#missed li")).to_have_count(0)


async def test_a_call_nobody_answered_is_an_entry_until_somebody_talks_with_the_number(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.journal("old-1", outcome="abandoned", ago_s=900)
    await theatre.journal("old-2", outcome="abandoned", ago_s=600)
    await theatre.ring("call-3")
    await theatre.becomes("call-3", "missed", outcome="abandoned")
    await expect(page.locator("#missed li")).to_have_count(1)
    await expect(page.locator("#missed li")).to_contain_text("Алхимов")
    await expect(page.locator("#missed li")).to_contain_text("2 попытки")
    await theatre.journal("old-4", outcome="answered", ago_s=60)
    await page.reload()
    await expect(page.locator("#missed-none")).to_be_visible()


async def test_an_unknown_number_becomes_a_client_and_the_next_call_brings_him(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring(number=NOBODYS, name="Пётр")
    form = page.locator("#newcomer")
    await expect(form.locator("[name=phone]")).to_have_value("+7 935 555-99-99")
    await expect(form.locator("[name=name]")).to_have_value("Пётр")
    await form.locator("[name=name]").fill("Пётр Соколов")
    await page.keyboard.press("Enter")
    await expect(page.locator("#desk-card h2").first).to_have_text("Пётр Соколов")
    async with theatre.db.read() as conn:
        (found,) = await lookup.by_number(conn, NOBODYS, now=0.0)
    assert found.client.name == "Пётр Соколов"
    await theatre.becomes("call-1", "ended")
    await theatre.ring("call-2", number=NOBODYS)
    await expect(page.locator("#rings")).to_contain_text("Пётр Соколов")


async def test_of_several_clients_the_agent_picks_and_it_is_remembered(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.journal("call-1", number=ALHIMOV, outcome="no-answer", ago_s=1)
    others = [
        Match(
            client=ClientBrief(id=place, name=f"Клиент {place}"), why=Why(code="exact-phone", args={"number": ALHIMOV})
        )
        for place in (1, 2, 3)
    ]
    await theatre.ring(matches=others)
    await expect(page.locator("#choices li")).to_have_count(3)
    await page.get_by_role("button", name="Клиент 2").click()
    await expect(page.locator("#desk-card h2").first).to_have_text("Клиент 2")
    await expect(page.locator("#several")).to_be_hidden()

    async def remembered() -> bool:
        async with theatre.db.read() as conn:
            return [(user, client) for user, client, _ in await clients.choices(conn, ALHIMOV)] == [(ANNA, 2)]

    await until(remembered, why="the choice is remembered")


async def test_a_hidden_number_and_a_colleague_are_shown_as_what_they_are(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring(number=None)
    await expect(page.locator("#desk-card h2").first).to_have_text("Номер скрыт")
    await expect(page.locator("#card-call")).to_be_hidden()
    await theatre.becomes("call-1", "ended")
    await theatre.ring("call-2", number="102", kind="colleague", colleague="Борис Ким", matches=[])
    await expect(page.locator("#desk-card h2").first).to_have_text("Борис Ким")
    await expect(page.locator("#newcomer")).to_be_hidden()


async def test_a_refused_click_says_why_at_the_phone(theatre: Stage) -> None:
    page = await theatre.desk()
    await page.keyboard.press("p")
    await page.keyboard.type("8 935 555 01 01")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dial-fault")).to_contain_text("не подключена АТС")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "idle")
    await expect(page.locator("#dial-to")).to_have_value("8 935 555 01 01")


async def test_a_lost_connection_is_said_and_what_was_missed_comes_back(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.context.set_offline(True)
    for sid in list(theatre.live._browsers):
        await theatre.live._io.disconnect(sid)
    await expect(page.locator("#offline")).to_contain_text("Нет связи с сервером")
    await theatre.ring()
    await theatre.context.set_offline(False)
    await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
    await expect(page.locator("#offline")).to_be_hidden()


async def test_keys_lead_everywhere_and_do_nothing_in_a_field(theatre: Stage) -> None:
    page = await theatre.desk()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await expect(page.locator("h1")).to_have_text("Клиенты")
    await page.keyboard.press("/")
    await page.keyboard.type("gj?")
    await expect(page.locator("#q")).to_have_value("gj?")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Shift+Slash")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("j")
    await expect(page.locator("h1")).to_have_text("Звонки")
    await page.keyboard.press("g")
    await page.keyboard.press("d")
    await expect(page.locator("#desk")).to_be_visible()


async def test_the_shell_lives_through_pages_and_the_back_button(theatre: Stage) -> None:
    page = await theatre.desk()
    await page.evaluate("document.querySelector('#dock').dataset.mark = 'same'")
    await page.click(".rail a[data-section='/clients']")
    await page.fill("#q", "лхимо")
    await expect(page.locator("#found .tabulator-row")).to_have_count(1)
    await page.click("#found .tabulator-row a")
    await expect(page.locator("h1")).to_have_text("Алхимов")
    await expect(page.locator(".rail a[aria-current]")).to_have_text("Клиенты")
    await page.go_back()
    await expect(page.locator("#q")).to_have_value("лхимо")
    await page.go_back()
    await expect(page.locator("#desk")).to_be_visible()
    assert await page.get_attribute("#dock", "data-mark") == "same"
    assert page.faults == []  # type: ignore[attr-defined]


async def test_SEC_06_what_callers_and_clients_write_is_never_markup(theatre: Stage) -> None:
    page = await theatre.desk()
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202eevil'
    brief = ClientBrief(id=77, name=evil, full_name=evil, note=evil, emails=(evil,), phones=((NOBODYS, evil, evil),))
    match = Match(client=brief, why=Why(code="exact-phone", args={"number": NOBODYS, "label": evil}))
    for place, matches in enumerate(([match], [match, match], [])):
        await theatre.ring(
            f"call-{place}", number="1" * 40, name=evil, matches=matches, ringing=(evil, evil), queue=evil
        )
        await expect(page.locator("#rings .bell")).to_have_count(1)
        await expect(page.locator("#rings")).to_contain_text("<img src=x")
        await theatre.becomes(f"call-{place}", "taken", by=evil)
        await expect(page.locator("#rings")).to_contain_text("<script>")
        await expect(page.locator("#rings .bell")).to_have_count(0)
    assert await page.locator(".shell img, main script").count() == 0
    assert asked == []
    assert not [fault for fault in page.faults if "Content Security Policy" in fault]  # type: ignore[attr-defined]


async def test_twenty_rings_at_once_stay_in_one_line_until_they_are_asked_for(theatre: Stage) -> None:
    page = await theatre.desk()
    for place in range(20):
        await theatre.ring(f"call-{place}", number=f"+793555500{place:02}", matches=[])
    await expect(page.locator("#more-rings")).to_have_text("ещё 19 звонков")
    strip = await page.locator("#strip").bounding_box()
    assert strip is not None
    assert strip["height"] < 60
    await page.click("#more-rings")
    await expect(page.locator("#rings .bell >> nth=5")).to_be_visible()


async def test_the_agents_own_call_shows_whom_he_calls_and_sends_the_extension_on_a_key(theatre: Stage) -> None:
    page = await theatre.desk()
    view = CallView(
        id="spb:trubka-1", state="dialling", direction="outbound", number=ALHIMOV, since=time.time(), extension="14"
    )
    await theatre.tell(replace(view, client_id=1, client_name="Алхимов"))
    await expect(page.locator("#phone")).to_contain_text("Вызов…")
    await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
    await expect(page.locator(".why").first).to_have_text("Вы звоните этому клиенту.")
    await expect(page.locator("#tones")).to_be_hidden()
    await theatre.becomes("spb:trubka-1", "talking")
    await expect(page.locator("#tones")).to_have_text("Набрать доб. 14")
    await expect(page.locator("#note")).to_be_enabled()
    await theatre.becomes("spb:trubka-1", "ended", outcome="answered")
    await expect(page.locator("#hang-up")).to_be_hidden()
    await expect(page.locator("#card-state")).to_have_text("отвечен")


async def test_what_is_not_saved_is_not_left_unasked(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1")
    answers = iter((False, True))
    page.on("dialog", lambda dialog: dialog.accept() if next(answers) else dialog.dismiss())
    await page.fill("#f-note", "новое")
    await page.click(".rail a[data-section='/calls']")
    await expect(page.locator("#f-note")).to_have_value("новое")
    await page.click(".rail a[data-section='/calls']")
    await expect(page.locator("h1")).to_have_text("Звонки")


async def test_a_card_is_changed_by_its_form_without_leaving_the_shell(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=contacts")
    await page.click("[data-add=phone]")
    await page.locator("[name=phone]").last.fill("8 935 555-77-77")
    await page.locator("[name=shared]").last.check()
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator(".notice.talk")).to_contain_text("Сохранено")
    async with theatre.db.read() as conn:
        card = await clients.get(conn, 1)
    assert card is not None
    assert (card.phones[-1].e164, card.phones[-1].shared) == ("+79355557777", True)
    assert [phone.shared for phone in card.phones[:-1]] == [False] * (len(card.phones) - 1)


async def test_whoever_is_signed_out_stands_at_the_door(theatre: Stage) -> None:
    page = await theatre.desk()
    async with theatre.db.write() as conn:
        await sessions.close_all(conn, ANNA)
    await theatre.live.sign_out(ANNA)
    await expect(page.locator("[name=password]")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1024, 768)])
async def test_the_controls_of_a_call_are_seen_without_scrolling(
    tmp_path: Path, browser: Browser, width: int, height: int
) -> None:
    async with stage(tmp_path, browser, width=width, height=height) as theatre:
        page = await theatre.desk()
        await theatre.ring()
        await theatre.becomes("call-1", "talking")
        await theatre.ring("call-2", number=NOBODYS)
        for control in ("#hang-up", "#dial-to", "#note", "#rings button:visible", "#card-open"):
            await expect(page.locator(control).first).to_be_visible()
            place = await page.locator(control).first.bounding_box()
            assert place is not None, control
            assert place["x"] + place["width"] <= width, control
            assert place["y"] + place["height"] <= height, control
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width


async def test_who_waits_for_a_call_is_one_line_and_is_called_by_a_click(theatre: Stage) -> None:
    await theatre.journal("lost-1", outcome="abandoned", ago_s=900)
    await theatre.journal("lost-2", outcome="abandoned", ago_s=300)
    await theatre.journal("lost-3", number=NOBODYS, outcome="no-answer", ago_s=200)
    page = await theatre.desk(path="/missed")
    rows = page.locator("#found tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(1)).to_contain_text("Алхимов")
    await expect(rows.nth(1).locator("td").nth(3)).to_have_text("2")
    await expect(rows.first.locator("button[data-dial]")).to_have_attribute("data-dial", NOBODYS)
    await theatre.journal("talk", outcome="answered", ago_s=60)
    await page.evaluate("document.dispatchEvent(new CustomEvent('trubka:missed'))")
    await expect(rows).to_have_count(1)
    await page.click("nav.tabs a >> nth=1")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Анна Белова")
