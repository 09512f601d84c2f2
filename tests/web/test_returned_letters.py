"""F-41 the whole way: a letter comes back to the mailbox, and whoever wrote it and whoever opens the card know."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from cti.settings import MailSettings
from cti.storage import bounces, mailboxes, outbox
from lab.dovecot import Dovecot
from tests.channels.mail_peers import PASSWORD, SALES
from tests.channels.mail_peers import office as office
from tests.channels.smtp_peer import smtp_peer
from tests.messages.test_bounces import EXCHANGE, EXIM, GMAIL, POSTFIX, YANDEX
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.test_outbox import alkhimov, begun, save
from tests.web.visitor import Visitor

FORMATS = {"postfix": POSTFIX, "exim": EXIM, "exchange": EXCHANGE, "gmail": GMAIL, "yandex": YANDEX}
WITHIN_S = 30.0


def returned(raw: bytes | str, address: str, message_id: str) -> bytes:
    """What such a server sends back of this letter to this address."""
    text = raw.decode() if isinstance(raw, bytes) else raw
    for other in ("nobody@romashka.example", "Nobody@Romashka.example"):
        text = text.replace(other, address)
    return text.replace("42@house.example", message_id).replace("\n", "\r\n").encode()


async def all_sent(desk: Panel, rows: list[int]) -> list[str]:
    """Their ten seconds are over and they have left; their Message-IDs."""
    async with desk.services.database.write() as conn:
        for row in rows:
            await outbox.move(conn, row, ("waiting",), next_at=1.0, send_at=1.0)
    desk.services.outbox.wake()
    deadline = time.monotonic() + WITHIN_S
    while True:
        async with desk.services.database.read() as conn:
            found = [one for row in rows if (one := await outbox.get(conn, row)) is not None]
        if all(one.state == "sent" for one in found):
            return [one.message_id for one in found]
        assert time.monotonic() < deadline, [(one.state, one.said) for one in found]
        await asyncio.sleep(0.02)


async def test_F_41_what_comes_back_in_five_formats_is_on_the_card_and_told_to_its_author(
    tmp_path: Path, office: Dovecot
) -> None:
    mail = MailSettings(inside=("127.0.0.0/8",), ca_file=office.certificate)
    with smtp_peer() as peer:
        async with panel(tmp_path, sections={"mail": mail}) as desk, Browser(desk, "anna") as anna:
            wire = await anna.connect()
            where = {"imap_port": office.imaps, "smtp_port": peer.port, "smtp_security": "none"}
            box = await a_mailbox(desk, ANNA, address=SALES, **where)
            async with desk.services.database.write() as conn:
                await mailboxes.keep_secret(conn, box, desk.services.mailbox_doors.seal(PASSWORD))
            desk.services.mailbox_doors.changed(box)
            addresses = {name: f"gone@{name}.example" for name in FORMATS}
            clients, rows = dict[str, int](), list[int]()
            for name, address in addresses.items():
                clients[name] = await alkhimov(anna, name=name, emails=[address])
                letter = await begun(anna, box, key=f"letter-to-{name}", client_id=clients[name])
                _, saved = await save(anna, letter, subject="Прайс", html="<p>Добрый день</p>")
                assert (await anna.ask("POST", f"/outbox/{letter['id']}/send", saved))[0] == 200
                rows.append(letter["id"])
            for (name, raw), message_id in zip(FORMATS.items(), await all_sent(desk, rows), strict=True):
                office.deliver(returned(raw, addresses[name], message_id), SALES, sender="")
            await until(lambda: len(wire.all("message")) == len(FORMATS), why="its author is told of each")
            assert {one["code"] for one in wire.all("message")} == {"letter-returned"}
            async with desk.services.database.read() as conn:
                marked = {one.folded: one.lasting for one in await bounces.of(conn, list(addresses.values()))}
            assert marked == dict.fromkeys(addresses.values(), True)
            async with Visitor(desk, "anna") as page:
                for name, client in clients.items():
                    card = await page.get(f"/clients/{client}")
                    assert card.says(f"Letters to {addresses[name]} come back: "), name
            for notice in wire.all("message"):
                talk = int(notice["href"].removeprefix("/mail?c="))
                letters = (await anna.ask("GET", f"/conversations/{talk}"))[1]["letters"]
                assert "returned" in letters[0]["oddities"], "where the notice leads, it stands with the letter"
