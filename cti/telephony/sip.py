"""The few words of SIP that a guard of somebody's phone must understand, read so that nobody reads them otherwise.

RFC 3261 with its compact names (7.3.3). Refused although a lenient reader takes it, because the PBX might read it
differently from us: folded lines, bare LF, control characters, a second From, To, Call-ID or CSeq, a Content-Length
that is missing or not the body's (a second message could hide behind it), a password in an address. Source of the
forms: RFC 3261 25.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
ONCE = ("from", "to", "call-id", "cseq", "content-length")  # exactly one of each
AT_MOST_ONCE = ("refer-to", "replaces", "expires")
MOST_HEADERS = 80

_REQUEST = re.compile(r"([A-Z]{3,20}) (\S{1,300}) SIP/2\.0")
_RESPONSE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) [^\x00-\x1f\x7f]{0,200}")
_HEADER = re.compile(r"([A-Za-z0-9!%*_+`'~.-]{1,60})[ \t]*:[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Z]{3,20})")
_URI = re.compile(
    r"sips?:(?:([A-Za-z0-9_.!~*'()&=+$,;?/%#-]{1,100})@)?([A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::[0-9]{1,5})?(?:;[^\s<>\"?]*)?(?:\?([^\s<>\"]*))?"
)
_QUOTED = r"\"(?:[^\"\\]|\\.)*\""
_MORE = rf"[ \t]*((?:;(?:[^<>,\"]|{_QUOTED})*)?)"
_NAMED = re.compile(rf"(?:{_QUOTED}|[A-Za-z0-9!%*_+`'~. -]*)[ \t]*<([^<>\"\s]+)>{_MORE}")
_BARE = re.compile(rf"([^<>\",;?\s]+){_MORE}")
_TAG = re.compile(r";[ \t]*tag[ \t]*=[ \t]*([A-Za-z0-9!%*_+`'~.-]{1,128})(?=[ \t]*(?:;|$))", re.IGNORECASE)
_USERNAME = re.compile(r"(?:^|[\s,])username[ \t]*=[ \t]*\"([^\"\\]*)\"", re.IGNORECASE)
_NAMES_USER = re.compile(r"username\*?[ \t]*=", re.IGNORECASE)


class NotSip(ValueError):
    """What came is not SIP as we read it; the message says what is wrong, never who sent it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A name-addr or addr-spec of From, To, Contact, Refer-To. user: as written; uri_headers: after `?`; tag: or ""."""

    user: str
    host: str
    uri_headers: str = ""
    tag: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SipMessage:
    """method: of a request, "" of a response; code: of a response, 0 of a request. headers: (long name, value)."""

    method: str
    uri: str
    code: int
    headers: tuple[tuple[str, str], ...]
    sender: Address
    receiver: Address
    call_id: str
    cseq: int
    cseq_method: str

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, by its long name in small letters."""
        return tuple(value for known, value in self.headers if known == name)

    @property
    def exchange(self) -> tuple[str, int, str]:
        """What a response shares with its request."""
        return self.call_id, self.cseq, self.cseq_method


def parse(text: str) -> SipMessage:
    """One whole message. Raises NotSip."""
    head, end, body = text.partition("\r\n\r\n")
    if not end or "\x00" in text:
        raise NotSip("no end of the headers")
    first, *lines = head.split("\r\n")
    if len(lines) > MOST_HEADERS:
        raise NotSip("too many headers")
    headers = tuple(_header(line) for line in lines)
    names = [name for name, _ in headers]
    for name in ONCE:
        if names.count(name) != 1:
            raise NotSip(f"{name} is not there once")
    if any(names.count(name) > 1 for name in AT_MOST_ONCE) or "via" not in names:
        raise NotSip("a header too many or none")
    found = dict(headers)
    if found["content-length"] != str(len(body.encode())):
        raise NotSip("the length is not the body's")
    request, response = _REQUEST.fullmatch(first), _RESPONSE.fullmatch(first)
    cseq = _CSEQ.fullmatch(found["cseq"])
    if not cseq or (request is None) == (response is None) or (request and request[1] != cseq[2]):
        raise NotSip("first line or CSeq")
    if not found["call-id"] or len(found["call-id"]) > 256 or any(c.isspace() for c in found["call-id"]):
        raise NotSip("call-id")
    return SipMessage(
        method=request[1] if request else "",
        uri=request[2] if request else "",
        code=int(response[1]) if response else 0,
        headers=headers,
        sender=address(found["from"]),
        receiver=address(found["to"]),
        call_id=found["call-id"],
        cseq=int(cseq[1]),
        cseq_method=cseq[2],
    )


def address(value: str) -> Address:
    """One address of a header. Raises NotSip, also for two of them."""
    found = _NAMED.fullmatch(value.strip(" \t")) or _BARE.fullmatch(value.strip(" \t"))
    if not found:
        raise NotSip("an address")
    more = re.sub(_QUOTED, '""', found[2])
    tags = _TAG.findall(more)
    if len(tags) != len(re.findall(r";[ \t]*tag\b", more, re.IGNORECASE)) or len(tags) > 1:
        raise NotSip("a tag")
    user, host, uri_headers = uri(found[1])
    return Address(user=user, host=host, uri_headers=uri_headers, tag=tags[0] if tags else "")


def uri(text: str) -> tuple[str, str, str]:
    """User, host and headers of a sip: address. Raises NotSip."""
    found = _URI.fullmatch(text)
    if not found:
        raise NotSip("a uri")
    return found[1] or "", found[2], found[3] or ""


def digest_user(value: str) -> str:
    """Whose password an Authorization header is made of. Raises NotSip unless it names exactly one."""
    users = _USERNAME.findall(value)
    if not value.lower().startswith("digest ") or len(users) != 1 or len(_NAMES_USER.findall(value)) != 1:
        raise NotSip("an authorization")
    return str(users[0])


def refusal(request: SipMessage, code: int, reason: str, more: Mapping[str, str]) -> str:
    """An answer to a request that never reaches the PBX. more: headers of our own."""
    kept = [(name, value) for name, value in request.headers if name in ("via", "from", "call-id", "cseq")]
    to = next(value for name, value in request.headers if name == "to")
    tagged = to if request.receiver.tag else f"{to};tag=door"
    headers = (*kept, ("to", tagged), *more.items(), ("content-length", "0"))
    return "\r\n".join([f"SIP/2.0 {code} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""])


def _header(line: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if not found:
        raise NotSip("a header")
    name = found[1].lower()
    return COMPACT.get(name, name), found[2].rstrip(" \t")
