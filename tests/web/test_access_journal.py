"""DP-10: every answer that shows a person leaves exactly one line, whatever route it takes; all others leave none.

The table of calls is held against the application's own table of routes: a new route that shows persons has no call
here and fails, and one that says it shows nobody fails where the client's name is in its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec
import pytest
from msgspec import structs
from sqlalchemy import insert

from cti.access import Person
from cti.channels.phone import recorded
from cti.channels.phone.voicemail import messages
from cti.channels.texts import InText
from cti.clients.duplicates import Likeness
from cti.clients.outside_page import OutsidePage
from cti.features.access_journal import WAIT_S
from cti.features.recordings import Recordings
from cti.features.voicemails import Voicemails
from cti.messages.campaigns import Given
from cti.storage import access_log, calls, desktop_events, duplicates, event_rules, recordings
from cti.storage.access_log import Asked, Kept
from cti.storage.campaign_tables import campaign_people, campaigns
from cti.storage.sending_tables import templates as written
from cti.storage.sms_tables import sms_gateways
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from cti.telephony.numbering import NumberPlan
from tests.channels.email.post import parts
from tests.messages.test_invitations import OUTLOOK
from tests.web.journal_routes import E164, NUMBER, RULE, shown
from tests.web.mailbag import file_of, put
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, PATIENCE_S, PAVEL, Browser, Panel, panel
from web.app import ROUTES
from web.routes import Route
from web.services import Services
from web.shown import ACTIONS

NAME, MAIL = "Канарейкин", "canary@k.example"
CANARIES = (NAME, MAIL, "935 555-07-77", "9355550777")
NOBODY = {"/api/v1/imports/files", "/api/v1/session", "/sign-in"}  # the sender's own words come back; doors


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    def with_messages(services: Services) -> Services:
        """A call's message lies in the PBX's folder, letters on a mail server."""
        box = tmp_path / "voicemail/default/100/INBOX"
        box.mkdir(parents=True)
        began = int(services.clock()) - 50
        (box / "msg0000.txt").write_text(f"[message]\ncallerid={E164}\norigtime={began}\n", encoding="utf-8")
        (box / "msg0000.wav").write_bytes(b"RIFF")
        voicemails = Voicemails(
            db=services.database,
            folders={"": tmp_path / "voicemail"},
            messages=messages,
            plan_of=lambda _: NumberPlan(),
        )
        services.mail_changes.ask = on_the_server
        (tmp_path / "c1.wav").write_bytes(b"RIFF")
        heard = Recordings(
            db=services.database, spool=services.spool, folders={"": tmp_path}, files=recorded, pbx_of=lambda _: "",
            zone=services.zone, clock=services.clock,
        )  # fmt: skip
        return replace(services, voicemails=voicemails, recordings=heard)

    async with panel(tmp_path, change=with_messages) as running:
        yield running


class Server:
    """A mail server that has every letter."""

    def save(self, _folder: str, files: Mapping[int, tuple[int, Path]]) -> list[int]:
        for _size, path in files.values():
            path.write_bytes(b"Subject: s\r\n\r\n")
        return list(files)


async def on_the_server(_mailbox_id: int, work: Any) -> Any:
    return work(Server())


async def lines(desk: Panel) -> list[Kept]:
    await desk.services.spool.flush(5)
    async with desk.services.db.read() as conn:
        return await access_log.newest(conn, Asked(), limit=10_000)


@dataclass
class House:
    """A base with one of everything, and Pavel's program that asks for it."""

    desk: Panel
    token: str
    http: aiohttp.ClientSession
    ids: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def build(cls, desk: Panel, http: aiohttp.ClientSession) -> Self:
        house = cls(desk, await desk.token("pavel"), http)
        one = await house.new("/clients", name=NAME, phones=[{"typed": NUMBER}], emails=[MAIL])
        two = await house.new("/clients", name=f"ИП {NAME}", phones=[{"typed": NUMBER}])
        kept, gone = await house.new("/clients", name="Х"), await house.new("/clients", name=f"{NAME} Б")
        versions = {"kept": kept, "kept_version": 1, "gone": gone, "gone_version": 1}
        merge = await house.new("/clients/merges", **versions)
        house.ids = {"id": one, "one": one, "two": two, "merge": merge, "number": E164, "kind": "xlsx"}
        async with desk.services.db.write() as conn:
            alike = await duplicates.compare(conn, one, two)
            assert isinstance(alike, Likeness)
            await duplicates.keep(conn, {(one, two): alike}, (), 1.0)
        page = OutsidePage(template="https://crm.example/?n={name}")
        await desk.services.desk_settings.keep_outside(Person(id=PAVEL, login="pavel", name="", role="admin"), page)
        house.ids["contact"] = await house.new(f"/clients/{one}/contacts", name=f"{NAME} К")
        house.ids["contract"] = await house.new(f"/clients/{one}/contracts", number="Д-1")
        house.ids["task"] = await house.new(f"/clients/{one}/tasks", what=f"{NAME} ждёт", owner_id=PAVEL)
        sent = await house.ask("POST", f"/clients/{one}/files", data=b"x", headers={"X-File-Name": "x.txt"})
        house.ids["file"] = msgspec.json.decode(sent[1])["id"]
        person = await house.new("/clients", name=f"{NAME} Л", kind="person", inn="500100732259")
        refused = {"ids": [person], "set": {"kind": "company"}}  # a company's INN is shorter
        house.ids["bulk"] = await house.new("/clients/bulk", **refused)
        await house.write(one)
        await house.reach(one)
        await house.call(one)
        await house.new("/number-lists", number=NUMBER, list="black", reason="x")
        await house.ask("PUT", "/api/v1/calls/c1/next", json={"kind": "callback", "what": NAME})
        await house.ask("POST", "/api/v1/calls/c1/marks", json={"text": NAME})
        await desk.store(PAVEL, call="rings")
        await house.bring()
        return house

    async def write(self, client_id: int) -> None:
        """A letter of Pavel's to him, with a picture in its text."""
        text = {"key": "canary-text", "number": NUMBER, "text": NAME, "client_id": client_id}
        self.ids["sms"] = await self.new("/sms", **text)
        template = {"name": "x", "channel": "sms", "language": "ru", "body": "{{client.name}}"}
        self.ids["sms-template"] = await self.new("/templates", **template)
        async with self.desk.services.db.write() as conn:
            await conn.execute(sms_gateways.insert().values(name="x", kind="http", paused_at=1.0, created_at=1.0))
        await self.desk.services.gateways.taker.came(1, [InText(number=NUMBER, sender="1", text=NAME, at=1.0)])
        box = await a_mailbox(self.desk, PAVEL)
        letter = await self.new("/outbox", key="canary-letter", mailbox_id=box, client_id=client_id)
        picture = {"data": b"x", "headers": {"X-File-Name": "x.png"}}
        _, said = await self.ask("POST", f"/api/v1/outbox/{letter}/files?inline=1", **picture)
        self.ids |= {"letter": letter, "picture": msgspec.json.decode(said)["id"]}
        file = f"Content-Type: text/plain; name={NAME}.txt\n\n{NAME}"
        said = parts(file, f"Content-Type: text/calendar\n\n{OUTLOOK}", head=f"From: {MAIL}\nSubject: {NAME}\n")
        self.ids["come"] = come = await put(self.desk, box, said, client_id=client_id)
        self.ids["come-file"] = await file_of(self.desk, come)
        await self.desk.services.inbox.arrived([come], history=True)
        _, text = await self.ask("GET", f"/api/v1/messages/{come}")
        self.ids["conversation"] = msgspec.json.decode(text)["conversation_id"]
        self.ids["rule"] = await self.new("/event-rules", **RULE)
        async with self.desk.services.db.write() as conn:
            await event_rules.note(
                conn, self.ids["rule"], "client:1", at=1.0, client_id=client_id, outcome="skipped", why="no-address"
            )

    async def reach(self, client_id: int) -> None:
        """A campaign with him in it."""
        given = msgspec.json.encode(Given(template_id=77)).decode()
        text = {"channel": "sms", "language": "ru", "body": "{{client.name}}", "changed_at": 1.0, "created_at": 1.0}
        async with self.desk.services.db.write() as conn:
            await conn.execute(insert(written).values(id=77, name="Т", **text))
            ready = {"name": "К", "channel": "sms", "state": "ready", "given": given, "total": 1, "created_at": 1.0}
            await conn.execute(insert(campaigns).values(id=1, **ready))
            await conn.execute(
                insert(campaign_people).values(campaign_id=1, number=1, client_id=client_id, address=E164)
            )

    async def call(self, client_id: int) -> None:
        """A missed call of his, and the steps of a card."""
        leg = LegRecord(leg="PJSIP/101-1", leg_id="leg-c1", device="PJSIP/101", rang=100.0, result="no-answer")
        record = CallRecord(
            call="c1",
            direction="inbound",
            caller=Party(number=E164, name=NAME),
            called="74950000001",
            started=self.desk.services.clock() - 60,
            ended=self.desk.services.clock() - 30,
            outcome="no-answer",
            legs=(leg,),
            waits=(Wait(queue="sales", joined=self.desk.services.clock() - 60, how="abandoned"),),
        )
        async with self.desk.services.db.write() as conn:
            await calls.save(conn, record, number=E164, client_id=client_id, user_id=PAVEL, legs_users={"leg-c1": 5})
            left = structs.replace(record, call="c2", outcome="voicemail", legs=())
            await calls.save(conn, left, number=E164, client_id=client_id, user_id=PAVEL)
            earlier = {
                name: self.desk.services.clock() - ago
                for name, ago in (("started", 180), ("answered", 170), ("ended", 120))
            }
            talked = structs.replace(record, call="c3", outcome="answered", legs=(), waits=(), **earlier)
            await calls.save(conn, talked, number=E164, client_id=client_id, user_id=PAVEL)
            await recordings.begin(conn, "c3", "", "c3.wav", 100.0, announced=True, demanded=False)
            (lost,) = await recordings.of_call(conn, "c3")
            await recordings.missed(conn, lost.id, "missing")
            await recordings.begin(conn, "c1", "", "c1.wav", 100.0, announced=True, demanded=False)
            (self.ids["recording"],) = [one.id for one in await recordings.of_call(conn, "c1")]
            told = {"size": 4, "sha256": "x", "duration_s": None, "peaks": "", "ended_at": 101.0, "day": "2026-11-27"}
            await recordings.found(conn, self.ids["recording"], **told)

    async def bring(self) -> None:
        """An import with a refused row, a preview that meets the client, an export."""
        body = f"Название;ИНН;Почта\nКривой;7707083894;\nНовый;;\n{NAME};;{MAIL}\n".encode()
        for what in ("/imports", "/imports/previews"):
            _, file = await self.ask("POST", "/api/v1/imports/files", data=body, headers={"X-File-Name": "x.csv"})
            upload = msgspec.json.decode(file)["id"]
            self.ids["chosen"] = {"file": upload, "fields": ["name", "inn", "emails"], "keys": ["email"]}
            status, said = await self.ask("POST", f"/api/v1{what}", json=self.ids["chosen"])
            assert status == 202, said
            self.ids[what] = work = msgspec.json.decode(said)["id"]
            await self.over(work)
        _, said = await self.ask("POST", "/api/v1/exports", json={"format": "csv", "columns": ["name"]})
        self.ids["export"] = msgspec.json.decode(said)["id"]

    async def over(self, work: str) -> None:
        """Wait for the end of an import, a preview or an undo; the last look is at its rows."""
        async with asyncio.timeout(60):
            said = '"running"'
            while '"running"' in said:
                await asyncio.sleep(0.05)
                _, said = await self.ask("GET", f"/api/v1/imports/work/{work}")

    async def new(self, path: str, **body: Any) -> Any:
        status, said = await self.ask("POST", f"/api/v1{path}", json=body)
        assert status in (201, 202), said
        return msgspec.json.decode(said)["id"]

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        async with self.http.request(
            method, f"{self.desk.url}{path}", headers=headers, allow_redirects=False, **more
        ) as answer:
            return answer.status, (await answer.read()).decode("utf-8", "replace")


def filled(path: str, ids: dict[str, Any]) -> str:
    return re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], "1")), path)


async def test_DP_10_every_answer_that_shows_a_person_leaves_one_line_and_all_others_none(desk: Panel) -> None:
    async with aiohttp.ClientSession() as http, Browser(desk, "anna") as anna:
        house = await House.build(desk, http)
        await refusals_leave_none(house, anna)
        await what_shows_a_person_leaves_one(house)
        await what_shows_nobody_leaves_none(house)
        async with desk.services.db.read() as conn:
            assert (await access_log.check(conn)).broken is None


async def test_a_card_on_the_screen_is_one_line_when_it_first_comes(desk: Panel) -> None:
    """On however many screens of the agent, and not again with a replay, whether or not the server was started anew."""
    async with Browser(desk, "anna") as anna, Browser(desk, "anna") as again:
        wire, second = await anna.connect(), await again.connect()
        pop = await desk.pop(ANNA)
        await wire.hears(pop.seq)
        await second.hears(pop.seq)
        assert [(one.login, one.action, one.thing, one.clients, one.address) for one in await lines(desk)] == [
            ("anna", "view", f"call:{pop.call.id}", "7", "127.0.0.1")
        ]
        await wire.io.emit("shown", {"seq": pop.seq, "at": 1})
        await until_shown(desk, pop.seq)
        desk.live._cards._seen.clear()
        await second.close()
        await (await again.connect(0)).hears(pop.seq)
        assert len(await lines(desk)) == 1
        stored = await desk.store(ANNA)  # nobody was there when it rang
        await wire.close()
        await (await anna.connect(pop.seq)).hears(stored.seq)
        assert len(await lines(desk)) == 2


async def test_F_07_a_line_waits_for_a_locked_database_and_the_answer_does_not(desk: Panel, tmp_path: Path) -> None:
    async with Browser(desk, "anna") as anna:
        await anna.ask("POST", "/clients", {"name": NAME})
        with contextlib.closing(sqlite3.connect(tmp_path / "trubka.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            status, body = await anna.ask("GET", "/clients/grid")
            assert (status, body["total"], time.monotonic() - begun < WAIT_S + 1) == (200, 1, True)
            other.execute("ROLLBACK")
        assert [one.action for one in await lines(desk)] == ["view"]


async def until_shown(desk: Panel, seq: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        rows: Sequence[Any] = ["not yet"]
        while any(row == "not yet" or row.seq == seq for row in rows):
            await asyncio.sleep(0.01)
            async with desk.services.db.read() as conn:
                rows = await desktop_events.unshown(conn, ANNA)


async def refusals_leave_none(house: House, anna: Browser) -> None:
    """Not signed in, not allowed, not there, not understood: nobody was shown."""
    before, table = await lines(house.desk), shown(house.ids)
    for route in ROUTES:
        if route.shows not in ACTIONS:
            continue
        how = dict(table[f"{route.method} {route.path}"])
        path = house.desk.url + filled(route.path, house.ids | how.pop("ids", {}))
        how.pop("status", None)
        async with aiohttp.request(route.method, path, allow_redirects=False, **how) as answer:
            assert answer.status in (401, 303), route
        if "{id}" in route.path and "merges" not in route.path:
            status, _ = await house.ask(route.method, filled(route.path, {"id": 987654}), **how)
            assert status == 404 or route.path == "/desk/before/{id}", route
        if route.right in ("clients.merge", "clients.export", "clients.import"):
            async with anna.http.request(route.method, path, **how) as answer:
                assert answer.status == 403, route
    await house.ask("GET", "/api/v1/clients/grid?filters={")
    assert await lines(house.desk) == before


async def what_shows_a_person_leaves_one(house: House) -> None:
    showing = [one for one in ROUTES if one.shows in ACTIONS]
    table, wrong = shown(house.ids), []
    assert set(table) == {f"{one.method} {one.path}" for one in showing}
    for route in sorted(showing, key=lambda one: one.method):  # what is read before what changes it
        how = dict(table[f"{route.method} {route.path}"])
        path, wanted = filled(route.path, house.ids | how.pop("ids", {})), how.pop("status", 0)
        before = len(await lines(house.desk))
        status, text = await house.ask(route.method, path, **how)
        after = await lines(house.desk)
        fresh = after[: len(after) - before]
        if status not in (200, 201, 202, wanted) or len(fresh) != 1 or not said_well(route, fresh[0]):
            wrong.append((route.method, path, status, fresh, text[-300:]))
        elif route.shows == "import":
            await house.over(msgspec.json.decode(text)["id"])
    assert not wrong, "\n".join(map(str, wrong))


def said_well(route: Route, line: Kept) -> bool:
    """Who, what, whom, from where; never what was typed, a name or a number."""
    whom = line.clients if route.shows not in ("import", "journal") and "/imports/" not in route.path else "1"
    text = f"{line.thing} {line.clients} {line.why}"
    return (line.login, line.address, line.user_id) == ("pavel", "127.0.0.1", PAVEL) and (
        bool(whom) and not any(canary in text for canary in CANARIES)
    )


async def what_shows_nobody_leaves_none(house: House) -> None:
    before, wrong = await lines(house.desk), []
    for route in sorted(ROUTES, key=lambda one: one.method):
        if route.shows in ACTIONS:
            continue
        sent: dict[str, Any] = {"json": {}} if route.is_api else {"data": {"name": "x"}}
        more = {} if route.method == "GET" else sent
        status, text = await house.ask(route.method, filled(route.path, house.ids), **more)
        met = [one for one in CANARIES if one in text and route.path not in NOBODY]
        if met or status >= 500 or await lines(house.desk) != before:
            wrong.append((route.method, route.path, status, met))
    assert not wrong, "\n".join(map(str, wrong))
