"""SIP messages as the lab's phones need them (RFC 3261, 2617, 4566): read, written, answered. No I/O, no state."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, REFER, UPDATE"
_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    480: "Temporarily Unavailable",
    481: "Call Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    603: "Decline",
}


@dataclass(kw_only=True, slots=True)
class Message:
    """A request (start: method and target) or a response (start: SIP/2.0, code, reason). Header names in lower case."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def code(self) -> int:
        """Status code of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The request's method; for a response that of the request it answers."""
        return self.get("cseq").split()[-1] if self.code else self.start.split()[0]

    def get(self, name: str) -> str:
        """The first header of this name, empty when missing."""
        return next((value for key, value in self.headers if key == name), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def write(self) -> bytes:
        body = self.body.encode()
        lines = [
            self.start,
            *(f"{_title(key)}: {value}" for key, value in self.headers),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


def read(datagram: bytes) -> Message | None:
    """A message from the wire, None for keep-alives and anything else."""
    head, _, body = datagram.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if not re.fullmatch(r"SIP/2\.0 [1-6]\d\d( .*)?|[A-Z]+ \S+ SIP/2\.0", start):
        return None
    headers = []
    for line in lines:
        key, colon, value = line.partition(":")
        name = key.strip().lower()
        if colon and name != "content-length":
            headers.append((_COMPACT.get(name, name), value.strip()))
    return Message(start=start, headers=headers, body=body)


def answer(
    request: Message, code: int, *, tag: str, extra: tuple[tuple[str, str], ...] = (), body: str = ""
) -> Message:
    """The response to a request, with our tag at To."""
    to = request.get("to")
    if "tag=" not in to and code != 100:
        to = f"{to};tag={tag}"
    headers = [("via", via) for via in request.every("via")]
    headers += [("record-route", route) for route in request.every("record-route")]
    headers += [("from", request.get("from")), ("to", to), ("call-id", request.get("call-id"))]
    headers += [("cseq", request.get("cseq")), *extra]
    return Message(start=f"SIP/2.0 {code} {REASONS.get(code, 'Refused')}", headers=headers, body=body)


def authorization(challenge: Message, *, user: str, secret: str, uri: str) -> tuple[str, str]:
    """Header that answers a digest challenge (MD5, qop=auth): the name depends on who challenged."""
    proxy = challenge.code == 407
    fields = dict(
        re.findall(r'(\w+)="?([^",]*)"?', challenge.get("proxy-authenticate" if proxy else "www-authenticate"))
    )
    realm, nonce, cnonce = fields.get("realm", ""), fields.get("nonce", ""), secrets.token_hex(8)
    mine = _md5(f"{user}:{realm}:{secret}")
    asked = _md5(f"{challenge.method}:{uri}")
    digest = _md5(f"{mine}:{nonce}:00000001:{cnonce}:auth:{asked}")
    text = (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{digest}", algorithm=MD5'
    )
    opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
    return (
        "proxy-authorization" if proxy else "authorization",
        f'{text}, qop=auth, nc=00000001, cnonce="{cnonce}"{opaque}',
    )


def offer(host: str, port: int, *, direction: str = "sendrecv") -> str:
    """SDP for one ulaw audio stream with DTMF."""
    number = secrets.randbelow(10**9)
    lines = ["v=0", f"o=lab {number} {number} IN IP4 {host}", "s=lab", f"c=IN IP4 {host}", "t=0 0"]
    lines += [
        f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=ptime:20",
    ]
    return "\r\n".join([*lines, f"a={direction}", ""])


def media(sdp: str) -> tuple[str, int] | None:
    """Where the other side wants its audio, None when it offers none."""
    host = re.search(r"(?m)^c=IN IP4 (\S+)", sdp)
    port = re.search(r"(?m)^m=audio (\d+)", sdp)
    return (host[1], int(port[1])) if host and port and port[1] != "0" else None


def user_of(address: str) -> str:
    """The user part of a name-addr: sip:79355550101@host -> 79355550101."""
    found = re.search(r"sips?:([^@;>]+)@", address)
    return found[1] if found else ""


def name_of(address: str) -> str:
    """The display name of a name-addr, empty when there is none."""
    found = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<', address)
    return re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2]) if found else ""


def uri_of(address: str) -> str:
    """The bare URI of a name-addr."""
    found = re.search(r"<([^>]+)>", address)
    return found[1] if found else address.split(";")[0].strip()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _title(name: str) -> str:
    special = {"cseq": "CSeq", "call-id": "Call-ID", "www-authenticate": "WWW-Authenticate"}
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))
