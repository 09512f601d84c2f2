"""The life of an answer between our panel, a mail server and Outlook beside it: Drafts, Sent, the answered flag."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import select

from cti.settings import MailSettings
from cti.storage import mailboxes, outbox
from cti.storage.mail_tables import letter_places
from lab.dovecot import Dovecot
from tests.channels.mail_peers import PASSWORD, SALES, letter, outlook
from tests.channels.mail_peers import office as office
from tests.channels.smtp_peer import smtp_peer
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel

WITHIN_S = 30.0


async def shows(office: Dovecot, folder: str, holds: Callable[[dict[str, set[str]]], bool]) -> dict[str, set[str]]:
    """What Outlook shows of a folder, as soon as it is so."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = await asyncio.to_thread(_shown, office, folder)
        if holds(found):
            return found
        assert time.monotonic() < deadline, f"{folder}: {found}"
        await asyncio.sleep(0.1)


def _shown(office: Dovecot, folder: str) -> dict[str, set[str]]:
    with outlook(office, SALES) as she:
        return she.shows(folder) if folder in she.folders() else {}


async def come(desk: Panel) -> int:
    """The first letter that has come."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        async with desk.services.database.read() as conn:
            found = (await conn.execute(select(letter_places.c.letter_id).limit(1))).scalar()
        if found is not None:
            return int(found)
        assert time.monotonic() < deadline, "no letter came"
        await asyncio.sleep(0.05)


async def put_away(desk: Panel, anna: Browser, office: Dovecot, letter_id: int) -> None:
    """What is marked and moved here is so in Outlook: read, flagged, not read, into the trash and back."""
    key = "<asks@alkhimov.example>"
    _, one = await anna.ask("GET", f"/messages/{letter_id}")
    ids = [one["conversation_id"]]
    for marks, flags in (({"seen": True, "flagged": True}, {"\\Seen", "\\Flagged"}), ({"seen": False}, {"\\Flagged"})):
        assert (await anna.ask("POST", "/conversations/marks", {"ids": ids, **marks}))[0] == 200
        wanted = flags | {"\\Answered"}
        await shows(office, "INBOX", lambda found, wanted=wanted: found.get(key) == wanted)  # type: ignore[misc]
    for to, folder in (("trash", "Trash"), ("inbox", "INBOX")):
        assert (await anna.ask("POST", "/conversations/place", {"ids": ids, "to": to}))[0] == 200
        await shows(office, folder, lambda found: key in found)
    async with Browser(desk, "boris") as boris:  # it is not his mailbox
        for path, body in (("marks", {"seen": True}), ("place", {"to": "trash"})):
            assert (await boris.ask("POST", f"/conversations/{path}", {"ids": ids, **body}))[0] in (404, 409)


async def test_an_answer_stands_in_drafts_then_in_sent_and_what_it_answers_is_marked(
    tmp_path: Path, office: Dovecot
) -> None:
    mail = MailSettings(inside=("127.0.0.0/8",), ca_file=office.certificate)
    with smtp_peer() as peer:
        come_as = letter(to=SALES, message_id="<asks@alkhimov.example>")
        with outlook(office, SALES) as she:
            she.append("INBOX", come_as)
        async with panel(tmp_path, sections={"mail": mail}) as desk, Browser(desk, "anna") as anna:
            where = {"imap_port": office.imaps, "smtp_port": peer.port, "smtp_security": "none"}
            box = await a_mailbox(desk, ANNA, address=SALES, **where)
            async with desk.services.database.write() as conn:
                await mailboxes.keep_secret(conn, box, desk.services.mailbox_doors.seal(PASSWORD))
            desk.services.mailbox_doors.changed(box)
            asks = await come(desk)
            async with anna.http.get(f"{desk.url}/mail/letters/{asks}/letter.eml") as saved_as:
                assert saved_as.headers["Content-Type"] == "message/rfc822"
                assert unquote(saved_as.headers["Content-Disposition"]).endswith("Прайс-лист.eml")
                assert await saved_as.read() == come_as
            _, begun = await anna.ask(
                "POST", "/outbox", {"key": "an-answer", "mailbox_id": box, "kind": "reply", "answers_id": asks}
            )
            at = f"/outbox/{begun['id']}"
            written = (await anna.ask("GET", at))[1]
            assert written["subject"] == "Re: Прайс-лист"
            assert "> Добрый день!" in written["quoted"]
            kept = {name: written[name] for name in ("mailbox_id", "people", "subject", "version")}
            _, saved = await anna.ask("PUT", at, kept | {"html": "<p>Прайс во вложении</p>"})
            [draft] = await shows(office, "Drafts", lambda found: len(found) == 1)
            assert (await anna.ask("POST", f"{at}/send", saved))[0] == 200
            async with desk.services.database.write() as conn:  # its ten seconds are over
                await outbox.move(conn, begun["id"], ("waiting",), next_at=1.0, send_at=1.0)
            desk.services.outbox.wake()
            sent = await shows(office, "Sent", lambda found: len(found) == 1)
            assert sent == {draft: {"\\Seen"}}, "one Message-ID, read by whoever wrote it"
            await shows(office, "Drafts", lambda found: not found)
            await shows(office, "INBOX", lambda found: "\\Answered" in found.get("<asks@alkhimov.example>", ()))
            [taken] = peer.letters
            assert taken.to == ("pyotr@alkhimov.example",)
            await put_away(desk, anna, office, asks)
            assert (taken.read["In-Reply-To"], taken.read["Message-ID"]) == ("<asks@alkhimov.example>", draft)
