"""A test call from its INVITE to its end: every attempt ends within half a minute, every refusal is acknowledged.

pyVoIP sends an INVITE once, waits for ever for its answer, and knows two refusals; here are the transaction of RFC 3261
(17.1.1: timers A, B and D), CANCEL and BYE. One at a time, in the thread of its line.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Literal

from pyVoIP import RTP

from cti.channels.phone.sip_message import Message
from cti.channels.phone.sip_rtp import Voice, free_port
from cti.channels.phone.sip_timing import T1

END_S = 2.0  # an answer to our CANCEL or BYE is waited for so long
KEEP_S = 5.0  # so long a repeated final answer is acknowledged again

Tell = Callable[[dict[str, Any]], None]
State = Literal["calling", "ringing", "talking", "leaving", "done"]


class Trial:
    """One outgoing call of `line`, whose generators it uses. Told are sent, rings, talks and done, by its id."""

    def __init__(
        self,
        line: Any,
        tell: Tell,
        send: Callable[[str], None],
        *,
        id_: str,
        number: str,
        ring_s: float,
        talk_s: float,
        forever_s: float,
    ) -> None:
        self.id, self.number = id_, number
        self.state: State = "calling"
        self._line, self._tell, self._send = line, tell, send
        self._ring_s, self._talk_s, self._forever_s = ring_s, talk_s, forever_s
        self._call_id = line.gen_call_id()
        self._invite = ""
        self._remote_to = ""  # To with their tag, once they gave one
        self._target = ""
        self._signed = False
        self._answers = False  # anything at all came back: the INVITE arrived
        self._wanted_end = False
        self._began = self._again_at = self._end_at = 0.0
        self._bye = ""
        self._code, self._why = 0, ""
        self._voice: Voice | None = None
        self._port = 0

    # What the line tells it -----------------------------------------------------------------------------------------
    def begin(self, now: float) -> None:
        """Send the INVITE."""
        self._port = free_port(self._line.myIP)
        self._began = now
        self._send_invite(now, "")
        self._say("sent")

    def end(self, now: float) -> None:
        """Leave it, however far it came."""
        self._wanted_end = True
        if self.state in ("calling", "ringing") and self._answers:
            self._leave("CANCEL", now)
        elif self.state == "talking":
            self._leave("BYE", now)
        elif self.state == "calling":
            self._done(now, "given up before the PBX answered")

    def fail(self, why: str, now: float) -> None:
        """The line is broken."""
        self._done(now, why)

    def forget(self) -> None:
        """Nothing of it is wanted any more."""
        self._silence()

    def forgotten(self, now: float) -> bool:
        """Whether no answer of the PBX is waited for any more."""
        return self.state == "done" and now - self._end_at > KEEP_S

    def is_about(self, message: Message) -> bool:
        """Whether an answer is to one of its requests."""
        return bool(message.headers["Call-ID"] == self._call_id)

    def is_of(self, message: Message) -> bool:
        """Whether a request is of its dialog: the call's id and both tags."""
        return bool(
            message.headers["Call-ID"] == self._call_id
            and self._remote_to
            and message.headers["From"]["tag"] == self._remote_to.rpartition("tag=")[2]
            and message.headers["To"]["tag"] == self._line.tagLibrary.get(self._call_id)
        )

    def left_by_them(self, now: float) -> None:
        """They hung up."""
        self._done(now, self._why)

    def on_time(self, now: float) -> None:
        """Repeat what was not answered; end what takes too long."""
        if self.state == "calling" and not self._answers:
            if now - self._began > self._forever_s:
                self._code = 408
                self._done(now, "the PBX does not answer")
            elif now >= self._again_at:
                self._send(self._invite)
                self._again_at = now + min(2 * (self._again_at - self._began or T1), 4.0)
        elif self.state in ("calling", "ringing") and now - self._began > self._ring_s:
            self._leave("CANCEL", now)
        elif self.state == "talking" and now >= self._end_at:
            self._leave("BYE", now)
        elif self.state == "leaving":
            if now - self._end_at > END_S:
                self._done(now, self._why)
            elif now >= self._again_at:
                self._send(self._bye)
                self._again_at = now + T1

    def answered(self, message: Message, now: float) -> None:
        """An answer of the PBX."""
        code, method = message.code, message.headers["CSeq"]["method"]
        if method != "INVITE":
            if method == "BYE" and self.state == "leaving" and code >= 200:
                self._done(now, self._why)
            return
        self._answers = True
        if code < 200:
            self._provisional(code, now)
        elif code < 300:
            self._taken(message, now)
        else:
            self._refused(message, now)

    # Its course -----------------------------------------------------------------------------------------------------
    def _provisional(self, code: int, now: float) -> None:
        if self._wanted_end and self.state in ("calling", "ringing"):
            self._leave("CANCEL", now)
        elif code in (180, 183) and self.state == "calling":
            self.state = "ringing"
            self._say("rings", code=code)

    def _taken(self, message: Message, now: float) -> None:
        to = message.headers["To"]
        self._remote_to = f"{to['raw']};tag={to['tag']}" if to["tag"] else to["raw"]
        contact = re.search(r"<([^>\s]+)>", str(message.headers.get("Contact", "")))
        self._target = contact[1] if contact else f"sip:{self.number}@{self._line.server}"
        self._send(self._request("ACK", self._cseq(), self._target, fresh=True))
        if self.state in ("calling", "ringing"):
            self.state, self._code, self._end_at = "talking", message.code, now + self._talk_s
            self._say("talks")
            self._speak(message)
        elif self.state in ("leaving", "done") and not self._bye.startswith("BYE"):  # it crossed our CANCEL
            self._code = message.code
            self._leave("BYE", now)

    def _refused(self, message: Message, now: float) -> None:
        to = message.headers["To"]
        self._remote_to = f"{to['raw']};tag={to['tag']}" if to["tag"] else to["raw"]
        self._send(self._request("ACK", self._cseq(), self._uri()))
        if self.state == "done":
            return
        if message.code == 401 and not self._signed and not self._wanted_end and self._can_sign(message):
            self._signed, self._answers, self._remote_to = True, False, ""
            self._send_invite(now, self._authorization(message))
            return
        if self.state != "leaving" or message.code != 487:
            self._code, self._why = message.code, f"the PBX answers {message.code} {_phrase(message)}".strip()
        self._done(now, self._why)

    def _leave(self, method: Literal["CANCEL", "BYE"], now: float) -> None:
        self._silence()
        if method == "CANCEL":
            self._bye = self._request("CANCEL", self._cseq(), self._uri(), to=f"<{self._uri()}>")
        else:
            self._bye = self._request("BYE", self._cseq() + 1, self._target, fresh=True)
        self.state, self._end_at, self._again_at = "leaving", now, now + T1
        self._send(self._bye)

    def _done(self, now: float, why: str) -> None:
        self._silence()
        if self.state == "done":
            return
        self.state, self._end_at = "done", now
        self._say("done", code=self._code, why=why, heard=self._voice.heard if self._voice else 0)

    def _say(self, kind: str, **more: Any) -> None:
        self._tell({"kind": kind, "id": self.id, "at": time.time(), **more})

    # Its voice ------------------------------------------------------------------------------------------------------
    def _speak(self, message: Message) -> None:
        """Silence in the agreed form, where the answer names a place for it."""
        try:
            address = message.body["c"][0]["address"]
            port = next(one["port"] for one in message.body["m"] if one["type"] == "audio")
        except (KeyError, IndexError, StopIteration, TypeError):
            return
        codecs = {0: RTP.PayloadType.PCMU}
        self._voice = Voice(codecs, self._line.myIP, self._port, address, port, RTP.TransmitType.SENDRECV)
        try:
            self._voice.start()
        except OSError:  # somebody took the port meanwhile
            self._voice = None

    def _silence(self) -> None:
        if self._voice is not None and self._voice.NSD:
            self._voice.stop()

    # Its requests ---------------------------------------------------------------------------------------------------
    def _send_invite(self, now: float, authorization: str) -> None:
        media = {self._port: {0: RTP.PayloadType.PCMU, 101: RTP.PayloadType.EVENT}}
        text = self._line.gen_invite(
            self.number, "1", media, RTP.TransmitType.SENDRECV, self._line.gen_branch(), self._call_id
        )
        self._invite = text.replace("\r\nContent-Length", f"\r\n{authorization}Content-Length", 1)
        self._again_at = now + T1
        self._send(self._invite)

    def _can_sign(self, message: Message) -> bool:
        asked = message.authentication
        return bool(asked.get("nonce") and asked.get("realm") and asked.get("algorithm", "MD5").upper() == "MD5")

    def _authorization(self, message: Message) -> str:
        line, asked = self._line, message.authentication
        digest = line.gen_authorization(message).decode()
        return (
            f'Authorization: Digest username="{line.username}",realm="{asked["realm"]}",nonce="{asked["nonce"]}",'
            f'uri="sip:{line.server};transport=UDP",response="{digest}",algorithm=MD5\r\n'
        )

    def _request(self, method: str, cseq: int, uri: str, *, to: str = "", fresh: bool = False) -> str:
        via, own = self._of_invite("Via"), self._of_invite("From")
        if fresh:
            via = re.sub(r"branch=[^;\s]+", f"branch={self._line.gen_branch()}", via)
        return (
            f"{method} {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\n"
            f"From: {own}\r\nTo: {to or self._remote_to}\r\n"
            f"Call-ID: {self._call_id}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        )

    def _of_invite(self, header: str) -> str:
        return re.search(rf"\r\n{header}: ([^\r]*)", self._invite)[1]  # type: ignore[index]

    def _cseq(self) -> int:
        return int(self._of_invite("CSeq").split(" ")[0])

    def _uri(self) -> str:
        return self._invite.split(" ", 2)[1]


def _phrase(message: Message) -> str:
    return message.heading.decode(errors="replace").partition(f" {message.code} ")[2][:60]
