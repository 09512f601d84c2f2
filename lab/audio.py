"""A phone's ear and mouth: silence in ulaw out, packets counted in (RFC 3550, 3551). Loopback only."""

from __future__ import annotations

import secrets
import socket
import struct

from lab.errors import LabError
from lab.settings import HOST

FRAME = b"\xff" * 160  # 20 ms of silence
FRAME_S = 0.02
LATE_S = 0.1  # what is later than that is left out, not caught up with


class Audio:
    """One RTP socket."""

    def __init__(self) -> None:
        self.socket = udp_socket(0)
        self.heard = 0
        self._source = secrets.randbits(32)
        self._number = secrets.randbelow(1000)
        self._next = 0.0

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def speak(self, to: tuple[str, int], now: float) -> None:
        """Send the next frame when it is due. now: monotonic seconds."""
        if now < self._next:
            return
        self._next = max(self._next + FRAME_S, now - LATE_S)
        self._number += 1
        stamp = (self._number * 160) & 0xFFFFFFFF
        header = struct.pack("!BBHII", 0x80, 0, self._number & 0xFFFF, stamp, self._source)
        self.socket.sendto(header + FRAME, to)


def udp_socket(port: int) -> socket.socket:
    """A UDP socket on loopback; port 0: any. Raises LabError when the port is taken."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.bind((HOST, port))
    except OSError:
        one.close()
        raise LabError(f"UDP port {port} is taken: stop the other lab, or set CTI_LAB_PORTS=SIP,HTTP,AMI") from None
    return one
