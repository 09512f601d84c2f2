"""Letters as they come, for the tests of the mail."""

from __future__ import annotations

import hashlib
import time

from cti.channels.email.codec import read_letter
from cti.messages.letter import Letter

NOW = 1_790_000_000.0


class Kept(dict[str, bytes]):
    """The folder of letters' files, in memory."""

    def keep(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self[sha256] = content
        return sha256


def letter(raw: bytes | str, kept: Kept | None = None) -> Letter:
    """A letter read, in this process."""
    raw = raw.encode() if isinstance(raw, str) else raw
    return read_letter(raw, (Kept() if kept is None else kept).keep, size=len(raw), now=NOW)


def parts(*inside: str | bytes, kind: str = "mixed", head: str = "") -> bytes:
    """A letter of several parts, each with its own head."""
    mark = f"=_{time.monotonic_ns()}"
    out = f'{head}Content-Type: multipart/{kind}; boundary="{mark}"\n\n'.encode()
    for one in inside:
        out += f"--{mark}\n".encode() + (one.encode() if isinstance(one, str) else one) + b"\n"
    return out + f"--{mark}--\n".encode()


HEAD = (
    "From: =?utf-8?b?0JDQu9C10LrRgdC10Lk=?= <sales@alkhimov.example>\nTo: support@house.example\nSubject: s\n"
    "Message-ID: <1@alkhimov.example>\nDate: Thu, 10 Sep 2026 10:00:00 +0300\n"
)
