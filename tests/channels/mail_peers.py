"""Real peers for tests of the mail: Dovecot with mailboxes, a second client that is as Outlook, a wire with faults.

    with post_office("anna@romashka.example", "sales@romashka.example") as office:   # starts in a tenth of a second
        office.deliver(letter(subject="Прайс", sender="Пётр <pyotr@alkhimov.example>"), "anna@romashka.example")
        with outlook(office, "anna@romashka.example") as she:                        # her Outlook, beside ours
            she.append("Sent", letter(...))
            assert she.shows("INBOX") == {"<id@host>": {"\\\\Seen"}}

Or take the fixture: `from tests.channels.mail_peers import office as office` (a server with ANNA and SALES, anew for
each test). Every mailbox has the password PASSWORD; office.imaps is TLS with office.certificate, office.imap plain or
STARTTLS; office.add(user, "another") changes a password, office.stop()/start() is an outage, `Proxy(office.imap)` of
tests/e2e/proxy.py is a wire that drops (`await wire.drop()`), refuses (`wire.refuse`) or goes silent (`wire.silent`).
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

import pytest
from imapclient import IMAPClient

from lab.dovecot import Dovecot, running

ANNA, SALES = "anna@romashka.example", "sales@romashka.example"
PASSWORD = "a-mail-password"


@contextmanager
def post_office(*users: str, more: str = "", introspection: str = "") -> Iterator[Dovecot]:
    """A Dovecot with these mailboxes; gone with its letters at the end. more: lines for its settings."""
    folder = Path(tempfile.mkdtemp(prefix="trubka-mail-"))
    folder.chmod(0o711)
    try:
        with running(folder, dict.fromkeys(users, PASSWORD), more=more, introspection=introspection) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def office() -> Iterator[Dovecot]:
    with post_office(ANNA, SALES) as made:
        yield made


def letter(
    *,
    subject: str = "Прайс-лист",
    text: str = "Добрый день!",
    sender: str = "Пётр Алхимов <pyotr@alkhimov.example>",
    to: str = ANNA,
    message_id: str = "",
    answers: str = "",
    at: datetime | None = None,
    files: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """A letter as a mail program writes it. message_id, answers: with <>; made up where not given."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = format_datetime(at or datetime.now(UTC))
    made["Message-ID"] = message_id or make_msgid(domain="alkhimov.example")
    if answers:
        made["In-Reply-To"] = made["References"] = answers
    made.set_content(text)
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


class Outlook:
    """Somebody's other mail program on the same mailbox. Letters are named by Message-ID, with <>."""

    def __init__(self, link: IMAPClient) -> None:
        self.link = link

    def folders(self) -> list[str]:
        return [name for _, _, name in self.link.list_folders()]

    def shows(self, folder: str) -> dict[str, set[str]]:
        """What lies in a folder: Message-ID -> flags."""
        self.link.select_folder(folder)
        rows = self.link.fetch(self.link.search("ALL"), ["FLAGS", "ENVELOPE"])
        return {
            (row[b"ENVELOPE"].message_id or b"").decode(): {
                flag.decode() for flag in row[b"FLAGS"] if flag != b"\\Recent"
            }
            for row in rows.values()
        }

    def append(self, folder: str, raw: bytes, *flags: str, at: datetime | None = None) -> None:
        """Put a letter there, as a mail program does with what it has sent. at: when it came."""
        self.link.append(folder, raw, flags, msg_time=at)

    def flag(self, folder: str, message_id: str, *flags: str, off: bool = False) -> None:
        """Mark a letter, e.g. by \\Seen; off: take the marks away."""
        uids = self._find(folder, message_id)
        (self.link.remove_flags if off else self.link.add_flags)(uids, flags)

    def move(self, folder: str, message_id: str, to: str) -> None:
        """Drag a letter elsewhere."""
        self.link.move(self._find(folder, message_id), to)

    def delete(self, folder: str, message_id: str) -> None:
        """Delete for good."""
        self.link.delete_messages(self._find(folder, message_id))
        self.link.expunge()

    def _find(self, folder: str, message_id: str) -> list[int]:
        self.link.select_folder(folder)
        found: list[int] = self.link.search(["HEADER", "Message-ID", message_id])
        assert found, f"{message_id} is not in {folder}"
        return found


@contextmanager
def outlook(office: Dovecot, user: str, password: str = PASSWORD) -> Iterator[Outlook]:
    """A second client, signed in."""
    trusts = ssl.create_default_context(cafile=str(office.certificate))
    link = IMAPClient("127.0.0.1", port=office.imaps, ssl_context=trusts, timeout=20)
    try:
        link.login(user, password)
        yield Outlook(link)
    finally:
        link.shutdown()
