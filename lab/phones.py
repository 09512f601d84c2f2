"""Desk phones of the lab: they register, ring, and do what a person would, when a test or a clock says so.

A phone is one thread with one SIP and one RTP socket on loopback. Commands may come from any thread; `wait` blocks,
so asynchronous tests call it through asyncio.to_thread. One call at a time, as on a simple desk phone.
"""

from __future__ import annotations

import secrets

from lab import sip
from lab.errors import LabError
from lab.line import Dialog, Line
from lab.settings import HOST


class Phone(Line):
    """A phone at an endpoint of the lab's PBX. A context manager: registered on entry, gone on exit.

    ring_ms: answer by itself after so long; None: ring until told. refuse: 486 busy or 603 decline at once.
    forward: a number that callers are sent to (302).
    trunk=True: the outside world instead: no registration, answers at `port` whatever is dialled.
    """

    def dial(self, number: str, *, caller: str = "", name: str = "") -> None:
        """Call a number; `state` tells what becomes of it. caller, name: what From shows instead of our own."""
        with self._changed:
            if self._dialog:
                raise LabError(f"phone {self.endpoint} is in a call")
            tag, uri = secrets.token_hex(6), f"sip:{number}@{HOST}:{self._pbx[1]}"
            shown = f'"{name}" ' if name else ""
            local = f"{shown}<sip:{caller or self.endpoint}@{HOST}>;tag={tag}"
            invite = self._message("INVITE", uri, local=local, remote=f"<{uri}>", call_id=secrets.token_hex(12), cseq=1)
            invite.headers += [("contact", self._contact()), ("content-type", "application/sdp")]
            invite.body = sip.offer(HOST, self.audio.port)
            self.last_code = 0
            self._dialog = Dialog(
                call_id=invite.get("call-id"),
                local=local,
                remote=f"<{uri}>",
                target=uri,
                tag=tag,
                invite=invite,
                incoming=False,
            )
            self._send_until_answered(invite)
            self._to("calling")

    def leave(self) -> None:
        """Hang up unless the call has ended by itself; done when the phone is free for the next one."""
        with self._changed:
            if self._dialog and not self._dialog.given_up:
                self.hang_up()
            self.wait("idle")

    def hold(self, on: bool = True) -> None:
        """Put the talk on hold, or take it back; done when the PBX has agreed. Raises LabError when it refuses."""
        with self._changed:
            dialog = self._expect("talking")
            self._request("INVITE", dialog, direction="sendonly" if on else "sendrecv")
            number = dialog.cseq
            dialog.changes[number] = 0
            self.wait(lambda _: dialog.changes[number] > 0, otherwise="had no answer to its hold")
            if dialog.changes[number] >= 300:
                raise LabError(f"phone {self.endpoint}: hold was refused with {dialog.changes[number]}")

    def transfer(self, number: str) -> None:
        """Blind transfer: send the other party to a number; the PBX then ends our leg."""
        with self._changed:
            to = ("refer-to", f"<sip:{number}@{HOST}:{self._pbx[1]}>")
            self._request(
                "REFER", self._expect("talking"), extra=(to, ("referred-by", f"<sip:{self.endpoint}@{HOST}>"))
            )

    def transfer_to(self, other: Phone) -> None:
        """Attended transfer by REFER: our other party and that of `other`, our second line, become one call."""
        with other._changed:
            theirs = other._expect("talking")
            far = theirs.remote.rpartition("tag=")[2].partition(";")[0]
            replaces = f"{theirs.call_id}%3Bto-tag%3D{far}%3Bfrom-tag%3D{theirs.tag}"
            target = theirs.target
        with self._changed:
            to = ("refer-to", f"<{target}?Replaces={replaces}>")
            self._request(
                "REFER", self._expect("talking"), extra=(to, ("referred-by", f"<sip:{self.endpoint}@{HOST}>"))
            )

    @property
    def heard(self) -> int:
        """Audio packets received since the phone was made."""
        return self.audio.heard

    @property
    def caller(self) -> tuple[str, str]:
        """Number and name shown by the last call that reached the phone. Raises LabError before the first."""
        if not self.calls:
            raise LabError(f"phone {self.endpoint} was never called")
        shown = self.calls[-1].get("from")
        return sip.user_of(shown), sip.name_of(shown)
