"""The pages as the server makes them: who gets what, one heading, labelled fields, nothing inline, nothing executed."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cti.clients.card import ClientDraft, Phone, with_numbers
from cti.storage import calls, clients, lookup
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel
from web.render import FOLDER

EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>\u202e'
PAGES = ("/", "/clients", "/clients/new", "/clients/1", "/calls", "/calls/call-1", "/profile")
TEMPLATES = FOLDER / "templates"
INCLUDED = re.compile(r'{%\s*(?:include|from)\s+"([^"]+)"')
IDS = re.compile(r'\bid="([a-z][\w-]*)"')
ADMINS = ("/settings/people", "/settings/people/1", "/settings/teams", "/settings/health")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as one:
        draft = ClientDraft(name="Ромашка", phones=(Phone(typed="+7 935 555-01-01 доб. 5", label="приёмная"),))
        hostile = ClientDraft(
            name=EVIL, full_name=EVIL, note=EVIL, emails=("a@b.example",), phones=(Phone(typed=EVIL),)
        )
        async with one.services.db.write() as conn:
            for card in (draft, hostile):
                await clients.insert(conn, with_numbers(card, one.services.plan), time.time())
        await one.journal("call-1")
        yield one


async def get(browser: Browser, path: str, *, part: bool = False) -> tuple[int, str]:
    headers = {"HX-Request": "true"} if part else {}
    async with browser.http.get(browser.panel.url + path, headers=headers) as answer:
        return answer.status, await answer.text()


async def post(browser: Browser, path: str, fields: list[tuple[str, str]]) -> tuple[int, str]:
    body = [("csrf", browser.csrf), *fields]
    async with browser.http.post(browser.panel.url + path, data=body, headers={"Origin": browser.panel.url}) as answer:
        return answer.status, await answer.text()


class Read(HTMLParser):
    """What a page has: headings, fields without a name for people, anything inline, ids that stand twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings = 0
        self.inline: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self._in_label = 0
        self.unnamed_buttons = len(re.findall(r"<button[^>]*>\s*(?:<svg.*?</svg>)?\s*</button>", html, re.S))
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.headings += tag == "h1"
        self.ids += [given["id"]] if "id" in given else []
        if "style" in given or any(key.startswith("on") for key in given) or tag == "style":
            self.inline.append(f"<{tag} {given}>")
        if tag == "script" and not given.get("src"):
            self.inline.append("<script>")
        if tag == "label":
            self._in_label += 1
            self.labels.add(given.get("for", ""))
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit"):
            self.fields.append({**given, "inside": "yes" if self._in_label else ""})

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"

    def nameless(self) -> list[dict[str, str]]:
        return [f for f in self.fields if not (f.get("aria-label") or f["inside"] or f.get("id") in self.labels)]


@pytest.mark.parametrize("path", PAGES + ADMINS)
async def test_every_page_has_one_heading_named_fields_and_nothing_inline(house: Panel, path: str) -> None:
    async with Browser(house, "pavel" if path in ADMINS else "anna") as browser:
        status, html = await get(browser, path)
        assert status == 200
        page = Read(html)
        assert page.headings == 1
        assert page.inline == []
        assert page.nameless() == []
        assert page.unnamed_buttons == 0 or 'aria-label="' in html
        assert len(page.ids) == len(set(page.ids)), [one for one in page.ids if page.ids.count(one) > 1]


def test_no_page_has_an_id_of_the_shell() -> None:
    """A script that asks for the dock's button would get the page's paragraph."""
    inside = {"shell.html"}
    while more := {part for name in inside for part in INCLUDED.findall(_template(name))} - inside:
        inside |= more
    shell = {id_ for name in inside for id_ in IDS.findall(_template(name))}
    assert {"answer", "rings", "dock"} <= shell
    every = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    pages = every - inside - {"part.html", "bare.html"}
    assert {name: own for name in pages if (own := shell & set(IDS.findall(_template(name))))} == {}


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text()


@pytest.mark.parametrize("path", PAGES)
async def test_the_shell_asks_for_the_main_part_alone(house: Panel, path: str) -> None:
    async with Browser(house, "anna") as browser:
        _status, html = await get(browser, path, part=True)
        assert "<html" not in html
        assert html.count('id="main"') == 1
        assert "<title>" in html
        assert 'id="dock"' not in html


@pytest.mark.parametrize("path", ["/clients/2", "/clients", "/clients?q=script", "/calls"])
async def test_SEC_06_what_is_in_the_base_is_text_on_the_page(house: Panel, path: str) -> None:
    async with Browser(house, "anna") as browser:
        _status, html = await get(browser, path)
        assert EVIL not in html
        assert "<img src=x" not in html


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/clients/999", 404), ("/clients/abc", 404), ("/calls/none", 404), ("/settings/people", 403)],
)
async def test_an_error_is_a_page_with_a_sentence_and_a_way_on(house: Panel, path: str, status: int) -> None:
    async with Browser(house, "anna") as browser:
        got, html = await get(browser, path)
        assert got == status
        assert Read(html).headings == 1
        assert 'href="/"' in html
        assert 'id="dock"' in html
        assert 'lang="en"' in html
        assert "Traceback" not in html


async def test_a_client_is_made_and_changed_by_the_forms(house: Panel) -> None:
    async with Browser(house, "anna") as browser:
        fields = [("name", "Гранит"), ("kind", "company"), ("phone", "8 495 000-00-07"), ("label", "склад")]
        fields += [
            ("phone", ""),
            ("label", ""),
            ("phone", "не номер"),
            ("label", ""),
            ("shared", "0"),
            ("email", "a@b.example"),
        ]
        status, html = await post(browser, "/clients", fields)
        assert status == 200, html[:500]
        async with house.services.db.read() as conn:
            (found,) = await lookup.by_number(conn, "+74950000007", now=0.0)
            card = await clients.get(conn, found.client.id)
        assert card is not None
        assert [(p.typed, p.e164, p.label, p.shared) for p in card.phones] == [
            ("8 495 000-00-07", "+74950000007", "склад", True),
            ("не номер", None, "", False),
        ]
        assert card.emails == ("a@b.example",)
        assert "cannot be read as a number" in html


async def test_a_client_without_a_name_comes_back_with_what_was_written(house: Panel) -> None:
    async with Browser(house, "anna") as browser:
        status, html = await post(browser, "/clients", [("name", " "), ("note", "важное"), ("phone", "+79355550303")])
        assert status == 409
        assert "A name is needed." in html
        assert "важное" in html
        assert "+79355550303" in html


async def test_two_who_save_one_card_both_see_both_states(house: Panel) -> None:
    async with Browser(house, "anna") as anna, Browser(house, "boris") as boris:
        fields = [("version", "1"), ("kind", "company")]
        assert (await post(anna, "/clients/1", [*fields, ("name", "Ромашка Анны")]))[0] == 200
        status, html = await post(boris, "/clients/1", [*fields, ("name", "Ромашка Бориса")])
        assert status == 409
        assert "Somebody changed this meanwhile" in html
        assert "Ромашка Анны" in html
        assert 'value="Ромашка Бориса"' in html
        assert 'name="version" value="2"' in html
        assert (await post(boris, "/clients/1", [("version", "2"), ("name", "Ромашка Бориса")]))[0] == 200


async def test_the_list_is_a_frame_whose_rows_the_grid_asks_for(house: Panel) -> None:
    async with Browser(house, "anna") as browser:
        status, html = await get(browser, "/clients?q=%D1%80%D0%BE%D0%BC")
    assert status == 200
    assert 'value="ром"' in html
    assert "/clients/1" not in html


async def test_an_agent_sees_his_own_calls_and_a_supervisor_all(house: Panel) -> None:
    await house.journal("call-2", user_id=BORIS)
    async with Browser(house, "anna") as anna, Browser(house, "vera") as vera:
        assert "/calls/call-2" not in (await get(anna, "/calls"))[1]
        assert (await get(anna, "/calls/call-2"))[0] == 404
        assert "/calls/call-2" in (await get(vera, "/calls"))[1]
        assert (await get(vera, "/calls/call-2?part"))[0] == 200
        assert "/calls/call-1" in (await get(vera, "/calls?number=8+935+555-01-01"))[1]
        assert "/calls/call-1" not in (await get(vera, "/calls?outcome=busy"))[1]
        assert "/calls/call-1" in (await get(vera, "/calls?until=1970-01-01"))[1]
        assert "/calls/call-1" not in (await get(vera, "/calls?since=2001-01-01"))[1]


@pytest.mark.parametrize(
    "query", ["since=%FF", "until=99999-99-99", "cursor=zz", "number=%00%00", "outcome=%27--", "mine=1&mine=2"]
)
async def test_odd_filters_are_no_bug(house: Panel, query: str) -> None:
    async with Browser(house, "vera") as vera:
        status, html = await get(vera, f"/calls?{query}")
        assert status in (200, 409, 422), html[:300]
        assert ("is no day: the page is shown without it." in html) == (query[:5] in ("since", "until"))


async def test_days_in_the_wrong_order_are_put_right(house: Panel) -> None:
    async with Browser(house, "vera") as vera:
        html = (await get(vera, "/calls?since=2100-01-01&until=1970-01-01"))[1]
        assert "/calls/call-1" in html
        assert 'name="since" value="1970-01-01"' in html


async def test_the_desk_begins_with_the_cards_of_open_calls_and_own_notes(house: Panel) -> None:
    await house.journal("open-1", over=False)
    pop = await house.store(ANNA, call="open-1")
    await house.store(ANNA, call="call-1")
    async with house.services.db.write() as conn:
        await calls.set_note(conn, "open-1", ANNA, "моё", 1.0)
        await calls.set_note(conn, "open-1", BORIS, "чужое", 1.0)
    async with Browser(house, "anna") as anna, anna.http.get(house.url + "/desk/state") as answer:
        state = await answer.json()
    assert [one["call"]["id"] for one in state["pops"]] == ["open-1"]
    assert state["seq"] == pop.seq + 1
    assert state["notes"]["open-1"] == "моё"


async def test_the_look_is_kept_for_the_person(house: Panel) -> None:
    async with Browser(house, "anna") as anna:
        headers = {"X-CSRF-Token": anna.csrf, "Origin": house.url}
        async with anna.http.put(house.url + "/desk/theme/dark", headers=headers) as answer:
            assert answer.status == 200
        assert 'data-theme="dark"' in (await get(anna, "/"))[1]
