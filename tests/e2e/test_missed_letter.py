"""A client calls twice in vain and gets one letter and one SMS of rules, though the server is killed in between.

Real parts: an Asterisk, a mail server, npm's SMSC. His answer to the SMS orders a call-back and comes to his manager's
desk; his next call, which is answered, closes all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from lab.dovecot import Dovecot
from lab.pbx import Pbx
from lab.smsc import PASSWORD as SMS_PASSWORD
from lab.smsc import SENDER, Smsc
from lab.smsc import smsc as new_smsc
from tests.channels.mail_peers import PASSWORD as MAIL_PASSWORD
from tests.channels.mail_peers import SALES, outlook, post_office
from tests.channels.smtp_peer import Peer, smtp_peer
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
CLARA = "74950000002"  # rings her alone
ALHIMOV = "79355550101"


@pytest.fixture(scope="module")
def office() -> Iterator[Dovecot]:
    with post_office(SALES) as one:
        yield one


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with smtp_peer() as one:
        yield one


@pytest.fixture(scope="module")
def smsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smsc]:
    with new_smsc(tmp_path_factory.mktemp("smsc") / "sent.jsonl") as one:
        yield one


@pytest.fixture(scope="module")
def server(pbx: Pbx, office: Dovecot, smsc: Smsc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    mail = {"CTI_MAIL__INSIDE": '["127.0.0.0/8"]', "CTI_MAIL__CA_FILE": str(office.certificate)}
    mail["CTI_SMS__INSIDE"] = mail["CTI_MAIL__INSIDE"]
    gateway = ("--sms", str(smsc.port), "--sms-password", SMS_PASSWORD)
    with Server(tmp_path_factory.mktemp("data"), pbx.settings() | mail).prepare(*gateway) as one:
        yield one


async def test_a_missed_call_sends_the_rules_letter_and_sms_once(
    server: Server, street: Street, office: Dovecot, peer: Peer, smsc: Smsc
) -> None:
    async with Desk(server, "pavel") as pavel, Desk(server, "vera") as vera:
        await mailbox(pavel, office, peer)
        await limits(pavel)
        rules = [await rule_of(vera), await sms_rule_of(vera)]
        phone = await street.phone("103")
        for tries in (1, 2):
            client = await street.call(CLARA, caller=ALHIMOV)
            await street.do(phone.wait, "ringing")
            await street.do(client.hang_up)
            await street.do(phone.wait, "idle")
            await until(lambda n=tries: lost(vera, n), why=f"the journal has call {tries}")  # type: ignore[misc]
    server.kill()
    server.start()
    async with Desk(server, "vera") as vera:

        async def seen_to() -> list[tuple[str, str]] | None:
            runs = [one for rule in rules for one in await vera.api("GET", f"/event-rules/{rule}/runs", status=200)]
            return sorted((one["outcome"], one["why"]) for one in runs) if len(runs) == 4 else None

        done = await until(seen_to, within_s=60, why="the rule has seen to both calls")
        assert done == [("queued", "")] * 2 + [("skipped", "already-written")] * 2
        await until(lambda: peer.letters, why="the letter leaves")
        with outlook(office, SALES) as she:
            await until(lambda: "Sent" in she.folders() and she.shows("Sent"), why="Outlook shows it as sent")
            [sent] = she.shows("Sent")
    [letter] = peer.letters
    assert letter.read["Message-ID"] == sent
    assert letter.read["Subject"] == "Алхимов, вы звонили"
    assert letter.read["Auto-Submitted"] == "auto-generated"
    await answered_by_word(server, street, smsc)


async def answered_by_word(server: Server, street: Street, smsc: Smsc) -> None:
    """He answers the SMS; it is an order and a message to his manager, until he calls and is talked with."""
    async with Desk(server, "anna") as anna, Desk(server, "vera") as vera:
        await until(lambda: smsc.submits(), why="the SMS leaves")
        assert len(smsc.submits()) == 1
        await asyncio.to_thread(smsc.tell, sms={"from": ALHIMOV, "to": SENDER, "text": "1"})
        await until(lambda: anna.all("message"), why="the answer is on his manager's desk")

        async def waits() -> set[str]:
            items = await vera.api("GET", "/work", status=200)
            return {one["kind"] for one in items if one["number"] == f"+{ALHIMOV}"}

        async def ordered() -> bool:
            return "order" in await waits()

        await until(ordered, why="a call-back is ordered")
        phone = await street.phone("103")
        client = await street.call(CLARA, caller=ALHIMOV)
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        await street.do(client.wait_answered)
        await street.do(client.hang_up)

        async def done() -> bool:
            return not await waits()

        await until(done, why="his call closes what was missed and ordered")
        assert len(smsc.submits()) == 1, "one SMS in all"


async def lost(vera: Desk, tries: int) -> bool:
    items: list[dict[str, Any]] = await vera.api("GET", "/missed", status=200)
    return any(one["tries"] == tries for one in items)


async def mailbox(pavel: Desk, office: Dovecot, peer: Peer) -> None:
    """sales@, as an admin sets it in the panel."""
    await pavel.form(
        "/settings/mailboxes", kind="shared", address=SALES, name="Продажи", history_months="0", secret=MAIL_PASSWORD,
        imap_host="127.0.0.1", imap_port=str(office.imaps), imap_security="tls",
        smtp_host="127.0.0.1", smtp_port=str(peer.port), smtp_security="none",
    )  # fmt: skip


async def limits(pavel: Desk) -> None:
    """No quiet hours: the test runs at night, too."""
    await pavel.form(
        "/settings/sending", version="0", budget="100", a_day="3", ad_days="1", unknown_h="72", approval_over="1000",
        quiet_from="00:00", quiet_to="00:00", stop_words="стоп",
    )  # fmt: skip


async def sms_rule_of(vera: Desk) -> int:
    """At once after a missed call, too."""
    text = {"name": "Пропущенный", "channel": "sms", "body": "Перезвоним. Чтобы скорее, ответьте {{callback_word}}"}
    template = (await vera.api("POST", "/templates", text, status=201))["id"]
    rule = {"name": "SMS", "event": "missed-call", "channel": "sms", "template_id": template}
    made = (await vera.api("POST", "/event-rules", rule, status=201))["id"]
    await vera.api("PUT", f"/event-rules/{made}/works", {"works": True}, status=200)
    return int(made)


async def rule_of(vera: Desk) -> int:
    """At once after a missed call."""
    boxes = await vera.api("GET", "/mailboxes", status=200)
    [box] = [one["id"] for one in boxes if one["address"] == SALES]
    text = {"name": "Пропущенный", "subject": "{{client.name}}, вы звонили", "body": "<p>Перезвоним</p>"}
    template = (await vera.api("POST", "/templates", text, status=201))["id"]
    rule = {"name": "Пропущенный", "event": "missed-call", "mailbox_id": box, "template_id": template}
    made = (await vera.api("POST", "/event-rules", rule, status=201))["id"]
    await vera.api("PUT", f"/event-rules/{made}/works", {"works": True}, status=200)
    return int(made)
