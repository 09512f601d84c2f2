"""The wire of the manager interface on which what the PBX says comes twice, or goes lost in part."""

from __future__ import annotations

import asyncio
import random

from tests.e2e.proxy import Proxy

END = b"\r\n\r\n"
LOST = 0.5  # of the hang-ups


class ManagerWire(Proxy):
    """twice: each event comes again; loses: half of the Hangup events never come."""

    def __init__(self, target: int, chance: random.Random) -> None:
        super().__init__(target)
        self._chance = chance
        self.twice = False
        self.loses = False
        self.events = 0

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest, greeted = b"", False
        try:
            while data := await reader.read(65_536):
                if self.silent:
                    continue
                rest += data
                if not greeted and rest.startswith(b"Asterisk Call Manager") and b"\r\n" in rest:
                    line, _, rest = rest.partition(b"\r\n")
                    writer.write(line + b"\r\n")
                    greeted = True
                *whole, rest = rest.split(END)
                for one in whole:
                    writer.write(self._changed(one + END))
                await writer.drain()
        finally:
            writer.transport.abort()

    def _changed(self, frame: bytes) -> bytes:
        if not frame.startswith(b"Event: "):
            return frame
        self.events += 1
        if self.loses and frame.startswith(b"Event: Hangup\r\n") and self._chance.random() < LOST:
            return b""
        return frame * 2 if self.twice and b"\r\nActionID: " not in frame else frame
