"""A letter of ours as bytes: words and HTML side by side, pictures of the text beside it, files after it.

Only `email.message.EmailMessage` makes headers here: it refuses line ends in them, and what people typed reaches it
without control characters all the same (SEC-15). What leaves is as clean as what is shown: styles are put into their
elements, then nh3 lets through what a letter needs. Message ids are folded by us: the library encodes a long one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import css_inline
import nh3

from cti.messages.letter import Attachment, Party
from cti.messages.outgoing import ADDRESS, Outgoing
from cti.messages.plain_part import plain_part

IDS = ("message-id", "in-reply-to", "references")
CALENDAR = "text/calendar"
METHOD = re.compile(r"^METHOD:([A-Z]{1,20})\s*$", re.MULTILINE)
MEDIA_TYPE = re.compile(r"(application|audio|font|image|model|text|video)/([A-Za-z0-9][A-Za-z0-9.+-]{0,80})")
OWN_PICTURE = re.compile(r"/api/v1/outbox/files/([0-9]{1,10})")  # as the editor shows a picture of the text
# What the editor's classes mean, for those who have not our style sheet
EDITOR_CSS = "".join(
    [f".ql-align-{way} {{text-align: {way}}}" for way in ("center", "right", "justify")]
    + [f".ql-indent-{step} {{padding-left: {step * 3}em}}" for step in range(1, 9)]
    + [".ql-size-small {font-size: 0.75em}", ".ql-size-large {font-size: 1.5em}", ".ql-size-huge {font-size: 2.5em}"]
)
STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display", "font",
    "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style",
    "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width",
    "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-indent", "vertical-align", "white-space", "width",
}  # fmt: skip
_CELL = {"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan"}
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "table": _CELL | {"border", "cellpadding", "cellspacing"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"align", "valign", "bgcolor"},
    "ol": {"start", "type"},
}


class _Letters(EmailPolicy):
    """The policy SMTP, but for message ids and addresses, each of which stays whole on a line."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() == "list-unsubscribe":
            return f"{name}: " + str(value).replace(", ", ",\r\n ") + "\r\n"
        return _ids(name, value) if name.lower() in IDS else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() == "list-unsubscribe":
            return self.fold(name, value).encode("ascii")
        return _ids(name, value).encode("ascii") if name.lower() in IDS else super().fold_binary(name, value)


def _ids(name: str, value: Any) -> str:
    return f"{name}: " + "\r\n ".join(re.findall(r"<[^<>]*>", str(value))) + "\r\n"


POLICY = _Letters(linesep="\r\n", header_factory=SMTP.header_factory)


def compose(letter: Outgoing, path_of: Callable[[Attachment], Path]) -> bytes:
    """The letter as it goes over the wire, without its hidden addressees. path_of: where a file lies.

    Reads files and takes milliseconds: to be called off the loop. Raises OSError where a file is gone.
    """
    made = EmailMessage(policy=POLICY)
    made["Message-ID"] = _id(letter.message_id)
    made["Date"] = format_datetime(datetime.fromtimestamp(letter.at, UTC))
    made["From"] = _address(letter.sender)
    for role, name in (("to", "To"), ("cc", "Cc"), ("reply-to", "Reply-To")):
        if some := [_address(one) for one in letter.people if one.role == role]:
            made[name] = some
    made["Subject"] = _line(letter.subject)
    if letter.in_reply_to:
        made["In-Reply-To"] = _id(letter.in_reply_to)
    if letter.references:
        made["References"] = " ".join(map(_id, letter.references))
    if letter.automatic:
        made["Auto-Submitted"] = "auto-replied" if letter.in_reply_to else "auto-generated"
        made["X-Auto-Response-Suppress"] = "All"
    if letter.unsubscribe:
        made["List-Unsubscribe"] = f"<{_url(letter.unsubscribe)}>, <mailto:{letter.sender.address}?subject=STOP>"
        if letter.unsubscribe.startswith("https:"):  # RFC 8058 knows no other
            made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _fill(made, letter, path_of)
    return made.as_bytes()


def with_hidden(raw: bytes, people: Sequence[Party]) -> bytes:
    """The letter as its sender keeps it: with the hidden addressees, who are in no letter that travels."""
    hidden = [_address(one) for one in people if one.role == "bcc"]
    if not hidden:
        return raw
    head = EmailMessage(policy=POLICY)
    head["Bcc"] = hidden
    return head.as_bytes().partition(b"\r\n\r\n")[0] + b"\r\n" + raw


def clean(html: str, pictures: Mapping[str, str]) -> str:
    """HTML as it leaves. pictures: content ids of our own pictures, by their number in the address."""
    styled = css_inline.inline(html, load_remote_stylesheets=False, extra_css=EDITOR_CSS)

    def own(url: str) -> str | None:
        found = OWN_PICTURE.fullmatch(url)
        return f"cid:{pictures[found[1]]}" if found and found[1] in pictures else None

    return nh3.clean(
        styled,
        tags=nh3.ALLOWED_TAGS | {"font", "u"},
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative=own,
        filter_style_properties=STYLES,
        link_rel=None,
    )


def typed(html: str) -> str:
    """HTML of a draft from another mail program as the editor takes it; its own pictures still by `cid:`."""
    try:
        return clean(html, {})
    except ValueError:  # of a style sheet
        return ""


def _fill(made: EmailMessage, letter: Outgoing, path_of: Callable[[Attachment], Path]) -> None:
    shown = {str(place): one.content_id for place, one in _numbered(letter.files)}
    html = clean(letter.html, shown)
    if letter.quoted:
        html += clean(letter.quoted, shown)
    made.set_content(plain_part(html), cte="base64")
    made.add_alternative(f"<!DOCTYPE html>\n<html><body>{html}</body></html>\n", subtype="html", cte="base64")
    body: Any = made.get_payload(1)
    for one in (file for file in letter.files if file.media_type == CALENDAR):  # what is to be done with it: iTIP
        text = path_of(one).read_bytes().decode()
        method = METHOD.search(text)
        made.add_alternative(text, "calendar", cte="base64", params={"method": method[1] if method else "PUBLISH"})
    for one in (file for file in letter.files if file.media_type != CALENDAR):
        named = MEDIA_TYPE.fullmatch(one.media_type)
        kind, sub = named.groups() if named else ("application", "octet-stream")
        data, name = path_of(one).read_bytes(), _line(one.name)
        if one.content_id and one.content_id in html:
            body.add_related(data, kind, sub, cid=f"<{one.content_id}>", filename=name, disposition="inline")
        else:
            made.add_attachment(data, kind, sub, filename=name)


def _numbered(files: Sequence[Attachment]) -> list[tuple[str, Attachment]]:
    """Pictures of the text by the number that begins their content id: `17.k3Jd@...`."""
    return [(one.content_id.partition(".")[0], one) for one in files if one.content_id]


def _line(text: str) -> str:
    """One line without control characters: a header holds no other."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _id(message_id: str) -> str:
    return "<" + "".join(sign for sign in message_id if " " < sign <= "~" and sign not in "<>") + ">"


def _url(address: str) -> str:
    return "".join(sign for sign in address if "!" <= sign <= "~" and sign not in "<>,")


def _address(one: Party) -> Address:
    if not ADDRESS.fullmatch(one.address):
        raise ValueError("this is no address")
    local, _, domain = one.address.rpartition("@")
    return Address(display_name=_line(one.name), username=local, domain=domain.encode("idna").decode("ascii"))
