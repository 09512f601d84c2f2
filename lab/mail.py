"""The lab's post office: a mailbox of the house that works, and the world outside it, on one machine.

`support@trubka.example` is a mailbox of the sample house. Whatever is sent to any other address comes to the mailbox
WORLD, which any mail program may open, so that what a client would get can be read and answered.
"""

from __future__ import annotations

import contextlib
import os
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from lab import dovecot
from lab.errors import LabError
from lab.free_ports import free_port
from lab.install import PYTHON
from lab.settings import CHECKOUT, HOST, LabSettings
from lab.system import bound

HOUSE, WORLD, PASSWORD = "support@trubka.example", "world@elsewhere.example", "letters of the lab"
READY_S = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """Where it listens on this machine: without TLS, which the loopback needs not."""

    imap: int
    smtp: int


@contextlib.contextmanager
def post(settings: LabSettings) -> Iterator[Post]:
    """It runs until the block ends; what lies in its mailboxes is there again next time."""
    folder = _folder(settings)
    with dovecot.running(folder, {HOUSE: PASSWORD, WORLD: PASSWORD}) as server:
        smtp = free_port()
        command = [str(PYTHON), "-W", "ignore", "-m", "lab.smtp", str(smtp), str(server.lmtp), HOUSE, WORLD, PASSWORD]
        taker = subprocess.Popen(bound(command), cwd=CHECKOUT, start_new_session=True)
        try:
            _wait_for(smtp, taker)
            (settings.folder / "mail.ports").write_text(f"{server.imap} {smtp}")
            yield Post(imap=server.imap, smtp=smtp)
        finally:
            (settings.folder / "mail.ports").unlink(missing_ok=True)
            taker.kill()
            taker.wait(10)


def write(settings: LabSettings, *, sender: str, name: str, subject: str, text: str, file: Path | None) -> None:
    """A letter from outside to the house's mailbox. Raises LabError where no lab runs."""
    try:
        smtp = int((settings.folder / "mail.ports").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        raise LabError("No post office is running here: start it with `make run`") from None
    letter = EmailMessage()
    letter["From"] = f'"{name}" <{sender}>' if name else sender
    letter["To"], letter["Subject"] = HOUSE, subject
    letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    letter.set_content(text)
    if file is not None:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise LabError(f"{file} cannot be read: {error.strerror}") from None
        letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=file.name)
    try:
        with smtplib.SMTP(HOST, smtp) as link:
            link.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise LabError(f"The lab's post office does not take the letter: {error}") from None


def _folder(settings: LabSettings) -> Path:
    """Where the mail lies. Not in the data folder: mail never belongs to root, and nobody else may pass there."""
    folder = Path(tempfile.gettempdir()) / f"trubka-mail-{os.geteuid()}-{settings.ports.sip}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise LabError(f"{folder} belongs to somebody else: remove it")
    return folder


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise LabError("The lab's post office does not start")
        time.sleep(0.05)
