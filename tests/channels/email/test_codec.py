"""Letters as the world sends them: what is read of each, and what is said to be odd about it."""

from __future__ import annotations

import base64
import time

import pytest

from tests.channels.email.post import HEAD, Kept, letter, parts

RUSSIAN = "Здравствуйте! Пришлите, пожалуйста, прайс-лист на октябрь."


def test_an_ordinary_letter_is_read_and_nothing_is_odd_about_it() -> None:
    alternative = parts(
        f"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.encodebytes(RUSSIAN.encode('koi8-r')).decode()}",
        f"Content-Type: text/html; charset=utf-8\n\n<p>{RUSSIAN}</p><img src='cid:logo@x'>",
        kind="alternative",
    )
    picture = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(50)).decode()
    kept = Kept()
    read = letter(
        parts(
            alternative,
            f"Content-Type: application/x\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n{picture}",
            "Content-Type: text/html; name*=utf-8''%D0%BF%D1%80%D0%B0%D0%B9%D1%81.pdf\n\n%PDF-1.7 something",
            head=HEAD + "References: <a@x> <b@x>\nIn-Reply-To: <b@x>\nThread-Index: AQECAwQFBgcICQoLDA0ODxAREhMUFQ==\n",
        ),
        kept,
    )
    assert read.text == RUSSIAN
    assert read.snippet == RUSSIAN
    assert "<p>" in read.html
    assert [(one.name, one.media_type, one.inline) for one in read.files] == [
        ("file.png", "image/png", True),
        ("прайс.pdf", "application/pdf", False),
    ]
    assert kept[read.files[1].sha256].startswith(b"%PDF-1.7")
    assert read.sender is not None
    assert (read.sender.name, read.sender.folded) == ("Алексей", "sales@alkhimov.example")
    assert [one.role for one in read.people] == ["from", "to"]
    assert (read.message_id, read.in_reply_to, read.references) == ("1@alkhimov.example", "b@x", ("a@x", "b@x"))
    assert read.outlook_id == bytes([1, *range(1, 22)]).hex()
    assert read.sent_at == 1789023600
    assert (read.automatic, read.oddities) == ("", ())


@pytest.mark.parametrize(
    ("raw", "subject", "odd"),
    [
        ("Прайс-лист на октябрь".encode("cp1251"), "Прайс-лист на октябрь", "raw-head"),
        ("Прайс-лист на октябрь".encode("koi8-r"), "Прайс-лист на октябрь", "raw-head"),
        ("Прайс".encode(), "Прайс", "raw-head"),
        (b"=?unknown-8bit?B?" + base64.b64encode("Прайс-лист".encode("cp1251")) + b"?=", "Прайс-лист", "charset"),
        (b"=?nope?Q?price?=", "price", "charset"),
        (b"=?utf-8?B?0J/RgNCw0LnR?= =?utf-8?B?gQ==?=", "Прайс", ""),  # a letter of the word in two pieces
        (b"=?utf-8?B?!!!?= x", "", ""),
        (b"a\r\n b\x00\x1b[31m", "a b[31m", ""),
        (b"=?utf-8?q?=E2=80=AEtxt.exe?=", "txt.exe", ""),
        (b"=?utf-7?Q?+ADw-script+AD4-?=", "<script>", ""),
        (b"=?rot13?Q?abc?= =?idna?Q?abc?= =?hex?Q?61?=", "abcabc61", "charset"),
    ],
)
def test_subjects_of_every_kind_are_text(raw: bytes, subject: str, odd: str) -> None:
    read = letter(b"From: a@b.example\nDate: Thu, 10 Sep 2026 10:00:00 +0300\nSubject: " + raw + b"\n\nhi")
    if subject:
        assert read.subject == subject
    assert odd in read.oddities or not odd


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8", "unknown-8bit", "x-user-defined", "nonsense; x", '"'])
def test_a_body_of_any_charset_is_text(charset: str) -> None:
    codec = charset if charset in ("koi8-r", "utf-8") else "cp1251"
    head = f"From: a@b.example\nContent-Type: text/plain; charset={charset}\n\n".encode()
    read = letter(head + f"{RUSSIAN} {RUSSIAN}".encode(codec))
    assert read.text == f"{RUSSIAN} {RUSSIAN}"
    assert ("charset" in read.oddities) == (charset not in ("cp1251", "koi8-r", "utf-8"))


def test_addresses_are_people_however_they_are_written() -> None:
    read = letter(
        b"From: \nSender: =?utf-8?q?a=0D=0ABcc:_spy@x.example?= <who\r\n @house.example>\n"
        b'To: "Ivanov, Pyotr \\"P\\"" <P@Romashka.example>, b@house.example (Boris), undisclosed-recipients:;, "", <>\n'
        b"Cc: \xcf\xe5\xf2\xf0 <p2@romashka.example>; nobody\n\nhi"
    )
    assert [(one.role, one.name, one.folded) for one in read.people] == [
        ("from", "a Bcc: spy@x.example", "who@house.example"),
        ("to", 'Ivanov, Pyotr "P"', "p@romashka.example"),
        ("to", "Boris", "b@house.example"),
        ("cc", "Петр", "p2@romashka.example"),
        ("cc", "", "nobody"),
    ]
    assert "address" in read.oddities
    assert letter(b"From:\n\nhi").sender is None
    assert "no-sender" in letter(b"\n\nhi").oddities
    for written, name in ((b'"boss@house.example <x@y.example>"', "boss@house.example <x@y.example>"), (b"<b>", "<b>")):
        sender = letter(b"From: " + written + b" <real@evil.example\n\nhi").sender
        assert sender is not None
        assert sender.folded == "real@evil.example"
        sender = letter(b"From: " + written + b" <real@evil.example>\n\nhi").sender
        assert sender is not None
        assert (sender.name, sender.folded) == (name, "real@evil.example")


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("Thu, 1 Jan 1970 00:00:00 +0000", 0.0),
        ("Fri, 1 Jan 2099 00:00:00 +0300", 4070898000.0),
        ("10 Sep 2026 10:00", 1789034400.0),
        ("yesterday", None),
        ("Thu, 99 Foo 99999999999999999999 99:99:99 +9999", None),
        ("", None),
    ],
)
def test_dates_that_cannot_be_are_said_to_be_odd(date: str, at: float | None) -> None:
    read = letter(f"From: a@b.example\nDate: {date}\n\nhi")
    assert read.sent_at == at
    assert ("date" in read.oddities) == (at != 1789034400.0)


def test_ids_with_blanks_stay_whole_and_a_letter_without_one_has_its_hash() -> None:
    read = letter(b"From: a@b.example\nMessage-ID: <a b\r\n c@x>\nReferences: <d e@x>\n\t<f@x><g@x>\n\nhi")
    assert (read.message_id, read.references) == ("abc@x", ("de@x", "f@x", "g@x"))
    assert "message-id" in read.oddities
    none = letter(b"From: a@b.example\n\nhi")
    assert none.message_id == f"{none.sha256}@letter.invalid"
    many = letter(("From: a@b.example\nReferences: " + " ".join(f"<{n}@x>" for n in range(500)) + "\n\nhi").encode())
    assert (len(many.references), many.references[0], many.references[-1]) == (50, "0@x", "499@x")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("=?utf-8?b?4oCuZ3BqLmV4ZQ==?=", "gpj.exe"),
        ("a\x00b\x1f.txt", "ab.txt"),
        ("...", "file"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
        ("con<>:|?*.txt", "con______.txt"),
    ],
)
def test_a_file_has_a_name_that_leads_nowhere(written: str, name: str) -> None:
    read = letter(parts(f'Content-Type: application/x; name="{written}"\n\n\x01data', head=HEAD))
    assert [one.name for one in read.files] == [name]
    assert {"file-name", "direction"} & set(read.oddities)


@pytest.mark.parametrize(
    ("content", "claimed", "kind"),
    [
        ("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/png; name=a.png", "image/svg+xml"),
        ("<!DOCTYPE html><script>1</script>", "text/plain; name=a.txt", "text/html"),
        ("MZ\x00\x01", "image/jpeg; name=a.jpg", "application/octet-stream"),
        ("a;b\n1;2\n", "application/pdf; name=a.csv", "text/csv"),
    ],
)
def test_SEC_13_a_file_is_what_is_in_it(content: str, claimed: str, kind: str) -> None:
    read = letter(parts(f"Content-Type: {claimed}\n\n{content}", head=HEAD))
    assert [one.media_type for one in read.files] == [kind]


def test_text_is_made_of_html_where_there_is_none() -> None:
    read = letter(
        "From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n<html><head><title>t</title>"
        "<style>p{}</style></head>"
        "<body><!-- no --><p>Добрый&nbsp;день,</p><div>цена: 5&nbsp;&lt;&nbsp;6<br>до&shy;говор</div>"
        "<table><tr><td>a</td><td>b</td></tr></table><script>x</script></body>"
    )
    assert read.text == "Добрый день,\nцена: 5 < 6\nдоговор\na b"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Auto-Submitted: auto-replied", "reply"),
        ("Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk", "reply"),
        ("X-Autoreply: yes", "reply"),
        ("Subject: Автоответ: я в отпуске", "reply"),
        ("Subject: Automatic reply: price", "reply"),
        ("Auto-Submitted: auto-generated", "list"),
        ("Precedence: bulk", "list"),
        ("Precedence: list", "list"),
        ("Precedence: auto_reply", "reply"),
        ("List-Id: <news.x.example>", "list"),
        ("List-Unsubscribe: <https://x.example/u>", "list"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "bounce"),
        ("Auto-Submitted: no\nSubject: Автоответчик сломан", "reply"),
        ("Subject: Re: price", ""),
    ],
)
def test_what_no_person_wrote_is_known(head: str, kind: str) -> None:
    assert letter(f"From: a@b.example\n{head}\n\nhi").automatic == kind


@pytest.mark.parametrize(
    ("head", "quiet"),
    [
        ("Return-Path: <>", True),
        ("Return-Path: <a@b.example>", False),
        ("X-Auto-Response-Suppress: DR, RN, OOF, AutoReply", True),
        ("X-Auto-Response-Suppress: All", True),
        ("X-Auto-Response-Suppress: DR, NRN", False),  # receipts alone
        ("Subject: price", False),
    ],
)
def test_a_letter_that_no_program_may_answer_says_so_and_a_person_may_have_written_it(head: str, quiet: bool) -> None:
    read = letter(f"{head}\nFrom: a@b.example\n\nhi")
    assert (read.quiet, read.automatic) == (quiet, "")


def test_the_same_letter_by_two_ways_is_one_letter() -> None:
    one = letter(f"Received: from a by b\n{HEAD}\nhi  \n\n")
    other = letter(f"Received: x\nX-Spam: no\n{HEAD}\nhi".replace("\n", "\r\n"))
    assert one.sha256 == other.sha256
    assert letter(f"{HEAD}\nhi there").sha256 != one.sha256


def _nested(times: int, head: str) -> bytes:
    return b"".join(f'{head}; boundary="b{n}"\n\n--b{n}\n'.encode() for n in range(times)) + b"\nhi\n"


POISON = {
    "1,000 parts inside each other": b"From: a@b.example\n" + _nested(1000, "Content-Type: multipart/mixed"),
    "1,000 letters inside each other": b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 1000,
    "19 parts inside each other": b"From: a@b.example\n" + _nested(19, "Content-Type: multipart/mixed"),
    "1,000 parts": b"From: a@b.example\n" + parts(*["Content-Type: text/plain\n\nhi"] * 1000),
    "20,000 heads": b"X: y\n" * 20_000 + b"From: a@b.example\nSubject: late\n\nhi",
    "20,000 addresses": b"From: a@b.example\nTo: "
    + b", ".join(b"<u%d@x.example>" % n for n in range(20_000))
    + b"\n\nhi",
    "quotes": b"From: " + b'"\\' * 50_000 + b"\nContent-Type: text/plain; " + b'";' * 50_000 + b"\n\nhi",
    "one line of 3 MB": b"From: a@b.example\n\n" + b"a" * 3_000_000,
    "HTML inside HTML": b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div>" * 400_000 + b"hi",
    "HTML that never ends": b"From: a@b.example\nContent-Type: text/html\n\n" + b"<script><!--<a " * 150_000,
    "surrogates": "From: a@b.example\nSubject: \ud800\n\n\udfff".encode("utf-8", "surrogatepass"),
    "nothing": b"",
    "no head": b"\n\n\n",
    "bytes": bytes(range(256)) * 100,
    "broken base64": b"From: a@b.example\nContent-Transfer-Encoding: base64\n\n=====A" + b"\xff" * 100,
    "unknown encoding": b"From: a@b.example\nContent-Transfer-Encoding: x-uuencode\n\nbegin 666 a\n\xff\n",
    "endless name": b"From: a@b.example\nContent-Type: text/plain; name*0=a; name*9999999999=b; name*x*=''%\n\nhi",
}


@pytest.mark.parametrize("raw", POISON.values(), ids=POISON)
def test_SEC_17_what_is_made_to_harm_is_read_in_a_moment(raw: bytes) -> None:
    begun = time.process_time()
    read = letter(raw)
    assert time.process_time() - begun < 2
    assert len(read.people) <= 501
    assert not any(0xD800 <= ord(sign) < 0xE000 for sign in f"{read.subject}{read.text}{read.html}")
    assert len(" ".join(read.oddities)) <= 200


def test_limits_are_said() -> None:
    assert {"many-parts", "deep"} <= set(letter(POISON["1,000 parts inside each other"]).oddities)
    assert "many-parts" in letter(POISON["1,000 parts"]).oddities
    assert letter(POISON["20,000 heads"]).subject == "late"
    assert "many-heads" in letter(POISON["20,000 heads"]).oddities
    assert "many-people" in letter(POISON["20,000 addresses"]).oddities
    assert letter(POISON["19 parts inside each other"]).text.strip() == "hi"


def test_an_invitation_and_an_attached_letter_are_kept() -> None:
    invitation = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR"
    kept = Kept()
    read = letter(
        parts(
            "Content-Type: text/plain\n\nhi",
            f"Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n{invitation}",
            "Content-Type: message/rfc822\n\nSubject: =?utf-8?b?0KHRh9GR0YI=?=\n"
            "Content-Type: text/html\n\n<script>1</script>",
            head=HEAD,
        ),
        kept,
    )
    assert read.calendar == invitation
    assert [(one.name, one.media_type) for one in read.files] == [("Счёт.eml", "message/rfc822")]
    assert b"<script>" in kept[read.files[0].sha256]
    assert read.html == ""


def test_pictures_that_stand_in_the_html_are_files_of_the_letter_and_nothing_else_is() -> None:
    png, kept = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000), Kept()
    said = base64.b64encode(png).decode()
    script = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>").decode()
    html = (
        f'<p>до</p><img alt=a src="data:image/png;base64,{said[:76]}\n{said[76:]}">'
        f"<img src=data:image/png;base64,{said} x=1>"
        f"<img src='data:image/svg+xml;base64,{script}'><img src=\"data:image/png;base64,{script}\"><p>после</p>"
        "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>"
    )
    read = letter(f"{HEAD}Content-Type: text/html; charset=utf-8\n\n{html}", kept)
    [file] = read.files
    assert (file.media_type, file.inline, kept[file.sha256]) == ("image/png", True, png)
    assert read.html.count(f'src="cid:{file.content_id}"') == 2
    assert "x=1>" in read.html
    assert "base64" not in read.html.replace("data:text/html;base64,PHNjcmlwdD4=", "")
    assert (read.text.split(), "cut" in read.oddities) == (["до", "после", "x"], False), "of 8 MB no word is cut"
