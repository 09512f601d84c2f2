"""The line of one lab phone: registration, one call at a time, its audio, on a thread of its own.

Everything that SIP demands of a phone is here; what a person does with it is in phones.py. State changes only under
`_changed`, so commands may come from any thread.
"""

from __future__ import annotations

import secrets
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from lab import sip
from lab.audio import Audio, udp_socket
from lab.errors import LabError
from lab.pbx import device_secret
from lab.settings import HOST

State = Literal["idle", "ringing", "calling", "talking"]
REGISTER_S = 120
RETRY_S = 0.5
SIGN_OFF_S = 5.0  # for a PBX that is alive
PATIENCE_S = 30.0  # of who waits: no promise of anybody's


@dataclass(kw_only=True, slots=True)
class Dialog:
    """One call. remote/local: From and To with tags as they stand in our own requests."""

    call_id: str
    local: str
    remote: str
    target: str
    tag: str
    invite: sip.Message
    incoming: bool
    route: tuple[str, ...] = ()
    cseq: int = 1
    audio: tuple[str, int] | None = None
    changes: dict[int, int] = field(default_factory=dict)  # our re-INVITEs: CSeq -> final answer, 0 until it comes
    given_up: bool = False  # our own, before it was answered


class Line:
    """A registered SIP line. See Phone for its settings."""

    def __init__(
        self,
        endpoint: str,
        pbx_port: int,
        *,
        ring_ms: int | None = None,
        refuse: int | None = None,
        forward: str = "",
        port: int = 0,
        trunk: bool = False,
        user_agent: str = "Trubka lab phone",
        secret: str = "",
    ) -> None:
        self.endpoint = endpoint
        self.ring_ms = ring_ms
        self.refuse = refuse
        self.forward = forward
        self.state: State = "idle"
        self.calls: list[sip.Message] = []  # every INVITE that reached the phone, oldest first
        self.last_code = 0  # final answer to our own last call
        self._pbx = (HOST, pbx_port)
        self._trunk = trunk
        self._user_agent = user_agent
        self._secret = secret or device_secret(endpoint)
        self._sip = udp_socket(port)
        self.audio = Audio()
        self._dialog: Dialog | None = None
        self._registered = trunk
        self._register_at = 0.0
        self._registration = (secrets.token_hex(12), secrets.token_hex(6))
        self._register_cseq = 0
        self._wanted_expires = REGISTER_S  # 0: it signs off
        self._answer_at: float | None = None
        self._unanswered: tuple[bytes, tuple[str, int], float] | None = None
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name=f"phone {endpoint}", daemon=True)

    # What every line can do ---------------------------------------------------------------------------------------
    def start(self, *, within_s: float = PATIENCE_S) -> Self:
        """Switch on and wait for the registration. Raises LabError when the PBX does not accept the phone."""
        self._thread.start()
        self.wait(lambda line: line._registered, within_s=within_s, otherwise="is not registered")
        return self

    def stop(self) -> None:
        """Hang up, sign off and switch off."""
        if not self._thread.is_alive():
            return
        with self._changed:
            if self._dialog:
                self.hang_up()
            if not self._trunk:
                self._register(expires=0)  # again each second: what is left on the PBX would be rung in the next test
                self._changed.wait_for(lambda: not self._registered, timeout=SIGN_OFF_S)
            self._stopping = True
        self._thread.join(5)
        self._sip.close()
        self.audio.socket.close()

    def answer(self) -> None:
        """Lift the handset of the ringing phone. Raises LabError when it is not ringing."""
        with self._changed:
            dialog = self._expect("ringing")
            body = sip.offer(HOST, self.audio.port)
            self._respond(dialog.invite, 200, body=body)
            self._to("talking")

    def decline(self, code: int = 603) -> None:
        """Refuse the ringing call."""
        with self._changed:
            self._respond(self._expect("ringing").invite, code)
            self._over()

    def hang_up(self) -> None:
        """End whatever the phone is doing: talk, ringing or an own call that is not yet answered."""
        with self._changed:
            if self._dialog is None:
                raise LabError(f"phone {self.endpoint} has no call to end")
            if self.state == "ringing":
                self.decline(480)
            elif self.state == "calling":
                self._cancel(self._dialog)
            else:
                self._request("BYE", self._dialog)
                self._over()

    def wait(self, true: State | Callable[[Self], bool], *, within_s: float = PATIENCE_S, otherwise: str = "") -> None:
        """Block until the phone is in a state, or a condition on it holds. Raises LabError after within_s."""

        def holds() -> bool:
            return true(self) if callable(true) else self.state == true

        with self._changed:
            if not self._changed.wait_for(holds, timeout=within_s):
                what = otherwise or f"is {self.state}, not {true if isinstance(true, str) else 'as awaited'}"
                raise LabError(f"phone {self.endpoint} {what} after {within_s:g} s")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # The thread ---------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        while not self._stopping:
            with self._changed:
                self._on_time(time.monotonic())
                pause = 0.01 if self.state == "talking" else 0.05
            ready, _, _ = select.select([self._sip, self.audio.socket], [], [], pause)
            for one in ready:
                try:
                    datagram = one.recv(65_536)
                except OSError:  # the other side's port is closed: ICMP comes back as an error of this socket
                    continue
                with self._changed:
                    self._on_datagram(one, datagram)
                    self._changed.notify_all()

    def _on_time(self, now: float) -> None:
        if not self._trunk and now >= self._register_at:
            self._register(expires=self._wanted_expires)
        if self._unanswered and now >= self._unanswered[2]:
            datagram, address, _ = self._unanswered
            self._sip.sendto(datagram, address)
            self._unanswered = (datagram, address, now + RETRY_S)
        if self.state == "ringing" and self._answer_at is not None and now >= self._answer_at:
            self.answer()
        if self.state == "talking" and self._dialog and self._dialog.audio:
            self.audio.speak(self._dialog.audio, now)

    def _on_datagram(self, one: socket.socket, datagram: bytes) -> None:
        if one is self.audio.socket:
            self.audio.hear(datagram)
            return
        message = sip.read(datagram)
        if message is None:
            return
        if message.code:
            self._on_response(message)
        else:
            self._on_request(message)

    def _on_request(self, request: sip.Message) -> None:
        dialog = self._dialog
        ours = dialog is not None and request.get("call-id") == dialog.call_id
        if request.method == "ACK":
            self._unanswered = None
        elif request.method == "INVITE":
            self._on_invite(request, dialog if ours else None)
        elif request.method in ("BYE", "CANCEL"):
            self._respond(request, 200 if ours else 481)
            if ours and dialog:
                if request.method == "CANCEL" and self.state == "ringing":
                    self._respond(dialog.invite, 487)
                self._over()
        elif request.method in ("OPTIONS", "INFO", "NOTIFY", "UPDATE"):
            self._respond(request, 200)
            if ours and dialog and request.method == "NOTIFY" and request.body.startswith("SIP/2.0 2"):
                self.hang_up()  # our transfer has come through; the PBX waits for the transferer to leave
        else:
            self._respond(request, 481)

    def _on_invite(self, invite: sip.Message, dialog: Dialog | None) -> None:
        if dialog:  # sent again, or a change of the talk's media
            if self.state == "talking":
                dialog.audio = sip.media(invite.body) or dialog.audio
                self._respond(invite, 200, body=sip.offer(HOST, self.audio.port))
            return
        if self._dialog:
            self._respond(invite, 486)
            return
        self.calls.append(invite)
        if self.refuse or self.forward:
            self._respond(invite, self.refuse or 302)
            return
        tag = secrets.token_hex(6)
        self._dialog = Dialog(
            call_id=invite.get("call-id"),
            local=f"{invite.get('to')};tag={tag}",
            remote=invite.get("from"),
            target=sip.uri_of(invite.get("contact")),
            tag=tag,
            invite=invite,
            incoming=True,
            route=tuple(invite.every("record-route")),
            audio=sip.media(invite.body),
        )
        self._respond(invite, 180)
        self._answer_at = None if self.ring_ms is None else time.monotonic() + self.ring_ms / 1000
        self._to("ringing")

    def _on_response(self, response: sip.Message) -> None:
        if response.method == "REGISTER":
            self._on_registered(response)
            return
        dialog = self._dialog
        if dialog is None or response.get("call-id") != dialog.call_id or response.method != "INVITE":
            return
        self._unanswered = None
        if response.code < 200:
            return
        number = int(response.get("cseq").split()[0])
        if number in dialog.changes:
            dialog.changes[number] = response.code
        if response.code in (401, 407) and self.state == "calling":
            self._ack(dialog, response)
            self._call_again(dialog, response)
        elif response.code < 300:
            dialog.remote = response.get("to")
            dialog.target = sip.uri_of(response.get("contact")) or dialog.target
            dialog.audio = sip.media(response.body) or dialog.audio
            self._request("ACK", dialog, cseq=number)
            self.last_code = response.code
            self._to("talking")
            if dialog.given_up:  # the answer and our CANCEL have crossed
                self.hang_up()
        else:
            self._ack(dialog, response)
            if number not in dialog.changes:  # a refused change leaves the talk as it was
                self.last_code = response.code
                self._over()

    def _call_again(self, dialog: Dialog, challenge: sip.Message) -> None:
        dialog.cseq += 1
        invite = self._message(
            "INVITE", dialog.target, local=dialog.local, remote=dialog.remote, call_id=dialog.call_id, cseq=dialog.cseq
        )
        header = sip.authorization(challenge, user=self.endpoint, secret=self._secret, uri=dialog.target)
        invite.headers += [header, ("contact", self._contact()), ("content-type", "application/sdp")]
        invite.body = dialog.invite.body
        dialog.invite = invite
        self._send_until_answered(invite)

    # Words on the wire ----------------------------------------------------------------------------------------------
    def _register(self, *, expires: int, challenge: sip.Message | None = None) -> None:
        call_id, tag = self._registration
        self._register_cseq += 1
        own, uri = f"<sip:{self.endpoint}@{HOST}>", f"sip:{HOST}:{self._pbx[1]}"
        message = self._message(
            "REGISTER", uri, local=f"{own};tag={tag}", remote=own, call_id=call_id, cseq=self._register_cseq
        )
        message.headers += [("contact", self._contact()), ("expires", str(expires))]
        if challenge:
            message.headers.append(sip.authorization(challenge, user=self.endpoint, secret=self._secret, uri=uri))
        self._wanted_expires = expires
        self._register_at = time.monotonic() + 1.0  # asked again every second until there is an answer
        self._sip.sendto(message.write(), self._pbx)

    def _on_registered(self, response: sip.Message) -> None:
        if response.code in (401, 407):
            if int(response.get("cseq").split()[0]) == self._register_cseq:
                self._register(expires=self._wanted_expires, challenge=response)
        elif response.code == 200:
            self._registered = self._wanted_expires > 0
            self._register_at = time.monotonic() + REGISTER_S / 2

    def _respond(self, request: sip.Message, code: int, *, body: str = "") -> None:
        tag = self._dialog.tag if self._dialog else secrets.token_hex(6)
        contact = f"<sip:{self.forward}@{HOST}:{self._pbx[1]}>" if code == 302 else self._contact()
        extra: tuple[tuple[str, str], ...] = (("contact", contact), ("user-agent", self._user_agent))
        if body:
            extra = (*extra, ("content-type", "application/sdp"), ("allow", sip.ALLOW))
        response = sip.answer(request, code, tag=tag, extra=extra, body=body)
        if request.method == "INVITE" and code >= 200 and self._dialog:
            self._send_until_answered(response)
        else:
            self._sip.sendto(response.write(), self._pbx)

    def _request(
        self,
        method: str,
        dialog: Dialog,
        *,
        cseq: int = 0,
        direction: str = "",
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if not cseq:
            dialog.cseq += 1
        message = self._message(
            method,
            dialog.target,
            local=dialog.local,
            remote=dialog.remote,
            call_id=dialog.call_id,
            cseq=cseq or dialog.cseq,
        )
        message.headers += [*(("route", route) for route in dialog.route), *extra, ("contact", self._contact())]
        if direction:
            message.headers.append(("content-type", "application/sdp"))
            message.body = sip.offer(HOST, self.audio.port, direction=direction)
        self._sip.sendto(message.write(), self._pbx)

    def _cancel(self, dialog: Dialog) -> None:
        """CANCEL carries the INVITE's own Via and number; the 487 that follows ends the call."""
        copied = [(k, v) for k, v in dialog.invite.headers if k in ("via", "from", "to", "call-id", "max-forwards")]
        number = dialog.invite.get("cseq").split()[0]
        dialog.given_up = True
        message = sip.Message(start=f"CANCEL {dialog.target} SIP/2.0", headers=[*copied, ("cseq", f"{number} CANCEL")])
        self._unanswered = None
        self._sip.sendto(message.write(), self._pbx)

    def _ack(self, dialog: Dialog, refusal: sip.Message) -> None:
        """Acknowledge a refusal: part of the INVITE's own transaction, hence its Via, which came back to us."""
        copied = [(name, refusal.get(name)) for name in ("via", "from", "call-id")]
        number = refusal.get("cseq").split()[0]
        headers = [*copied, ("max-forwards", "70"), ("to", refusal.get("to")), ("cseq", f"{number} ACK")]
        self._sip.sendto(sip.Message(start=f"ACK {dialog.target} SIP/2.0", headers=headers).write(), self._pbx)

    def _message(self, method: str, uri: str, *, local: str, remote: str, call_id: str, cseq: int) -> sip.Message:
        host, port = self._sip.getsockname()
        via = f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}"
        headers = [("via", via), ("max-forwards", "70"), ("from", local), ("to", remote), ("call-id", call_id)]
        headers += [("cseq", f"{cseq} {method}"), ("user-agent", self._user_agent)]
        return sip.Message(start=f"{method} {uri} SIP/2.0", headers=headers)

    def _send_until_answered(self, message: sip.Message) -> None:
        datagram = message.write()
        self._sip.sendto(datagram, self._pbx)
        self._unanswered = (datagram, self._pbx, time.monotonic() + RETRY_S)

    def _contact(self) -> str:
        host, port = self._sip.getsockname()
        return f"<sip:{self.endpoint}@{host}:{port}>"

    def _expect(self, state: State) -> Dialog:
        if self.state != state or self._dialog is None:
            raise LabError(f"phone {self.endpoint} is {self.state}, not {state}")
        return self._dialog

    def _over(self) -> None:
        if self._dialog and self._unanswered and not self._dialog.incoming:
            self._unanswered = None
        self._dialog = None
        self._answer_at = None
        self._to("idle")

    def _to(self, state: State) -> None:
        self.state = state
        self._changed.notify_all()
