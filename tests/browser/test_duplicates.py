"""Duplicates in a real browser: told while a card is written, merged side by side, taken back; accessible."""

from __future__ import annotations

from playwright.async_api import Page, expect

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.storage import duplicates
from tests.browser.axe import violations, violations_in_both_looks
from tests.browser.stage import ALHIMOV, VERA, Stage

ADMIN = Person(id=VERA, login="vera", name="Vera", role="supervisor")


async def _pair(theatre: Stage) -> tuple[int, int]:
    """The sample's first client, and the same one again under another name."""
    draft = ClientDraft(name="<i>Алхимов</i> ещё раз", note="второй", phones=(Phone(typed=ALHIMOV),))
    two = await theatre.parts.services.client_base.create(ADMIN, draft)
    async with theatre.db.write() as conn:
        (found,) = await duplicates.likely(conn, list((await duplicates.candidates(conn, [two])).values()))
        one = found[0].client_id
        alike = await duplicates.compare(conn, one, two)
        assert alike is not None
        await duplicates.keep(conn, {(one, two): alike}, (), 1.0)
    return one, two


async def test_a_new_card_tells_who_is_in_the_base_already_and_saves_all_the_same(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/new")
    told = page.locator("[data-likely]")
    await expect(told).to_be_hidden()
    await page.fill("[name=name]", "Совсем другое имя")
    await page.locator("[name=phone]").first.fill("8 935 555-01-01")
    await expect(told).to_contain_text("Алхимов")
    link = told.locator("a").first
    assert (await link.get_attribute("target"), await link.get_attribute("href")) == ("_blank", "/clients/1")
    assert await violations(page) == []
    await page.locator("[name=phone]").first.fill("")
    await expect(told).to_be_hidden()
    await page.locator("[name=phone]").first.fill("8 935 555-01-01")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("h1")).to_have_text("Совсем другое имя")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_card_that_is_changed_does_not_meet_itself(theatre: Stage) -> None:
    page = await theatre.desk("vera", path="/clients/1")
    async with page.expect_response(lambda one: one.url.endswith("/clients/likely")) as answered:
        await page.fill("[name=full_name]", "Алхимов и партнёры")
    assert await (await answered.value).json() == []
    await expect(page.locator("[data-likely]")).to_be_hidden()


async def test_two_are_merged_by_keyboard_and_taken_back(theatre: Stage) -> None:
    one, two = await _pair(theatre)
    page = await theatre.desk("vera", path="/clients/duplicates")
    await page.get_by_role("link", name="Алхимов").first.wait_for()
    await page.locator(".pairs a.button").press("Enter")
    await expect(page.locator("[name=keep]").first).to_be_checked()
    await page.locator("[name=keep]").first.focus()
    await page.keyboard.press("ArrowDown")  # the other card is kept
    await expect(page.locator(f"[name=keep][value='{two}']")).to_be_checked()
    await page.locator("form.box button.main").press("Enter")
    await expect(page.locator(".notice.talk")).to_contain_text("Алхимов")
    await page.goto(f"{theatre.url}/clients/{one}")
    assert page.url.endswith(f"/clients/{two}?merged")
    await page.goto(f"{theatre.url}/clients/duplicates")
    await page.locator("#merges button").press("Enter")
    await expect(page.locator(".notice.talk")).to_be_visible()
    await expect(page.locator(".pairs tbody tr")).to_have_count(1)
    assert await page.locator(".pairs i").count() == 0
    await page.goto(f"{theatre.url}/clients/{one}")
    assert page.url.endswith(f"/clients/{one}")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_two_said_to_be_two_leave_the_list(theatre: Stage) -> None:
    await _pair(theatre)
    page = await theatre.desk("vera", path="/clients/duplicates")
    await page.locator(".pairs button").click()
    await expect(page.locator(".empty")).to_be_visible()


async def test_the_pages_are_accessible(theatre: Stage) -> None:
    page = await theatre.desk("vera")
    found = {"empty": await _looked(page, theatre, "/clients/duplicates", ".empty")}
    one, two = await _pair(theatre)
    found["list"] = await _looked(page, theatre, "/clients/duplicates", ".pairs")
    found["side by side"] = await _looked(page, theatre, f"/clients/duplicates/{one}/{two}", ".sides")
    await page.locator("form.box button.main").click()
    await expect(page.locator("#merges")).to_be_visible()
    found["merged"] = await violations_in_both_looks(page)
    found["moved"] = await _looked(page, theatre, f"/clients/{two}", ".notice.hold")
    assert {name: left for name, left in found.items() if left} == {}


async def _looked(page: Page, theatre: Stage, path: str, shown: str) -> list[str]:
    await page.goto(theatre.url + path)
    await expect(page.locator(shown).first).to_be_visible()
    return await violations_in_both_looks(page)


async def test_a_new_caller_who_is_in_the_base_already_is_told_while_his_name_is_typed(theatre: Stage) -> None:
    page = await theatre.desk()
    await theatre.ring("call-1", number="+79355550999")
    form = page.locator("#newcomer")
    await expect(form).to_be_visible()
    await form.locator("[name=name]").fill("ООО Алхимов")
    told = form.locator("[data-likely]")
    await expect(told.locator("a")).to_have_attribute("href", "/clients/1")
    assert await violations(page) == []
    await form.locator("[name=name]").fill("Никому не известный")
    await expect(told).to_be_hidden()
    assert page.faults == []  # type: ignore[attr-defined]
