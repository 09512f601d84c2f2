"""What systemd is told of the server (sd_notify(3)): that it serves, how it is, that its event loop turns.

Nothing is told where no NOTIFY_SOCKET is set: by hand and in a container all this is silent. The watchdog's beat comes
from the event loop and from nowhere else: a loop that hangs beats no more, and systemd starts the server anew.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping

BEATS = 3  # within the time that systemd waits for one
STATUS_S = 10.0  # how often the state is told where no watchdog is set


class ServiceManager:
    """systemd. environ: what it told this process (`settings.service_manager`)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        meant = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        usec = environ.get("WATCHDOG_USEC", "")
        self._beat_s = int(usec) / 1e6 / BEATS if meant and usec.isdecimal() and int(usec) else 0.0

    def tell(self, *lines: str) -> None:
        """Send lines as `READY=1`; never raises: a server without its manager goes on."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as wire:
                wire.sendto("\n".join(lines).encode(), address)
        except OSError:
            return

    async def keep_told(self, status: Callable[[], str]) -> None:
        """Beat and tell the state, one line, until cancelled; at once where nobody listens."""
        if not self._address:
            return
        while True:
            self.tell("WATCHDOG=1", f"STATUS={status()}")
            await asyncio.sleep(self._beat_s or STATUS_S)
