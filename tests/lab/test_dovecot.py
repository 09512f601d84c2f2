"""The mail server of the tests: it starts, delivers, shows the same to two clients, changes UIDs, refuses when full."""

from __future__ import annotations

import smtplib
import time

import pytest
from imapclient.exceptions import LoginError

from lab.dovecot import Dovecot
from tests.channels.mail_peers import ANNA, PASSWORD, SALES, letter, outlook, post_office
from tests.channels.mail_peers import office as office


def test_two_clients_see_one_mailbox(office: Dovecot) -> None:
    office.deliver(letter(message_id="<one@alkhimov.example>"), ANNA)
    with outlook(office, ANNA) as first, outlook(office, ANNA) as second:
        assert set(first.folders()) == {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"}
        first.flag("INBOX", "<one@alkhimov.example>", "\\Seen")
        assert second.shows("INBOX") == {"<one@alkhimov.example>": {"\\Seen"}}
        second.move("INBOX", "<one@alkhimov.example>", "Archive")
        assert first.shows("INBOX") == {}
        assert set(first.shows("Archive")) == {"<one@alkhimov.example>"}


def test_uids_can_be_forgotten(office: Dovecot) -> None:
    office.deliver(letter(), ANNA)
    with outlook(office, ANNA) as she:
        before = she.link.select_folder("INBOX")[b"UIDVALIDITY"]
    office.forget_uids(ANNA)
    with outlook(office, ANNA) as she:
        now = she.link.select_folder("INBOX")
        assert (now[b"UIDVALIDITY"] != before, now[b"EXISTS"]) == (True, 1)


def signs_in(office: Dovecot) -> bool:
    try:
        with outlook(office, ANNA):
            return True
    except LoginError:
        return False


def test_a_full_mailbox_refuses_and_a_password_changes(office: Dovecot) -> None:
    office.add(SALES, PASSWORD, quota_mib=1)
    with pytest.raises(smtplib.SMTPException):
        office.deliver(letter() + b"x\r\n" * 4_000_000, SALES)  # 2.4 lets ten MiB more in
    office.add(ANNA, "another")
    deadline = time.monotonic() + 5
    while signs_in(office):
        assert time.monotonic() < deadline
    with outlook(office, ANNA, "another") as she:
        assert she.shows("INBOX") == {}


def test_mailboxes_outlive_an_outage() -> None:
    with post_office(ANNA) as office:
        office.deliver(letter(), ANNA)
        office.stop()
        office.start()
        with outlook(office, ANNA) as she:
            assert len(she.shows("INBOX")) == 1
