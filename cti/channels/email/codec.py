"""Bytes of a letter in, a `Letter` out, however broken or meant to harm they are.

Runs in the reader's process (`reader.py`), which is ended when a letter takes too long. What was wrong is told by the
letter's `oddities`; what goes beyond the limits is left out, and the letter stays at its server as it came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import TypeAlias

from cti.channels.email import automatic, embedded, kinds
from cti.channels.email.frames import LETTER_BYTES
from cti.channels.email.heads import letter_id, letter_ids, moment, people, text_of, words
from cti.channels.email.winmail import Winmail, opened
from cti.messages import bounces
from cti.messages.conversations import outlook_id
from cti.messages.letter import SNIPPET_CHARS, SUBJECT_CHARS, Attachment, Bounce, Letter, Party
from cti.messages.plain import snippet, text_of_html
from cti.messages.texts import file_name, many_lines, one_line

BEGIN_BYTES = 2 << 20  # what is read of a letter over LETTER_BYTES
PARTS_MOST, DEPTH_MOST, HEADS_MOST = 100, 20, 200
HEAD_CHARS, PART_HEAD_CHARS = 1 << 16, 1 << 12  # of one value; a list of addresses needs the most
TEXT_CHARS, HTML_CHARS, CALENDAR_CHARS = 1_000_000, 2_000_000, 200_000
AHEAD_S = 2 * 86400.0
EARLIEST = 631152000.0  # 1990
_COMPOSITE = re.compile(rb"^content-type:(?:[^\n]|\n[ \t])*?(?:boundary|message/)", re.IGNORECASE | re.MULTILINE)
_CID = re.compile(r"cid:([^\"'\s>)]{1,255})", re.IGNORECASE)
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "application/pdf": "pdf", "text/html": "html"}

Part: TypeAlias = "Message[str, str]"
Keep = Callable[[bytes], str]  # puts a file into the folder of letters' files; its sha256


class _AsItCame(Compat32):
    """Heads as they came, but for what is too long of them."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines).partition(":")
        most = PART_HEAD_CHARS if name.lower().startswith("content-") else HEAD_CHARS
        return name, value[:most].strip("\r\n \t")

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


@dataclass
class _Found:
    """What the parts of a letter came to."""

    keep: Keep
    odd: dict[str, None] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    calendar: str = ""
    files: list[Attachment] = field(default_factory=list)
    told: list[bounces.Fields] = field(default_factory=list)
    original_id: str = ""

    def strange(self, code: str) -> None:
        self.odd[code] = None

    def add_picture(self, content: bytes, content_id: str) -> None:
        self.add_file(content, "", content_id=content_id, inline=True)

    def add_file(self, content: bytes, name: str, *, content_id: str = "", inline: bool = False) -> None:
        kind = kinds.kind_of(content, name)
        called = file_name(name, otherwise=f"file.{ENDINGS[kind]}" if kind in ENDINGS else "file")
        if name and called != name.strip():
            self.strange("file-name")
        self.files.append(
            Attachment(
                name=called,
                media_type=kind,
                size=len(content),
                sha256=self.keep(content),
                content_id=content_id,
                inline=inline,
            )
        )


def read_letter(raw: bytes, keep: Keep, *, size: int, now: float) -> Letter:
    """A letter from its bytes; of a large one the beginning is enough. size: of the whole; keep: where files go."""
    found = _Found(keep=keep)
    raw = _within(raw, found)
    message = BytesParser(policy=_AsItCame()).parsebytes(raw)
    heads = _heads(message, found)
    for part in _leaves(message, found):
        _take(part, found)
    if len(raw) < size and found.files:
        found.files.pop()  # half of it
    everybody = _everybody(heads, found)
    sender = everybody[0] if everybody and everybody[0].role == "from" else None
    subject = words(heads.get("subject", [""])[0], found.strange, SUBJECT_CHARS)
    sent_at = _sent_at(heads, found, now)
    html, text = _body(found)
    sha256 = _sha256(sender, sent_at, subject, text, html, found)
    if any("data:" in one.lower() for one in found.htmls):
        found.odd.pop("cut", None)
        found.htmls = [embedded.apart(one, found.add_picture) for one in found.htmls]
        html, text = _body(found)
    said = _bounced(heads, found, sender, subject, text or text_of_html(html))
    message_id = letter_id(heads.get("message-id", [""])[0], found.strange)
    answered = letter_ids(heads.get("in-reply-to", [""])[0])
    return Letter(
        message_id=message_id or f"{sha256}@letter.invalid",
        sha256=sha256,
        subject=subject,
        people=tuple(everybody),
        sent_at=sent_at,
        size=size,
        text=text,
        html=html,
        calendar=found.calendar,
        snippet=snippet(text or text_of_html(html[: TEXT_CHARS // 10]), SNIPPET_CHARS),
        in_reply_to=answered[0] if answered else "",
        references=letter_ids(heads.get("references", [""])[0]),
        outlook_id=outlook_id(heads.get("thread-index", [""])[0]),
        automatic=automatic.kind(heads, subject, bounced=bool(said) or bool(found.told)),
        files=tuple(found.files),
        bounces=said,
        oddities=tuple(found.odd),
        quiet=automatic.wants_no_answer(heads),
    )


def _within(raw: bytes, found: _Found) -> bytes:
    """What of a letter is read: its beginning, where it is too large or has too many parts inside parts."""
    if len(raw) > LETTER_BYTES:
        found.strange("too-large")
        raw = raw[:BEGIN_BYTES]
    for count, composite in enumerate(_COMPOSITE.finditer(raw)):
        if count == PARTS_MOST:
            found.strange("many-parts")
            return raw[: composite.start()]
    return raw


def _heads(message: Part, found: _Found) -> dict[str, list[str]]:
    """Values by name in lower case, the first HEADS_MOST that a letter has."""
    heads: dict[str, list[str]] = {}
    for count, (name, value) in enumerate(message.items()):
        if count >= HEADS_MOST:
            found.strange("many-heads")
        if count < HEADS_MOST or (name.lower() in automatic.NEEDED and name.lower() not in heads):
            heads.setdefault(name.lower(), []).append(value)
    return heads


def _leaves(message: Part, found: _Found) -> Iterator[Part]:
    """The parts that hold something, in their order; attached letters are not opened."""
    waiting: list[tuple[Part, int]] = [(message, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        inside = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if not isinstance(inside, list):
            count += 1
            if count > PARTS_MOST:
                found.strange("many-parts")
                return
            yield part
        elif depth == DEPTH_MOST:
            found.strange("deep")
        else:
            if part.get_content_type() == "multipart/encrypted":
                found.strange("encrypted")
            waiting += [(one, depth + 1) for one in reversed(inside) if isinstance(one, Message)]


def _take(part: Part, found: _Found) -> None:
    """One part: a text of the letter, or a file."""
    kind = part.get_content_type()
    if kind == "message/delivery-status":
        payload = part.get_payload()
        for each in payload if isinstance(payload, list) else ():
            if isinstance(each, Message):
                found.told.append({name.lower(): words(value, found.strange, 1000) for name, value in each.items()})
        return
    name = _name(part, found)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    content = _content(part, found)
    if kind in ("message/rfc822", "text/rfc822-headers", "message/global") and not found.original_id:
        original = re.search(rb"^message-id:\s*([^\r\n]{1,998})", content[:HEAD_CHARS], re.IGNORECASE | re.MULTILINE)
        found.original_id = letter_id(original[1].decode("ascii", "replace"), found.strange) if original else ""
    if kind.startswith("message/"):
        inner = re.search(rb"^subject:\s*([^\r\n]{1,300})", content[:HEAD_CHARS], re.IGNORECASE | re.MULTILINE)
        called = words(inner[1].decode("ascii", "surrogateescape"), found.strange, 100) if inner else ""
        found.add_file(content, name or f"{called.replace('/', '_') or 'letter'}.eml")
    elif kind == "application/ms-tnef" or name.lower() == "winmail.dat":
        _take_winmail(content, name, found)
    elif kind in ("text/plain", "text/html", "text/calendar") and not attached:
        _take_text(kind, text_of(content, _charset(part), found.strange), found)
    else:
        if kind == "text/calendar" and not found.calendar:
            _take_text(kind, text_of(content, _charset(part), found.strange), found)
        cid = one_line(str(part.get("content-id", "")).strip("<> \t"), 255)
        found.add_file(content, name, content_id=cid)


def _take_text(kind: str, text: str, found: _Found) -> None:
    if kind == "text/calendar":
        found.calendar = found.calendar or many_lines(text, CALENDAR_CHARS)
    else:
        (found.htmls if kind == "text/html" else found.texts).append(text)


def _take_winmail(content: bytes, name: str, found: _Found) -> None:
    """What Outlook packed; it stays as it is where it cannot be opened."""
    inside: Winmail | None = opened(content)
    if inside is None:
        found.strange("winmail")
        found.add_file(content, name or "winmail.dat")
        return
    for called, held in inside.files[:PARTS_MOST]:
        found.add_file(held, called)
    if inside.html:
        found.htmls.append(text_of(inside.html, "", found.strange))
    elif inside.text:
        found.texts.append(text_of(inside.text, "", found.strange))


def _name(part: Part, found: _Found) -> str:
    """The name a part gives its file, as it is written."""
    try:
        written = part.get_filename("")
    except (ValueError, LookupError, TypeError):
        found.strange("file-name")
        return ""
    return words(str(written), found.strange, 1000)


def _charset(part: Part) -> str:
    try:
        return str(part.get_param("charset", "") or "") if not isinstance(part.get_param("charset"), tuple) else ""
    except (ValueError, LookupError, TypeError):
        return ""


def _content(part: Part, found: _Found) -> bytes:
    """What is in a part, decoded as far as it can be."""
    payload = part.get_payload()
    if isinstance(payload, list):  # a letter in a letter
        try:
            return b"".join(one.as_bytes(policy=_AsItCame()) for one in payload if isinstance(one, Message))
        except (UnicodeError, ValueError, LookupError, TypeError, KeyError):
            found.strange("part")
            return b""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        found.strange("part")
        content = None
    if part.defects:
        found.strange("part")
    return content if isinstance(content, bytes) else str(payload or "").encode("ascii", "replace")


def _everybody(heads: dict[str, list[str]], found: _Found) -> list[Party]:
    """Who is in the head; the sender first. One who is not named in From may be in Sender or Return-Path."""
    senders = [
        one for name in ("from", "sender", "return-path") for one in people("from", heads.get(name, ()), found.strange)
    ]
    if not senders or not senders[0].folded:
        found.strange("no-sender")
    if len(people("from", heads.get("from", ()), found.strange)) > 1:
        found.strange("many-senders")
    others = [
        one for role in ("reply-to", "to", "cc", "bcc") for one in people(role, heads.get(role, ()), found.strange)
    ]
    return senders[:1] + others


def _sent_at(heads: dict[str, list[str]], found: _Found, now: float) -> float | None:
    at = moment(heads.get("date", [""])[0])
    if at is None or not EARLIEST <= at <= now + AHEAD_S:
        found.strange("date")
    return at


def _body(found: _Found) -> tuple[str, str]:
    """HTML and text. A picture that the HTML shows is inline; text is made of HTML where there is none."""
    html = many_lines("<hr>".join(found.htmls), HTML_CHARS)
    text = many_lines("\n\n".join(one.rstrip() for one in found.texts), TEXT_CHARS)
    if sum(map(len, found.htmls)) > HTML_CHARS or sum(map(len, found.texts)) > TEXT_CHARS:
        found.strange("cut")
    shown = {one.lower() for one in _CID.findall(html)}
    for place, one in enumerate(found.files):
        if one.content_id and one.content_id.lower() in shown and one.media_type in kinds.SHOWN:
            found.files[place] = Attachment(
                name=one.name,
                media_type=one.media_type,
                size=one.size,
                sha256=one.sha256,
                content_id=one.content_id,
                inline=True,
            )
    return html, text if text.strip() else text_of_html(html)[:TEXT_CHARS]


def _bounced(
    heads: dict[str, list[str]], found: _Found, sender: Party | None, subject: str, text: str
) -> tuple[Bounce, ...]:
    if found.told:
        return bounces.returned(found.told, found.original_id)
    named = heads.get("x-failed-recipients", ())
    return bounces.told(sender.folded if sender else "", subject, text, named)


def _sha256(sender: Party | None, sent_at: float | None, subject: str, text: str, html: str, found: _Found) -> str:
    """Of what makes it this letter: what servers on the way change of it is left out."""
    lines = [" ".join(line.split()) for body in (text, html) for line in body.split("\n")]
    parts = [sender.folded if sender else "", str(int(sent_at or 0)), subject, *filter(None, lines)]
    parts += sorted(one.sha256 for one in found.files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
