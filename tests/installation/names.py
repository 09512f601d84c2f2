"""A name server (RFC 1035) that can keep silent, and a resolv.conf of one program that names it. Needs root."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import struct
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HEAD = struct.Struct(">6H")
ANSWER, NO_SUCH_NAME = 0x8180, 0x8183
A, INTERNET = 1, 1


class NameServer(asyncio.DatagramProtocol):
    """On a loopback address of its own. known: IPv4 addresses by name; asked: the names, in order."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.silent = False
        self.asked: list[str] = []
        self.address = f"127.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}.53"
        self._wire: Any = None

    async def __aenter__(self) -> Self:
        there = (self.address, 53)
        self._wire, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=there)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._wire.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question, or keep silent."""
        number, _, _, _, _, _ = HEAD.unpack_from(data)
        name, at = _name(data)
        kind, _ = struct.unpack_from(">2H", data, at)
        question = data[HEAD.size : at + 4]
        self.asked.append(name)
        if self.silent:
            return
        known = self.known.get(name)
        answers = b""
        if known and kind == A:
            answers = struct.pack(">3HIH", 0xC00C, A, INTERNET, 0, 4) + ipaddress.IPv4Address(known).packed
        head = HEAD.pack(number, ANSWER if known else NO_SUCH_NAME, 1, 1 if answers else 0, 0, 0)
        self._wire.sendto(head + question + answers, addr)

    def within(self, folder: Path) -> list[str]:
        """The command that starts a program which asks this server only."""
        file = folder / "resolv.conf"
        file.write_text(f"nameserver {self.address}\n")
        given = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", given, str(file)]


def _name(data: bytes) -> tuple[str, int]:
    """The name that is asked for, and where its kind stands."""
    labels, at = [], HEAD.size
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
