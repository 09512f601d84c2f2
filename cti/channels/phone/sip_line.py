"""One extension at a PBX: registers, rings along without ever answering, places a test call. pyVoIP, mended.

Its generators, its digest, its reader and its RTP are pyVoIP's; the state machines are ours, for its own never answer
OPTIONS, ring on after CANCEL, stay in a call that was refused, take a thread and a port for each INVITE and believe
everybody (each fault has its test in tests/channels). Rules kept here: the socket is connected, so the kernel drops
what is not from the registrar's address; one thread for each line and none for a call; at most MOST_RINGING calls at
once; each wait has its end. Source: RFC 3261 (9 for CANCEL, 17.2.1 with timers G and H for its 487).
"""

from __future__ import annotations

import contextlib
import re
import secrets
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pyVoIP.VoIP  # noqa: F401 - first: the modules of 1.6.8 import one another in a circle
from pyVoIP import SIP

from cti.channels.phone.sip_call import Trial
from cti.channels.phone.sip_message import METHODS, Message, NotSip
from cti.channels.phone.sip_registration import Registration
from cti.channels.phone.sip_timing import EXPIRES_S, T1, Timing

MOST_RINGING = 20
TICK_S = 0.25
NUMBER = re.compile(r"[0-9A-Za-z*#+_.-]{1,40}")

Tell = Callable[[dict[str, Any]], None]


@dataclass(kw_only=True, slots=True)
class Ring:
    """A call that rings here. over_at: when it was cancelled (monotonic); then its 487 is repeated until the ACK."""

    call: str
    invite: Message
    tag: str
    began: float
    answer: str
    over_at: float | None = None
    again_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where the line is and as whom. watch: registers and rings along; else it only places calls."""

    name: str
    host: str
    port: int
    extension: str
    secret: str = field(repr=False)
    watch: bool


class Line(SIP.SIPClient):
    """A line in its own thread. tell: takes what happens, from that thread."""

    def __init__(self, account: Account, tell: Tell, timing: Timing | None = None) -> None:
        super().__init__(account.host, account.port, account.extension, account.secret, phone=cast(Any, None))
        self.timing = timing or Timing()
        self._account, self._tell = account, tell
        self.default_expires = EXPIRES_S
        self._registration = Registration(self, tell, self._send, self.timing)
        self._rings: dict[str, Ring] = {}
        self._trial: Trial | None = None
        self._orders: deque[tuple[str, Callable[[], None]]] = deque()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self.ticked = time.monotonic()
        self.odd = 0
        self._thread = threading.Thread(target=self._work, name=f"line {account.name}", daemon=True)

    # From other threads -------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin."""
        self.NSD = True
        self._thread.start()

    def stop(self) -> None:
        """Leave calls, sign off, end; at most a second."""
        self.NSD = False
        self._nudge()
        self._thread.join(2)

    @property
    def alive(self) -> bool:
        """Whether its thread still turns."""
        return self._thread.is_alive()

    def place(self, id_: str, number: str, *, ring_s: float, talk_s: float) -> None:
        """Call a number; told are `sent`, `rings`, `talks` and `done`. One at a time."""
        self._orders.append((id_, lambda: self._place(id_, number, ring_s, talk_s)))
        self._nudge()

    def end(self, id_: str) -> None:
        """Leave the call that was placed."""
        self._orders.append((id_, lambda: self._end(id_)))
        self._nudge()

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b"x")

    # Its thread ---------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        while self.NSD:
            self.ticked = time.monotonic()
            try:
                if hasattr(self, "s"):
                    self._wait()
                    self._on_time(time.monotonic())
                elif self._orders or self.ticked >= self._registration.due:
                    self._open()
                else:
                    select.select([self._woken], [], [], TICK_S)
            except OSError as error:  # refused by ICMP, no route, no such host
                self._away(error.strerror or str(error), broken=True)
        self._leave()

    def _open(self) -> None:
        """A socket that hears the registrar only."""
        self.s = self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.s.connect((self.server, self.port))
        except OSError:
            self._close()
            raise
        self.s.setblocking(False)
        self.myIP, self.myPort = self.s.getsockname()

    def _close(self) -> None:
        self.s.close()
        del self.s, self.out

    def _wait(self) -> None:
        readable, _, _ = select.select([self.s, self._woken], [], [], TICK_S)
        if self._woken in readable:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
        while self._orders:
            self._orders.popleft()[1]()
        if self.s in readable:
            self._receive()

    def _receive(self) -> None:
        """Everything that stands in the socket, at a stretch of at most a hundred."""
        for _ in range(100):
            try:
                data = self.s.recv(65_535)
            except BlockingIOError:
                return
            if not data.strip(b"\r\n\0 "):
                continue  # a keep-alive
            try:
                message = Message(data)
            except (NotSip, ValueError):
                self.odd += 1
                continue
            self._heard(message)

    def _send(self, text: str) -> None:
        self.out.send(text.encode())

    def _heard(self, message: Message) -> None:
        """What came from the registrar."""
        if message.type == SIP.SIPMessageType.RESPONSE:
            self._answered(message)
            return
        match message.method:
            case "INVITE":
                self._invited(message)
            case "CANCEL":
                self._cancelled(message)
            case "ACK":
                self._acknowledged(message)
            case "BYE":
                trial = self._trial
                ours = trial is not None and trial.is_of(message)
                self._respond(message, 200 if ours else 481)
                if trial is not None and ours:
                    trial.left_by_them(time.monotonic())
            case "OPTIONS":
                self._respond(message, 200)
            case _:
                self._respond(message, 405)

    def _on_time(self, now: float) -> None:
        if self._account.watch and self._registration.on_time(now):
            self._away("the PBX does not answer")
        for ring in list(self._rings.values()):
            self._ring_on_time(ring, now)
        if self._trial is not None:
            self._trial.on_time(now)
            if self._trial.forgotten(now):
                self._trial = None

    # Being called -------------------------------------------------------------------------------------------------
    def _invited(self, message: Message) -> None:
        call_id = message.headers["Call-ID"]
        known = self._rings.get(call_id)
        if known is not None:
            if _branch(message) == _branch(known.invite):
                self._send(known.answer)  # our answer got lost
            else:
                self._respond(message, 482)
        elif message.headers["To"]["tag"]:
            self._respond(message, 481)
        elif not self._account.watch or len(self._rings) >= MOST_RINGING:
            self._respond(message, 486)
        else:
            tag = secrets.token_hex(4)
            answer = self._response(message, 180, tag)
            now = time.monotonic()
            ring = Ring(call=secrets.token_hex(8), invite=message, tag=tag, began=now, answer=answer)
            self._rings[call_id] = ring
            self._send(answer)
            caller = message.headers["From"]
            told = {"number": caller["number"][:80], "name": caller["caller"][:160]}
            self._tell({"kind": "rang", "call": ring.call, "at": time.time(), **told})

    def _cancelled(self, message: Message) -> None:
        ring = self._rings.get(message.headers["Call-ID"])
        same = ring is not None and (
            _branch(ring.invite) == _branch(message)
            and ring.invite.headers["CSeq"]["check"] == message.headers["CSeq"]["check"]
        )
        if ring is None or not same:
            self._respond(message, 481)
            return
        self._respond(message, 200, ring.tag)
        if ring.over_at is None:
            ring.over_at = ring.again_at = time.monotonic()
            ring.answer = self._response(ring.invite, 487, ring.tag)
            self._ring_on_time(ring, ring.over_at)
            self._over(ring, how_it_ended(message.reasons))

    def _acknowledged(self, message: Message) -> None:
        ring = self._rings.get(message.headers["Call-ID"])
        if ring is not None and ring.over_at is not None and message.headers["To"]["tag"] == ring.tag:
            del self._rings[message.headers["Call-ID"]]

    def _ring_on_time(self, ring: Ring, now: float) -> None:
        if ring.over_at is None:
            if now - ring.began > self.timing.ring_s:
                self._send(self._response(ring.invite, 480, ring.tag))
                del self._rings[ring.invite.headers["Call-ID"]]
                self._over(ring, "lost")
        elif now - ring.over_at > self.timing.forever_s:
            del self._rings[ring.invite.headers["Call-ID"]]
        elif now >= ring.again_at:
            self._send(ring.answer)
            ring.again_at = now + min(max(now - ring.over_at, T1), 4.0)

    def _over(self, ring: Ring, how: str) -> None:
        self._tell({"kind": "over", "call": ring.call, "how": how, "at": time.time()})

    def _away(self, why: str, *, broken: bool = False) -> None:
        """The PBX cannot be reached. broken: the socket is no good."""
        now = time.monotonic()
        if broken:
            told = f"the PBX cannot be reached: {why}"
            if self._trial is not None:
                self._trial.fail(told, now)
            for id_, _ in self._orders:
                self._tell({"kind": "done", "id": id_, "code": 0, "why": told})
            self._orders.clear()
        if not self._registration.away(why, now):
            return
        for ring in [one for one in self._rings.values() if one.over_at is None]:
            self._over(ring, "lost")
        self._rings.clear()
        if hasattr(self, "s") and (broken or self._registration.pauses > 2):  # our own address may have changed
            self._close()

    def _leave(self) -> None:
        if not hasattr(self, "s"):
            return
        with contextlib.suppress(OSError):
            if self._trial is not None:
                self._trial.end(time.monotonic())
            self._registration.sign_off(self.s)
        self._close()

    # Calling ------------------------------------------------------------------------------------------------------
    def _place(self, id_: str, number: str, ring_s: float, talk_s: float) -> None:
        if self._trial is not None and self._trial.state != "done":
            self._tell({"kind": "done", "id": id_, "code": 0, "why": "another test call is under way"})
        elif not NUMBER.fullmatch(number):
            self._tell({"kind": "done", "id": id_, "code": 0, "why": "this is no number that can be dialled"})
        else:
            if self._trial is not None:
                self._trial.forget()
            ring_s = min(ring_s, self.timing.longest_call_s)
            limits = {"ring_s": ring_s, "talk_s": talk_s, "forever_s": self.timing.forever_s}
            self._trial = Trial(self, self._tell, self._send, id_=id_, number=number, **limits)
            self._trial.begin(time.monotonic())

    def _end(self, id_: str) -> None:
        if self._trial is not None and self._trial.id == id_:
            self._trial.end(time.monotonic())

    def _answered(self, message: Message) -> None:
        now = time.monotonic()
        if message.headers["CSeq"]["method"] == "REGISTER":
            if refusal := self._registration.answered(message, now):
                self._away(refusal)
        elif self._trial is not None and self._trial.is_about(message):
            self._trial.answered(message, now)

    # What pyVoIP makes that can be guessed, or only grows ------------------------------------------------------------
    def gen_call_id(self) -> str:
        return f"{secrets.token_hex(16)}@{self.myIP}"

    def gen_tag(self) -> str:
        return secrets.token_hex(8)

    def _respond(self, request: Message, code: int, tag: str = "") -> None:
        self._send(self._response(request, code, tag))

    def _response(self, request: Message, code: int, tag: str = "") -> str:
        to = request.headers["To"]
        own = to["tag"] or tag or self.gen_tag()
        caller, vias = request.headers["From"], "".join(f"Via: {via}\r\n" for via in request.vias)
        return (
            f"SIP/2.0 {code} {SIP.SIPStatus(code).phrase}\r\n{vias}"
            f"From: {caller['raw']}{';tag=' + caller['tag'] if caller['tag'] else ''}\r\nTo: {to['raw']};tag={own}\r\n"
            f"Call-ID: {request.headers['Call-ID']}\r\n"
            f"CSeq: {request.headers['CSeq']['check']} {request.headers['CSeq']['method']}\r\n"
            f"Contact: <sip:{self.username}@{self.myIP}:{self.myPort}>\r\n"
            f"Allow: {', '.join(METHODS)}\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n"
        )


def how_it_ended(reasons: tuple[str, ...]) -> str:
    """What a CANCEL says: elsewhere (somebody answered), unanswered (with any other reason), or unsaid."""
    told = " ".join(reasons).lower()
    if re.search(r"sip\s*;\s*cause=200|q\.850\s*;\s*cause=26\b|completed elsewhere", told):
        return "elsewhere"
    return "unanswered" if "cause=" in told else "unsaid"


def _branch(message: Message) -> str:
    vias = message.headers["Via"]
    return str(vias[0].get("branch") or "") if vias else ""
