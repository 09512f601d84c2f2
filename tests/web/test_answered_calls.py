"""A missed call is answered by a letter: which one closes it, whose does not, and that the journal says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from cti.messages.rules import Given, Rule
from cti.settings import MailSettings
from cti.storage import calls, event_rules, mailboxes, outbox, templates
from cti.telephony.events import CallRecord, Party
from tests.channels.smtp_peer import PASSWORD, Peer, smtp_peer
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.test_outbox import alkhimov, begun, save
from tests.web.visitor import Visitor

WITHIN_S = 20.0


@pytest.fixture
def peer() -> Iterator[Peer]:
    with smtp_peer() as running:
        yield running


@pytest.fixture
async def desk(tmp_path: Path, peer: Peer) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections={"mail": MailSettings(inside=("127.0.0.0/8",))}) as running:
        box = await a_mailbox(running, ANNA, smtp_port=peer.port, smtp_security="none")
        async with running.services.database.write() as conn:
            await mailboxes.keep_secret(conn, box, running.services.mailbox_doors.seal(PASSWORD))
        yield running


async def call(desk: Panel, call_id: str, client: int) -> None:
    now = time.time()
    caller = Party(number=f"7935555{client:04}", name="")
    record = CallRecord(
        call=call_id, direction="inbound", caller=caller, called="74950000001", queue="sales",
        started=now - 60, ended=now - 30, outcome="no-answer",
    )  # fmt: skip
    async with desk.services.database.write() as conn:
        await calls.save(conn, record, number=f"+{caller.number}", client_id=client, user_id=None)


async def waiting(who: Browser) -> set[str]:
    return {one["id"] for one in (await who.ask("GET", "/work"))[1] if one["kind"] == "missed"}


async def sent(desk: Panel, letter_id: int) -> None:
    """Its ten seconds are over, and it has left."""
    async with desk.services.database.write() as conn:
        await outbox.move(conn, letter_id, ("waiting",), next_at=1.0, send_at=1.0)
    desk.services.outbox.wake()
    deadline = time.monotonic() + WITHIN_S
    while True:
        async with desk.services.database.read() as conn:
            row = await outbox.get(conn, letter_id)
        assert row is not None
        if row.state == "sent":
            return
        assert time.monotonic() < deadline, f"{row.state} {row.why} {row.said}"
        await asyncio.sleep(0.02)


async def write(desk: Panel, who: Browser, key: str, to: str = "", **more: Any) -> None:
    """A letter that somebody writes and sends. to: another address than it began with."""
    letter = await begun(who, 1, key=key, **more)
    changed: dict[str, Any] = {"subject": "О звонке", "html": "<p>Добрый день</p>"}
    if to:
        changed["people"] = [{"role": "to", "name": "", "address": to}]
    status, saved = await save(who, letter, **changed)
    assert status == 200, saved
    status, answer = await who.ask("POST", f"/outbox/{letter['id']}/send", saved)
    assert status == 200, answer
    await sent(desk, letter["id"])


async def test_a_letter_to_the_client_closes_his_missed_call_and_to_another_does_not(desk: Panel, peer: Peer) -> None:
    async with Browser(desk, "anna") as anna, Visitor(desk, "anna") as page:
        pyotr = await alkhimov(anna, responsible_id=ANNA)
        olga = await alkhimov(anna, name="Ольга", emails=["olga@romashka.example"], responsible_id=ANNA)
        await call(desk, "of-pyotr", pyotr)
        await call(desk, "of-olga", olga)
        assert await waiting(anna) == {"of-pyotr", "of-olga"}
        await write(desk, anna, "to-a-stranger", to="nobody@x.example")
        await write(desk, anna, "from-the-item-to-another", "ivan@x.example", client_id=olga, call_id="of-olga")
        assert await waiting(anna) == {"of-pyotr"}, "an address that is nobody's is taken for the one who called"
        await write(desk, anna, "from-the-card", client_id=pyotr)
        assert await waiting(anna) == set()
        closed = await page.get("/missed?state=closed")
        assert closed.says("closed by Anna: answered by a letter")
        await call(desk, "again", pyotr)
        await write(desk, anna, "from-the-item-to-olga", "olga@romashka.example", client_id=pyotr, call_id="again")
        assert await waiting(anna) == {"again"}, "it was written for him and went to another client"
        assert len(peer.letters) == 4


async def test_the_letter_of_a_rule_is_no_answer(desk: Panel, peer: Peer) -> None:
    async with Browser(desk, "anna") as anna:
        client = await alkhimov(anna, responsible_id=ANNA)
        await call(desk, "lost", client)
        async with desk.services.database.write() as conn:
            text = {"name": "т", "channel": "email", "language": "ru", "subject": "Звонок", "body": "<p>Да</p>"}
            rule = Rule(
                id=0, name="Пропущенный", event="missed-call", given=Given(), channel="email", mailbox_id=1,
                template_id=await templates.add(conn, text, [], 1.0, ANNA), task="", delay_s=0, hours=None,
                enabled_at=None, version=1, user_id=ANNA,
            )  # fmt: skip
            await event_rules.enable(conn, await event_rules.add(conn, rule, ANNA, 1.0), time.time() - 3600)
        assert await desk.services.event_rules.look() == 1
        await sent(desk, 1)
        assert [one.to for one in peer.letters] == [("pyotr@alkhimov.example",)]
        assert await waiting(anna) == {"lost"}, "somebody has to call back still"
