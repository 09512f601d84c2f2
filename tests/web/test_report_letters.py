"""Reports by letter: queued once a run with their file, with the owner's rights of that moment, whatever restarts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from python_calamine import CalamineWorkbook
from sqlalchemy import insert, select, update

from cti.features.report_letters import ReportLetters
from cti.passwords import installation_key
from cti.sheets.papers import TYPES
from cti.storage import role_rights, scheduled_reports, users
from cti.storage.mail_tables import mailboxes
from cti.storage.mailboxes import keep_secret
from cti.storage.scheduled_reports import Scheduled
from cti.storage.sending_tables import outbox, outbox_files
from tests.channels.smtp_peer import LOGIN, PASSWORD, Peer, smtp_peer
from tests.web.panel import VERA, Browser, Panel, panel
from tests.web.visitor import Visitor

HERE = "/reports/schedules"
FORM = {
    "id": "0",
    "version": "1",
    "name": "Очереди за вчера",
    "report": "queues",
    "query": "rows=queues&since=2020-01-01",
    "span": "yesterday",
    "every": "day",
    "weekday": "1",
    "monthday": "1",
    "time": "08:00",
    "format": "pdf",
    "mailbox_id": "1",
    "people": "vera@firm.example\nboss@firm.example",
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections={"mail": {"inside": ["127.0.0.0/8"]}}) as running:
        server = {"imap_host": "x", "imap_port": 1, "smtp_host": "x", "smtp_port": 1, "login": "x", "created_at": 1.0}
        async with running.services.db.write() as conn:
            for id_, kind in ((1, "shared"), (2, "personal")):
                box = {"id": id_, "name": kind, "address": f"{kind}@firm.example", "kind": kind}
                await conn.execute(insert(mailboxes).values(**box, **server))
        yield running


async def schedule(desk: Panel) -> Scheduled:
    async with desk.services.db.read() as conn:
        [one] = await scheduled_reports.every(conn)
    return one


async def letters(desk: Panel) -> list[tuple[str, list[list[str]], str, int]]:
    joined = select(outbox, outbox_files.c.name, outbox_files.c.size).join_from(outbox, outbox_files)
    async with desk.services.db.read() as conn:
        rows = (await conn.execute(joined.order_by(outbox.c.id))).all()
    return [(row.subject, json.loads(row.people), row.name, row.size) for row in rows]


async def at(desk: Panel, one: Scheduled, now: float) -> int:
    """The server, started anew, looks at that moment."""
    services = desk.services
    store = services.letter_store
    again = ReportLetters(
        db=services.database,
        zone=services.zone,
        place=store.place,
        keep=store.keep,
        wake=lambda: None,
        clock=lambda: now,
    )
    again.make = services.report_letters.make
    return await again.look()


async def test_a_schedule_is_made_sent_paused_and_deleted_on_its_page(desk: Panel) -> None:
    async with Visitor(desk, "vera") as vera:
        assert 'id="s-name"' in (await vera.get(f"{HERE}?report=queues&rows=queues&since=2026-01-01")).text
        assert (await vera.post(HERE, **FORM)).place == f"{HERE}?said=saved"
        one = await schedule(desk)
        assert (one.user_id, one.query, one.people) == (VERA, "rows=queues", ("vera@firm.example", "boss@firm.example"))
        assert (await vera.post(f"{HERE}/{one.id}", act="send")).place == f"{HERE}?said=queued"
        [(subject, people, file, size)] = await letters(desk)
        assert (subject.startswith("Очереди за вчера: "), len(people), size > 1000) == (True, 2, True)
        assert file.startswith("trubka-queues-")
        assert file.endswith(".pdf")
        page = await vera.get(HERE)
        assert ("Очереди за вчера" in page.text, "boss@firm.example" in page.text) == (True, True)
        assert (await vera.post(f"{HERE}/{one.id}", act="pause")).place == f"{HERE}?said=paused"
        assert await at(desk, one, one.next_at + 90_000) == 0
        assert (await vera.post(f"{HERE}/{one.id}", act="resume")).place == f"{HERE}?said=resumed"
        changed = FORM | {"id": str(one.id), "format": "xlsx", "version": "1"}
        assert (await vera.post(HERE, **changed)).place == f"{HERE}?said=saved"
        assert (await schedule(desk)).format == "xlsx"
        for wrong in (
            {"people": "nobody"},
            {"time": "25:61"},
            {"mailbox_id": "2"},
            {"report": "x"},
            {"every": "week", "weekday": "9"},
        ):
            assert (await vera.post(HERE, **(FORM | wrong))).status == 409, wrong
        assert (await vera.post(f"{HERE}/{one.id}", act="delete")).place == f"{HERE}?said=deleted"
        assert (await vera.post(f"{HERE}/{one.id}", act="send")).status == 409
    async with Visitor(desk, "anna") as anna:
        assert (await anna.get(HERE)).status == 403


async def test_clients_by_numbers_reach_people_through_a_mail_server_as_a_workbook(desk: Panel, tmp_path: Path) -> None:
    with smtp_peer() as peer:
        async with Browser(desk, "vera") as program, Visitor(desk, "vera") as vera:
            for name in ("Ромашка", "Алхимов", "Орион"):
                assert (await program.ask("POST", "/clients", {"name": name}))[0] == 201
            server = {"smtp_host": "127.0.0.1", "smtp_port": peer.port, "smtp_security": "none", "login": LOGIN}
            async with desk.services.db.write() as conn:
                await conn.execute(update(mailboxes).values(**server))
                secret = Fernet(installation_key(tmp_path)).encrypt(PASSWORD.encode()).decode()
                await keep_secret(conn, 1, secret)
            asked = {"report": "clients", "query": "rows=responsible&measure=clients&day=2020-01-01"}
            asked |= {"format": "xlsx", "span": "this-month"}
            assert (await vera.post(HERE, **(FORM | asked))).place == f"{HERE}?said=saved"
            page = await vera.get(HERE)
            assert page.says("What is counted: Clients")
            assert not page.says("rows=responsible")
            assert (await vera.post(f"{HERE}/{(await schedule(desk)).id}", act="send")).place == f"{HERE}?said=queued"
            long = asked | {"query": "q=" + "x" * 9000}
            assert (await vera.post(HERE, **(FORM | long))).status == 409
        await sent(peer)
        [letter] = peer.letters
    assert letter.to == ("vera@firm.example", "boss@firm.example")
    assert str(letter.read["Auto-Submitted"]) == "auto-generated"
    [file] = letter.read.iter_attachments()
    assert (file.get_content_type(), str(file.get_filename())[-5:]) == (TYPES["xlsx"], ".xlsx")
    (tmp_path / "came.xlsx").write_bytes(file.get_content())
    book = CalamineWorkbook.from_path(str(tmp_path / "came.xlsx"))
    rows = book.get_sheet_by_index(0).to_python()
    assert ["Total", 3.0, 1.0] in [row[:3] for row in rows]
    assert ["What is counted", "Clients"] in [row[:2] for row in rows]


async def sent(peer: Peer) -> None:
    """A letter has come."""
    deadline = time.monotonic() + 30
    while not peer.letters:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_run_is_one_letter_however_often_the_server_starts(desk: Panel) -> None:
    async with Visitor(desk, "vera") as vera:
        await vera.post(HERE, **FORM)
    one = await schedule(desk)
    assert await at(desk, one, one.next_at - 1) == 0
    assert await at(desk, one, one.next_at + 3 * 86400) == 1  # it was down for three days: one letter
    assert await at(desk, one, one.next_at + 3 * 86400) == 0
    assert len(await letters(desk)) == 1
    after = await schedule(desk)
    assert after.next_at > one.next_at + 3 * 86400
    assert (after.last_result, after.state) == ("queued", "waiting")
    async with desk.services.db.write() as conn:  # as if it was killed between the two: the letter's key says so
        await scheduled_reports.note(conn, one.id, next_at=one.next_at)
    assert await at(desk, one, one.next_at + 60) == 1
    assert len(await letters(desk)) == 1


async def test_what_the_owner_may_no_longer_see_is_not_sent(desk: Panel) -> None:
    async with Visitor(desk, "vera") as vera:
        await vera.post(HERE, **FORM)
    for changed in ({"figures.read": "none"}, {"reports.send": "none"}):
        async with desk.services.db.write() as conn:
            await role_rights.keep(conn, "supervisor", changed)
        one = await schedule(desk)
        await at(desk, one, one.next_at + 1)
        assert (await schedule(desk)).last_result == "not-allowed"
    async with desk.services.db.write() as conn:
        await role_rights.keep(conn, "supervisor", {})
        await users.change(conn, VERA, blocked_at=1.0)
    one = await schedule(desk)
    await at(desk, replace(one), one.next_at + 1)
    assert (await schedule(desk)).last_result == "not-allowed"
    assert await letters(desk) == []
