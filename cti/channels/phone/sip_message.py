"""SIP messages as pyVoIP reads them, made to survive what a PBX and its callers may write.

pyVoIP 1.6.8 drops a whole INVITE for a name with ": " in it, for a compact or folded header, a latin-1 letter, a body
that it does not know: a caller could choose a name that no card ever comes for. So head and body are parted here, the
names of headers and of parties are read here, and its own reader gets the rest. Only the child process of `sip.py`
imports this.
"""

from __future__ import annotations

import re
from typing import Any

import pyVoIP.VoIP  # noqa: F401 - first: the modules of 1.6.8 import one another in a circle
from pyVoIP import SIP

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS")
LONGEST = 65_535
MOST_HEADERS = 200
COMPACT = {
    "i": "Call-ID", "m": "Contact", "e": "Content-Encoding", "l": "Content-Length", "c": "Content-Type", "f": "From",
    "s": "Subject", "k": "Supported", "t": "To", "v": "Via",
}  # fmt: skip
NAMES = {
    name.lower(): name
    for name in (
        *("Via", "From", "To", "CSeq", "Contact", "Call-ID", "Content-Type", "Content-Length", "Expires", "Reason"),
        *("WWW-Authenticate", "Authorization", "Min-Expires", "Record-Route", "Allow", "Supported"),
    )
}
_URI = re.compile(r"<\s*(?:sips?|tel):([^@;>?]*)@?([^;>?]*)[^>]*>|(?:sips?|tel):([^@;,\s]*)@?([^;,\s]*)", re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=\s*([^;,\s]+)", re.IGNORECASE)


class NotSip(ValueError):
    """What came is no SIP message, or none that can be answered."""


class Message(SIP.SIPMessage):
    """A request or a response. vias, reasons, challenges: Via, Reason and WWW-Authenticate as they came."""

    vias: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    method = ""
    code = 0

    def parse(self, data: bytes) -> None:
        """Read the head, and of a response the body. Raises NotSip."""
        head, _, body = data.partition(b"\r\n\r\n")
        unfolded = re.sub(r"\r\n[ \t]+", " ", _decoded(head))
        lines = [re.sub(r"[\r\n]", " ", line) for line in unfolded.split("\r\n")]
        self.heading = lines[0].encode()
        self._start(lines[0])
        headers = [_header(line) for line in lines[1 : MOST_HEADERS + 1] if ":" in line]
        try:
            self._read(headers)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise NotSip(str(error)) from error
        if missing := {"From", "To", "Call-ID", "CSeq"} - self.headers.keys():
            raise NotSip(f"without {', '.join(sorted(missing))}")
        if self.type == SIP.SIPMessageType.RESPONSE and body:
            self._body(_decoded(body))

    def _start(self, line: str) -> None:
        words = line.split(" ")
        if words[0] == "SIP/2.0" and len(words) > 1 and re.fullmatch(r"[1-6][0-9]{2}", words[1]):
            self.type, self.version, self.code = SIP.SIPMessageType.RESPONSE, words[0], int(words[1])
        elif len(words) == 3 and words[2] == "SIP/2.0" and re.fullmatch(r"[A-Z]{2,20}", words[0]):
            self.type, self.version, self.method = SIP.SIPMessageType.MESSAGE, words[2], words[0]
        else:
            raise NotSip("no start line")

    def _read(self, headers: list[tuple[str, str]]) -> None:
        self.reasons = tuple(value for name, value in headers if name == "Reason")
        self.challenges = tuple(value for name, value in headers if name == "WWW-Authenticate")
        self.vias = tuple(one.strip() for name, value in headers if name == "Via" for one in value.split(","))
        self.parse_header("Via", [re.sub(r"\s*;\s*", ";", via) for via in self.vias])
        for name, value in headers:
            if name not in self.headers and name not in ("Via", "WWW-Authenticate"):
                self.parse_header(name, value)
        for challenge in self.challenges:  # of several the first that this phone can answer
            self.parse_header("WWW-Authenticate", challenge)
            if self.authentication.get("algorithm", "MD5").upper() == "MD5":
                break

    def parse_header(self, header: str, data: Any) -> None:
        """As the library does, but From and To by their last address: a name may hold anything, an address too."""
        if header not in ("From", "To"):
            super().parse_header(header, data)
            return
        found = list(_URI.finditer(data))
        tag = _TAG.search(data, found[-1].end() if found else 0)
        raw = data[: tag.start()] if tag else data
        user, host = (found[-1][1] or found[-1][3], found[-1][2] or found[-1][4]) if found else ("", "")
        self.headers[header] = {
            "raw": raw.strip(),
            "tag": tag[1] if tag else "",
            "address": f"{user}@{host}" if host else user,
            "number": user,
            "caller": _unquoted(data[: found[-1].start()] if found and data[found[-1].start()] == "<" else ""),
            "host": host,
        }

    def _body(self, text: str) -> None:
        """As much of a description as the library understands."""
        self.headers.setdefault("Content-Type", "")
        for line in text.split("\r\n"):
            kind, equals, value = line.partition("=")
            if equals:
                try:
                    self.parse_body(kind, value)
                except (ValueError, IndexError, KeyError, TypeError, SIP.SIPParseError):
                    continue


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    name = name.strip().lower()
    full = COMPACT.get(name, name)
    return NAMES.get(full.lower(), full), value.strip()


def _decoded(data: bytes) -> str:
    """UTF-8, else cp1251 as old Russian PBXs write it; without control characters but the line ends."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1251", "replace")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", text)


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name.strip()
