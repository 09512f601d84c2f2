"""A line's registration, for ever: renewed in time, an absent PBX asked again, a refusal not hammered.

pyVoIP gives up after three failures, asks four times in a second when it is refused, and renews every 115 s whatever
it was granted. Here: at RENEW of the granted time; while the PBX is away after 1, 2, 4, ... QUIET_CAP_S; after a
refusal in REFUSED_S, so at most four tries in ten minutes. Source: RFC 3261 10; 423 and Min-Expires 10.3.
"""

from __future__ import annotations

import contextlib
import random
import re
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from cti.channels.phone.sip_message import Message, NotSip
from cti.channels.phone.sip_timing import (
    EXPIRES_S,
    LONGEST_EXPIRES_S,
    RENEW,
    SHORTEST_S,
    SIGN_OFF_S,
    T1,
    Timing,
)

Tell = Callable[[dict[str, Any]], None]


class Registration:
    """state: "", down, up or refused. due: when the next thing happens (monotonic). pauses: failures in a row."""

    def __init__(self, line: Any, tell: Tell, send: Callable[[str], None], timing: Timing) -> None:
        self._line, self._tell, self._send, self._timing = line, tell, send, timing
        self.state = ""
        self.due = 0.0
        self.pauses = 0
        self._request = self._call_id = ""
        self._sent = self._again_at = 0.0
        self._signed = 0  # answers to challenges sent in this try
        self._lengthened = False  # asked for a longer time, as the PBX wished

    def on_time(self, now: float) -> bool:
        """Begin a try, or repeat its request; True when it was waited for long enough."""
        if self._request and now - self._sent > self._timing.register_s:
            return True
        if self._request and now >= self._again_at:
            self._send(self._request)
            self._again_at = now + 2 * T1
        elif not self._request and now >= self.due:
            self._signed, self._lengthened, self._sent = 0, False, now
            self._ask(self._line.gen_first_response(), now)
        return False

    def answered(self, message: Message, now: float) -> str:
        """An answer to REGISTER. Returns why the PBX is as good as away, "" otherwise."""
        code = message.code
        if message.headers["Call-ID"] != self._call_id or not self._request or code < 200:
            return ""
        asked = message.authentication
        if code == 401 and asked.get("algorithm", "MD5").upper() != "MD5":
            self._refused("the PBX asks for a way to sign in that this phone does not know (not MD5)", now)
        elif code == 401 and asked.get("nonce") and self._may_sign(asked.get("stale", "")):
            self._signed += 1
            self._ask(self._line.gen_register(message), now)
        elif code == 423 and not self._lengthened:
            self._lengthened, self._signed = True, 0
            wished = _seconds(message.headers.get("Min-Expires"), EXPIRES_S)
            self._line.default_expires = min(max(wished, EXPIRES_S), LONGEST_EXPIRES_S)
            self._ask(self._line.gen_first_response(), now)
        elif code == 200:
            granted = granted_s(message, self._line.username, self._line.default_expires)
            self._request, self.pauses = "", 0
            self.due = now + max(granted * RENEW, SHORTEST_S)
            self._become("up", "")
        elif 500 <= code < 600:
            return f"the PBX answers {code}"
        else:
            self._refused(f"the PBX refuses extension {self._line.username} ({code}): check extension and secret", now)
        return ""

    def away(self, why: str, now: float) -> bool:
        """The PBX cannot be reached: another try after a pause. False when it is not asked now anyway."""
        if not self._request and now < self.due:
            return False
        pause = min(self._timing.quiet_s * 2**self.pauses, self._timing.quiet_cap_s)
        self._request, self.pauses = "", min(self.pauses + 1, 16)
        self.due = now + pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreading, not secrecy
        self._become("down", why)
        return True

    def sign_off(self, sock: socket.socket) -> None:
        """Tell the PBX not to ring here any more; its challenge is answered once."""
        if self.state != "up":
            return
        self._ask(self._line.gen_first_response(deregister=True), time.monotonic())
        end = time.monotonic() + SIGN_OFF_S
        while time.monotonic() < end:
            if select.select([sock], [], [], 0.1)[0]:
                with contextlib.suppress(NotSip, ValueError):
                    message = Message(sock.recv(65_535))
                    if message.code == 401 and message.authentication.get("nonce"):
                        self._send(self._line.gen_register(message, deregister=True))
                        return

    def _may_sign(self, stale: str) -> bool:
        return self._signed == 0 or (self._signed == 1 and stale.lower() == "true")

    def _ask(self, request: str, now: float) -> None:
        self._request = request
        self._call_id = re.search(r"\r\nCall-ID: ([^\r]+)", request)[1]  # type: ignore[index]
        self._again_at = now + T1
        self._send(request)

    def _refused(self, why: str, now: float) -> None:
        self._request, self.due = "", now + self._timing.refused_s
        self._become("refused", why)

    def _become(self, state: str, why: str) -> None:
        if state != self.state:
            self.state = state
            self._tell({"kind": "line", "state": state, "detail": why})


def granted_s(message: Message, extension: str, asked: int) -> int:
    """For how long the registrar keeps us: our own contact's time, else that of all."""
    contacts = [one for one in str(message.headers.get("Contact", "")).split(",") if f"sip:{extension}@" in one]
    found = re.search(r";\s*expires=(\d{1,7})", " ".join(contacts), re.IGNORECASE)
    return int(found[1]) if found else _seconds(message.headers.get("Expires"), asked)


def _seconds(value: Any, otherwise: int) -> int:
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 8 else otherwise
