"""A manager connection that writes down everything it hears, and the numbers the scenarios call."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict

from lab.pbx import Pbx, wait_until
from tests.telephony.raw import messages

SALES, CLARA = "74950000001", "74950000002"
CLIENT = "79355550101"
QUIET_S, OPEN_QUIET_S = 0.3, 3.0  # after the last channel has ended, and before


class Recorder:
    """A signed-in manager connection that keeps every message after the sign-in."""

    def __init__(self, pbx: Pbx) -> None:
        self._socket = socket.create_connection(("127.0.0.1", pbx.ports.ami), timeout=5)
        self._socket.settimeout(None)
        self.send("Login", Username="trubka", Secret=pbx.secret_file.read_text(), Events="on")
        self._bytes = b""
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._read, name="recorder", daemon=True)
        self._thread.start()

    def send(self, action: str, **fields: str) -> None:
        """Send an action; its answer is recorded like all else."""
        lines = [f"Action: {action}", *(f"{key}: {value}" for key, value in fields.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def stop(self) -> list[dict[str, str]]:
        """Wait until nothing was said for a while; everything heard, from the first channel on."""
        while time.monotonic() - self._last < (OPEN_QUIET_S if self._open() else QUIET_S):
            time.sleep(0.05)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        heard = messages(self._bytes)
        return [item for item in heard if "Event" in item or item.get("Response") == "Error"]

    def hears(self, event: str, times: int = 1, *, within_s: float = 30.0) -> None:
        """Wait until an event has come so often."""
        wanted = f"Event: {event}\r\n".encode()
        wait_until(lambda: self._bytes.count(wanted) >= times, within_s, f"no {event}")

    def talking(self, *endpoints: str, within_s: float = 30.0) -> None:
        """Wait until channels of these endpoints are in one bridge, not alone: before, they have not talked."""

        def so() -> bool:
            bridges = [names for names in self._bridges().values() if len(names) > 1]
            return any(all(any(f"PJSIP/{one}-" in name for name in names) for one in endpoints) for names in bridges)

        wait_until(so, within_s, f"{endpoints} do not talk")

    def _bridges(self) -> dict[str, set[str]]:
        """The names of the channels in each bridge now."""
        found: dict[str, set[str]] = defaultdict(set)
        for item in messages(self._bytes.rpartition(b"\r\n\r\n")[0]):
            if item.get("Event") == "BridgeEnter":
                found[item["BridgeUniqueid"]].add(item["Channel"])
            elif item.get("Event") == "BridgeLeave":
                found[item["BridgeUniqueid"]].discard(item["Channel"])
        return found

    def _open(self) -> bool:
        """Whether a channel has not ended yet."""
        return self._bytes.count(b"Event: Newchannel\r\n") > self._bytes.count(b"Event: Hangup\r\n")

    def _read(self) -> None:
        while block := self._socket.recv(65536):
            self._bytes += block
            self._last = time.monotonic()


def channel_of(pbx: Pbx, endpoint: str) -> str:
    """The name of an endpoint's only channel."""
    listed = pbx.console("core show channels concise").splitlines()
    return next(line.split("!")[0] for line in listed if line.startswith(f"PJSIP/{endpoint}-"))
