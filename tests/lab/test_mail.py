"""The lab's post office: the world writes to the house, the house to the world, and all is there again next time."""

from __future__ import annotations

import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient

from lab.errors import LabError
from lab.mail import HOUSE, PASSWORD, WORLD, Post, post, write
from lab.settings import HOST, LabSettings, Ports, load


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabSettings]:
    folder = Path(tempfile.mkdtemp(prefix="lab-"))  # short, as sockets must be named; and mail's owner has to pass
    folder.chmod(0o755)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    ports = Ports.free()
    found = load({"CTI_DATA": str(tmp_path), "CTI_LAB_PORTS": f"{ports.sip},{ports.http},{ports.ami}"})
    found.folder.mkdir(parents=True)
    yield found
    shutil.rmtree(folder)


def subjects(office: Post, user: str) -> list[bytes]:
    with IMAPClient(HOST, office.imap, ssl=False) as link:
        link.login(user, PASSWORD)
        link.select_folder("INBOX", readonly=True)
        return sorted(one[b"ENVELOPE"].subject for one in link.fetch(link.search(), ["ENVELOPE"]).values())


def test_letters_go_both_ways_and_stay(settings: LabSettings) -> None:
    with post(settings) as office:
        write(settings, sender="p@alhimov.example", name="P", subject="Prices", text="Please", file=None)
        with smtplib.SMTP(HOST, office.smtp) as link:
            link.login(HOUSE, PASSWORD)
            link.sendmail(HOUSE, ["p@alhimov.example", "m@alhimov.example"], b"Subject: Here they are\r\n\r\nx")
        with smtplib.SMTP(HOST, office.smtp) as link, pytest.raises(smtplib.SMTPAuthenticationError):
            link.login(HOUSE, "wrong")
        assert (subjects(office, HOUSE), subjects(office, WORLD)) == ([b"Prices"], [b"Here they are"])
    with post(settings) as office:
        assert subjects(office, HOUSE) == [b"Prices"]


def test_without_a_post_office_it_says_what_to_do(settings: LabSettings) -> None:
    with pytest.raises(LabError, match="make run"):
        write(settings, sender="p@alhimov.example", name="", subject="s", text="t", file=None)
