"""A phone's ear and mouth: silence or a voice in ulaw out, packets counted in (RFC 3550, 3551). Loopback only."""

from __future__ import annotations

import secrets
import socket
import struct

from lab.errors import LabError
from lab.settings import HOST

FRAME = b"\xff" * 160  # 20 ms of silence
FRAME_S = 0.02
HEADER = 12  # bytes of RTP before what is heard
MOST_KEPT = 8000 * 60
LATE_S = 0.1  # what is later than that is left out, not caught up with


class Audio:
    """One RTP socket. voice: ulaw to be said, from the next frame on; kept: what was heard, where somebody asked."""

    def __init__(self) -> None:
        self.socket = udp_socket(0)
        self.heard = 0
        self.voice = b""
        self.kept: bytearray | None = None
        self._source = secrets.randbits(32)
        self._number = secrets.randbelow(1000)
        self._next = 0.0
        self._to: tuple[str, int] | None = None

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def speak(self, to: tuple[str, int], now: float) -> None:
        """Send the next frame when it is due. now: monotonic seconds."""
        if now < self._next:
            return
        self._next = max(self._next + FRAME_S, now - LATE_S)
        self._to = to
        self._number += 1
        stamp = (self._number * 160) & 0xFFFFFFFF
        header = struct.pack("!BBHII", 0x80, 0, self._number & 0xFFFF, stamp, self._source)
        frame, self.voice = self.voice[: len(FRAME)] or FRAME, self.voice[len(FRAME) :]
        self.socket.sendto(header + frame.ljust(len(FRAME), b"\xff"), to)

    def press(self, key: str) -> None:
        """A key, as RFC 4733 says it: begun, and ended three times over. Nothing before there is a talk."""
        stamp = ((self._number + 1) * 160) & 0xFFFFFFFF
        for place in range(8):
            self._number += 1
            mark, end = (0x80, 0) if place == 0 else (0, 0x80 if place > 4 else 0)
            header = struct.pack("!BBHII", 0x80, mark | 101, self._number & 0xFFFF, stamp, self._source)
            event = struct.pack("!BBH", "0123456789*#".index(key), end | 10, min(place + 1, 6) * 160)
            if self._to is not None:
                self.socket.sendto(header + event, self._to)

    def hear(self, packet: bytes) -> None:
        """A packet came."""
        self.heard += 1
        if self.kept is not None and len(self.kept) < MOST_KEPT:
            self.kept += packet[HEADER:]


def udp_socket(port: int) -> socket.socket:
    """A UDP socket on loopback; port 0: any. Raises LabError when the port is taken."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.bind((HOST, port))
    except OSError:
        one.close()
        raise LabError(f"UDP port {port} is taken: stop the other lab, or set CTI_LAB_PORTS=SIP,HTTP,AMI") from None
    return one
