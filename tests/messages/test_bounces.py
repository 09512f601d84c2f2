"""F-41: what comes back is known, whoever's server says it and in whatever language."""

from __future__ import annotations

import pytest

from cti.messages.bounces import told
from tests.channels.email.post import letter, parts

ORIGINAL = "Message-ID: <42@house.example>\nFrom: support@house.example\nSubject: price\n\nhi"
PHRASE = "This is the mail system at host mx.house.example."


def report(fields: str, words: str, *, sender: str = "MAILER-DAEMON@mx.house.example", headers: bool = False) -> bytes:
    kind = "text/rfc822-headers" if headers else "message/rfc822"
    return parts(
        f"Content-Type: text/plain; charset=utf-8\n\n{words}",
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.house.example\n\n{fields}\n",
        f"Content-Type: {kind}\n\n{ORIGINAL}",
        kind="report; report-type=delivery-status",
        head=f"Return-Path: <>\nFrom: {sender}\nSubject: Undelivered Mail Returned to Sender\n",
    )


POSTFIX = report(
    "Final-Recipient: rfc822; Nobody@Romashka.example\nOriginal-Recipient: rfc822;nobody@romashka.example\n"
    "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.romashka.example\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <nobody@romashka.example>:\n"
    "    Recipient address rejected: User unknown",
    PHRASE,
)
EXCHANGE = report(
    "Final-Recipient: RFC822; nobody@romashka.example\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    "Не удалось выполнить доставку следующим получателям или группам:\n\nnobody@romashka.example",
    sender="postmaster@romashka.example",
)
GMAIL = report(
    "Final-Recipient: rfc822; nobody@romashka.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.",
    "** Address not found **\n\nYour message wasn't delivered to nobody@romashka.example",
    sender="mailer-daemon@googlemail.example",
    headers=True,
)
QMAIL = (
    """Return-Path: <>
From: MAILER-DAEMON@mx.romashka.example
To: support@house.example
Subject: failure notice

Hi. This is the qmail-send program at mx.romashka.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<nobody@romashka.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 No such user

--- Below this line is a copy of the message.

Return-Path: <support@house.example>
"""
    + ORIGINAL
)
EXIM = (
    """From: Mail Delivery System <Mailer-Daemon@mx.romashka.example>
X-Failed-Recipients: nobody@romashka.example
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  nobody@romashka.example
    host mx.romashka.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<nobody@romashka.example>:
    550 5.1.1 unknown user

------ This is a copy of the message, including all the headers. ------

"""
    + ORIGINAL
)
YANDEX = (
    """From: =?utf-8?b?0J/QvtGH0YLQvtCy0YvQuSDRgdC10YDQstC10YA=?= <mailer-daemon@ya.example>
Subject: =?utf-8?b?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=
Content-Type: text/plain; charset=utf-8

Это письмо отправлено почтовым сервером ya.example.

К сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может быть
отправлено одному или нескольким адресатам. Технические подробности можно найти ниже.

<nobody@romashka.example>: host mx.romashka.example[192.0.2.7] said: 550 5.7.1 No
    such user! (in reply to RCPT TO command)

-------- Исходное сообщение --------
"""
    + ORIGINAL
)


@pytest.mark.parametrize(
    ("raw", "lasting"),
    [(POSTFIX, True), (EXCHANGE, True), (GMAIL, True), (QMAIL, True), (EXIM, True), (YANDEX, True)],
    ids=["postfix", "exchange", "gmail", "qmail", "exim", "yandex"],
)
def test_F_41_each_format_names_the_address_and_the_letter(raw: bytes | str, lasting: bool) -> None:
    read = letter(raw)
    assert read.automatic == "bounce"
    assert [(one.address, one.message_id, one.lasting) for one in read.bounces] == [
        ("nobody@romashka.example", "42@house.example", lasting)
    ]
    assert "550" in read.bounces[0].why


@pytest.mark.parametrize(
    ("status", "said", "lasting"),
    [
        ("5.2.2", "552 mailbox full", False),
        ("5.0.0", "550 Message rejected as spam by policy", False),
        ("4.4.7", "expired", False),
        ("5.7.1", "550 5.7.1 Message rejected by policy", False),
        ("5.7.1", "550 5.7.1 No such user!", True),
        ("5.4.4", "Host or domain name not found", True),
        ("5.0.0", "550 ящик переполнен", False),
    ],
)
def test_an_address_is_bad_only_where_that_is_what_is_meant(status: str, said: str, lasting: bool) -> None:
    fields = f"Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}"
    assert [one.lasting for one in letter(report(fields, PHRASE)).bounces] == [lasting]


def test_a_server_that_still_tries_returns_nothing() -> None:
    read = letter(report("Final-Recipient: rfc822; a@x.example\nAction: delayed\nStatus: 4.4.1", PHRASE))
    assert (read.automatic, read.bounces) == ("bounce", ())


def test_a_person_who_writes_of_failures_returns_nothing() -> None:
    assert told("pyotr@romashka.example", "Undelivered mail", "could not be delivered to nobody@x.example") == ()
    assert told("mailer-daemon@x.example", "Quota report", "your box holds 5 letters, nobody@x.example") == ()
    assert told("mailer-daemon@x.example", "failure notice", "no addresses at all") == ()
