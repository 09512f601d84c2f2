"""Questions and answers between the server and the process that reads letters: a kind, a length, msgpack."""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

from cti.channels.letters import Showing

LETTER_BYTES = 36 << 20  # of one letter: 25 MiB of files as letters carry them
HEAD = struct.Struct(">cI")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question. read: the path of a letter; else a letter that is to be shown."""

    read: str = ""
    show: Showing | None = None


def framed(kind: bytes, body: bytes) -> bytes:
    """A frame."""
    return HEAD.pack(kind, len(body)) + body


def next_frame(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame of a pipe; None at its end."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, size = HEAD.unpack(head)
    body = pipe.read(size)
    return (kind, body) if len(body) == size else None
