"""Restriction of a client's processing: every way out of the house is open before, and closed while it holds."""

from __future__ import annotations

import asyncio
import re
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from sqlalchemy import select

from cti.settings import PbxSettings
from cti.storage import calls, lookup, restrictions
from cti.storage.client_tables import client_changes
from cti.telephony.events import CallRecord, LegRecord, Party
from tests.cli.test_commands import cti
from tests.telephony.test_sip import message
from tests.web.board import Board
from tests.web.canaries import hide
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.test_client_import import chosen, exported, over
from tests.web.test_sip_door import BOTH, SECRETS, PlayedPbx, enter
from tests.web.visitor import Visitor

OWN, KEPT_AS_TYPED, OF_CONTACT, SHARED = "+79355550101", "44-55", "+79355550102", "+79355550103"
WHY = "заявление от 12.11"


@dataclass(kw_only=True)
class Scene:
    """Pyotr with numbers of his own, a contact person and a number that a company has too; who asks."""

    desk: Panel
    board: Board
    pbx: PlayedPbx
    folder: Path
    anna: Browser
    vera: Browser
    pages: Visitor
    pyotr: int
    company: int
    stranger: int

    async def dial(self, to: str, client_id: int | None = None) -> bool:
        """Whether the PBX was told to."""
        self.board.asked.clear()
        self.desk.services.call_control._paces.clear()
        status, told = await self.anna.ask("POST", "/calls", {"to": to, "client_id": client_id})
        assert status == 202 or (told["type"], WHY in told["detail"]) == ("/problems/restricted", True), told
        return self.board.dialled != []

    async def page_dials(self, path: str) -> bool:
        """Whether a button of the page's main part calls one of Pyotr's numbers."""
        answer = await self.pages.get(path)
        assert answer.status == 200
        dials = "".join(unescape(one) for one in re.findall(r'data-dial="([^"]+)"', answer.text))
        return any(number in dials for number in (OWN, OF_CONTACT, SHARED))

    async def sends(self, text: str) -> bool:
        """Whether the PBX hears what a phone in the browser says; a refusal is in words."""
        line = await enter(self.anna)
        heard = len(self.pbx.heard)
        await line.send_str(text)
        await line.send_str(ask := message("OPTIONS sip:101@pbx.invalid SIP/2.0", body="", Call_ID="after"))
        await until(lambda: ask in self.pbx.heard, why="what is said after it arrives")
        self.pbx.heard.remove(ask)
        passed = self.pbx.heard[heard:] == [text]
        if not passed:
            answer = (await line.receive(timeout=5)).data
            assert answer.startswith("SIP/2.0 403 Forbidden")
            assert WHY in unquote(re.findall(r"X-Trubka-Why: (\S+)", answer)[0])
        await line.close()
        return passed

    async def in_file(self, format_: str) -> bool:
        body = await exported(self.vera, format_, ["name", "phones", "restricted"])
        if format_ == "xlsx":
            sheet = zipfile.ZipFile(BytesIO(body))
            body = b"".join(map(sheet.read, sheet.namelist()))
        return "Пётр" in body.decode()

    async def in_cli_file(self) -> bool:
        file = self.folder / "out.csv"
        done = await asyncio.to_thread(cti, "client", "export", str(file), data=self.folder)
        assert done.returncode == 0, done.stderr
        return "Пётр" in file.read_text("utf-8-sig")

    async def again(self) -> bool:
        """Redial: the number as the list of missed calls gives it, with its client."""
        _, missed = await self.anna.ask("GET", "/missed")
        assert missed[0]["client_id"] == self.pyotr
        return await self.dial(missed[0]["number"], self.pyotr)

    async def phone_number(self) -> bool:
        """What the browser phone asks before it hands a client over."""
        return (await self.anna.ask("POST", "/phone/number", {"to": OWN}))[0] == 200

    async def hands_over(self) -> bool:
        """A desk phone's conversation goes on with him: the PBX is told to carry it out."""
        mine, other = (
            LegRecord(leg=f"{device}-1", leg_id=device, device=of, answered=1.0)
            for device, of in (("PJSIP/101", "PJSIP/101"), ("PJSIP/trunk", None))
        )
        talk = CallRecord(
            call="talk", direction="inbound", caller=Party(number="+79355550188"), called="1",
            legs=(mine, other), talked=((mine.leg, other.leg),),
        )  # fmt: skip
        self.board.asked.clear()
        self.desk.services.call_control._record_of = lambda _call: talk
        status, told = await self.anna.ask("POST", "/calls/talk/transfer", {"to": OF_CONTACT})
        assert status == 202 or WHY in told["detail"]
        return self.board.asked != []

    async def work_calls(self) -> bool:
        """Whether the row of the work list has its button, and the list's item may be called."""
        (item,) = (await self.anna.ask("GET", "/work"))[1]
        assert item["client_id"] == self.pyotr
        button = 'class="go small" data-act="call"' in (await self.pages.get("/work")).text
        assert button is not item["restricted"]
        return button


Way = Callable[[Scene], Awaitable[bool]]
REFER = "REFER sip:x@pbx.invalid SIP/2.0"
INSIDE = "<sip:x@x>;tag=9"
WAYS: dict[str, Way] = {
    "a click with the client": lambda s: s.dial(OWN, s.pyotr),
    "a number alone": lambda s: s.dial(OWN),
    "a number as the country writes it": lambda s: s.dial("8 (935) 555-01-01"),
    "a number with an extension": lambda s: s.dial(f"{OWN} доб. 12"),
    "a contact person's number": lambda s: s.dial(OF_CONTACT),
    "a number that was kept as typed": lambda s: s.dial("4455"),
    "another number, the client named": lambda s: s.dial("+79355550199", s.pyotr),
    "another client named": lambda s: s.dial(OWN, s.stranger),
    "a shared number alone": lambda s: s.dial(SHARED),
    "calling back": Scene.again,
    "a telephone link of another page": lambda s: s.page_dials(f"/dial?to={quote(OWN)}"),
    "the card": lambda s: s.page_dials(f"/clients/{s.pyotr}"),
    "the card's contact persons": lambda s: s.page_dials(f"/clients/{s.pyotr}?tab=contacts"),
    "the list of calls": lambda s: s.page_dials("/calls"),
    "the list of missed calls": lambda s: s.page_dials("/missed"),
    "the work list": Scene.work_calls,
    "a transfer that the PBX carries out": Scene.hands_over,
    "the browser phone, a number for a transfer": Scene.phone_number,
    "the browser phone, INVITE": lambda s: s.sends(message("INVITE sip:79355550101@pbx.invalid SIP/2.0")),
    "the browser phone, REFER": lambda s: s.sends(message(REFER, body="", To=INSIDE, Refer_To="<sip:79355550102@x>")),
    "an export for Excel, and all that is copied": lambda s: s.in_file("csv"),
    "an export as xlsx": lambda s: s.in_file("xlsx"),
    "an export as vCard": lambda s: s.in_file("vcf"),
    "an export by the command line": Scene.in_cli_file,
}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    board, secrets = Board(), tmp_path / "browsers.conf"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    async with PlayedPbx().open() as pbx:
        main = PbxSettings(secret="x", port=9, sip_ws=pbx.url, web_secrets_file=secrets)  # type: ignore[arg-type]
        async with (
            panel(tmp_path, change=board.with_it, sections={"pbx": {"main": main}}) as desk,
            Browser(desk, "anna") as anna,
            Browser(desk, "vera") as vera,
            Visitor(desk, "anna") as pages,
        ):
            await desk.services.people.set_devices(None, ANNA, BOTH)
            made = []
            for name, numbers in (
                ("Пётр", (OWN, KEPT_AS_TYPED, SHARED)), ("ООО Ромашка", (SHARED,)), ("Посторонний", ()),
            ):  # fmt: skip
                card = {
                    "name": name,
                    "phones": [{"typed": one} for one in numbers],
                    "emails": [f"{len(made)}@example.ru"],
                }
                _, said = await vera.ask("POST", "/clients", card)
                made.append(said["id"])
            await vera.ask("POST", f"/clients/{made[0]}/contacts", {"name": "Ольга", "phones": [{"typed": OF_CONTACT}]})
            await _missed_call(desk, made[0])
            yield Scene(
                desk=desk,
                board=board,
                pbx=pbx,
                folder=tmp_path,
                anna=anna,
                vera=vera,
                pages=pages,
                pyotr=made[0],
                company=made[1],
                stranger=made[2],
            )


async def _missed_call(desk: Panel, client_id: int) -> None:
    now = desk.services.clock()
    leg = LegRecord(leg="PJSIP/101-1", leg_id="leg-m", device="PJSIP/101", rang=now - 60, result="no-answer")
    record = CallRecord(
        call="missed", direction="inbound", caller=Party(number=OWN, name=""), called="74950000001",
        started=now - 60, ended=now - 30, outcome="no-answer", legs=(leg,),
    )  # fmt: skip
    async with desk.services.db.write() as conn:
        await calls.save(conn, record, number=OWN, client_id=client_id, user_id=ANNA, legs_users={"leg-m": ANNA})


async def test_DP_06_no_way_out_leads_to_a_restricted_client(scene: Scene) -> None:
    assert len(WAYS) >= 12
    closed = [name for name, way in WAYS.items() if not await way(scene)]
    assert not closed, f"open to everybody: {closed}"
    path = f"/clients/{scene.pyotr}"
    assert (await scene.anna.ask("POST", f"{path}/restrict", {"why": WHY}))[0] == 403
    assert (await scene.vera.ask("POST", f"{path}/restrict", {"why": "  "}))[0] == 409
    assert await scene.vera.ask("POST", f"{path}/restrict", {"why": WHY}) == (200, {"ok": True})
    open_ = [name for name, way in WAYS.items() if await way(scene)]
    assert not open_, f"bypassed by {open_}"
    assert await scene.dial(SHARED, scene.company)  # theirs as well: the click says whom it means
    assert await scene.dial("102")
    assert await scene.vera.ask("POST", f"{path}/release") == (200, {"ok": True})
    assert await scene.dial(OWN)
    assert await scene.in_file("csv")


async def test_a_restriction_is_seen_asked_for_and_kept(scene: Scene) -> None:
    path = f"/clients/{scene.pyotr}"
    async with Visitor(scene.desk, "vera") as vera:
        assert 'action="/clients/1/restrict"' in (await vera.get(path)).text
        assert (await vera.post(f"{path}/restrict", why=WHY)).status == 303
        card = await vera.get(path)
        assert card.says(f"Processing is restricted: {WHY}")
        assert card.says("Vera, ")
        assert 'action="/clients/1/release"' in card.text
        two = await vera.get(f"/clients/duplicates/{scene.pyotr}/{scene.company}")
        assert two.says("Merged, the one card is restricted too.")
    card = await scene.pages.get(path)
    assert card.says(f"Processing is restricted: {WHY}")
    assert "/release" not in card.text
    _, told = await scene.anna.ask("GET", path)
    assert (told["version"], told["restricted"], told["restricted_why"]) == (1, True, WHY)
    _, found = await scene.anna.ask("GET", f"/clients/by-number/{OWN}")
    assert [one["restricted"] for one in found] == [True]
    status, said = await scene.anna.ask("PATCH", path, {"version": 1, "note": "пишет сам"})  # who had it open saves it
    assert (status, said["restricted"]) == (200, True)
    for value, names in ((True, ["Пётр"]), (False, ["ООО Ромашка", "Посторонний"])):
        condition = {"field": "restricted", "op": "is", "value": value}
        asked = quote(f'[{{"field":"restricted","op":"is","value":{str(value).lower()}}}]')
        _, rows = await scene.anna.ask("GET", f"/clients/grid?filters={asked}")
        assert [row["name"] for row in rows["rows"]] == names
        expression = {"match": "all", "conditions": [condition], "groups": []}
        _, count = await scene.anna.ask("POST", "/segments/count", {"expression": expression})
        assert count["count"] == len(names)
    assert (await scene.vera.ask("POST", f"{path}/restrict", {"why": "суд"}))[0] == 200
    assert (await scene.vera.ask("POST", f"{path}/release"))[0] == 200
    async with scene.desk.services.db.read() as conn:
        past = select(client_changes.c.was, client_changes.c.became).where(client_changes.c.field == "restricted")
        assert [tuple(row) for row in await conn.execute(past.order_by(client_changes.c.id))] == [
            ("", f'"{WHY}"'), (f'"{WHY}"', '"суд"'), ('"суд"', ""),
        ]  # fmt: skip
    assert (await scene.pages.get(f"{path}?tab=history")).says("Processing restricted")


async def test_a_reminder_of_a_restricted_client_dials_nobody(scene: Scene) -> None:
    task = {"what": "Перезвонить", "due_at": scene.desk.services.clock(), "owner_id": ANNA}
    wire = await scene.anna.connect()
    await scene.vera.ask("POST", f"/clients/{scene.pyotr}/tasks", task)
    await until(lambda: wire.all("reminders"), why="the reminder comes")
    assert [one["restricted"] for one in wire.all("reminders")[-1]["due"]] == [False]
    await scene.vera.ask("POST", f"/clients/{scene.pyotr}/restrict", {"why": WHY})
    await until(lambda: wire.all("reminders")[-1]["due"][0]["restricted"], why="it says so")


async def test_an_import_leaves_a_restriction_and_says_so(scene: Scene) -> None:
    path = f"/clients/{scene.pyotr}"
    await scene.vera.ask("POST", f"{path}/restrict", {"why": WHY})
    body = f"Код;Название;Примечание\n{scene.pyotr};Пётр;новое\n{scene.company};ООО Ромашка;\n"
    asked = await chosen(scene.vera, body)
    tried = await over(scene.vera, (await scene.vera.ask("POST", "/imports/previews", asked))[1])
    assert [one["why"] for one in tried["shown"]] == ["About the client; processing is restricted and stays so", ""]
    await over(scene.vera, (await scene.vera.ask("POST", "/imports", asked))[1])
    _, card = await scene.vera.ask("GET", path)
    assert (card["note"], card["restricted"], card["restricted_why"]) == ("новое", True, WHY)


async def test_a_ringing_call_says_why(scene: Scene) -> None:
    async with scene.desk.services.db.write() as conn:
        await restrictions.put(conn, scene.pyotr, WHY, now=5.0, user_id=ANNA)
    async with scene.desk.services.db.read() as conn:
        brief = await lookup.brief_of(conn, scene.pyotr, now=5.0)
    assert brief is not None
    assert (brief.restricted, brief.restricted_why, brief.zone) == (True, WHY, None)


async def test_every_row_of_a_hidden_number_is_without_its_button(scene: Scene) -> None:
    """A hidden number is sealed in each row anew: two calls of one caller are two seals."""
    services, now = scene.desk.services, scene.desk.services.clock()
    async with services.db.write() as conn:
        await restrictions.put(conn, scene.pyotr, WHY, now=5.0, user_id=ANNA)
        for call in ("one", "two"):
            record = CallRecord(
                call=call, direction="inbound", caller=Party(number=OF_CONTACT), called="1", started=now - 60,
                ended=now - 30, outcome="no-answer",
            )  # fmt: skip
            await calls.save(conn, record, number=OF_CONTACT, client_id=None, user_id=ANNA, legs_users={})
    await hide(scene.desk)
    text = (await scene.pages.get("/calls")).text
    assert text.count("/calls/one")
    assert text.count("/calls/two")
    dials = [unescape(one) for one in re.findall(r'data-dial="([^"]+)"', text)]
    assert OF_CONTACT not in map(services.sights.opened, dials)
