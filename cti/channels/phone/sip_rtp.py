"""The voice of a test call: pyVoIP's RTP, which says nothing and keeps nothing.

pyVoIP 1.6.8 writes what it hears at the place its time stamp names: one packet of a stranger took a gigabyte, and an
hour of talk 79 MiB. A test call need not listen, so what comes is counted where it is from the PBX, and dropped.
"""

from __future__ import annotations

import socket
import time

from pyVoIP import RTP


class Voice(RTP.RTPClient):
    """One talk's audio. heard: packets of the other side; strangers: of anybody else."""

    heard = 0
    strangers = 0

    def recv(self) -> None:
        """Count until stopped; nothing that comes can end it."""
        while self.NSD:
            try:
                _, (address, _port) = self.sin.recvfrom(2048)
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                if self.sin.fileno() == -1:
                    return
                time.sleep(0.02)
            else:
                self.heard += address == self.outIP
                self.strangers += address != self.outIP


def free_port(address: str) -> int:
    """A port for the audio, even as the standard wishes, free at this moment."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            port = int(probe.getsockname()[1])
            if port % 2 == 0:
                return port
    return port
