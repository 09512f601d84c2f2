"""A client calls twice in vain and gets one letter of a rule, though the server is killed in between: real parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.dovecot import Dovecot
from lab.pbx import Pbx
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
def server(pbx: Pbx, office: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    mail = {"CTI_MAIL__INSIDE": '["127.0.0.0/8"]', "CTI_MAIL__CA_FILE": str(office.certificate)}
    with Server(tmp_path_factory.mktemp("data"), pbx.settings() | mail).prepare() as one:
        yield one


async def test_a_missed_call_sends_the_rules_letter_once(
    server: Server, street: Street, office: Dovecot, peer: Peer
) -> None:
    async with Desk(server, "pavel") as pavel, Desk(server, "vera") as vera:
        await mailbox(pavel, office, peer)
        rule = await rule_of(vera)
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
            runs = await vera.api("GET", f"/event-rules/{rule}/runs", status=200)
            return sorted((one["outcome"], one["why"]) for one in runs) if len(runs) == 2 else None

        done = await until(seen_to, within_s=60, why="the rule has seen to both calls")
        assert done == [("queued", ""), ("skipped", "already-written")]
        await until(lambda: peer.letters, why="the letter leaves")
        with outlook(office, SALES) as she:
            await until(lambda: "Sent" in she.folders() and she.shows("Sent"), why="Outlook shows it as sent")
            [sent] = she.shows("Sent")
    [letter] = peer.letters
    assert letter.read["Message-ID"] == sent
    assert letter.read["Subject"] == "Алхимов, вы звонили"
    assert letter.read["Auto-Submitted"] == "auto-generated"


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
