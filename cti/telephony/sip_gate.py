"""What a browser's phone may say to the PBX: its owner's own words and nothing else. One gate per connection.

Rules kept: every request comes from the agent's own device (From; for REGISTER also To, Contact and the password's
owner); of a call and of a transfer the gate says to which number, and whoever asks it lets only numbers pass that a
click might dial too; an answer passes only where the PBX asked, and never sends a caller elsewhere (3xx); what cannot
be read does not pass. The PBX is trusted: what it says is only remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from cti.telephony.sip import NotSip, SipMessage, address, digest_user, parse, uri

Verdict = Literal["pass", "drop"]
METHODS = frozenset(("REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO", "REFER", "NOTIFY"))
MOST_OPEN = 256  # exchanges of the PBX that wait for the browser's answer


class Gate:
    """device: the name of the agent's endpoint; extension: his own number.

    called: whom the last message calls or transfers to, None: nobody. refused: why it did not pass, for the log: never
    a number or a name.
    """

    def __init__(self, device: str, extension: str) -> None:
        self._device = device
        self._extension = extension
        self._asked: OrderedDict[tuple[str, int, str], None] = OrderedDict()
        self.refused = ""
        self.called: str | None = None
        self.message: SipMessage | None = None

    def to_pbx(self, text: str) -> Verdict:
        """Whether the browser's message may go on; `message` is it as read."""
        self.refused, self.called, self.message = "", None, None
        try:
            self.message = parse(text)
            verdict = self._answer(self.message) if self.message.code else self._request(self.message)
        except NotSip as error:
            self.refused = str(error)
            return "drop"
        return verdict

    def from_pbx(self, text: str) -> None:
        """Remember what the PBX asks, so that its answer passes."""
        try:
            message = parse(text)
        except NotSip:
            return
        if message.method and message.method != "ACK":
            self._asked[message.exchange] = None
            if len(self._asked) > MOST_OPEN:
                self._asked.popitem(last=False)

    def _answer(self, message: SipMessage) -> Verdict:
        if message.exchange not in self._asked:
            return self._drop("an answer to nothing")
        if 300 <= message.code < 400:
            return self._drop("an answer that sends the caller elsewhere")
        return "pass"

    def _request(self, message: SipMessage) -> Verdict:
        if message.method not in METHODS:
            return self._drop("a method that a phone does not need")
        if message.sender.user != self._device:
            return self._drop("somebody else's From")
        users = [digest_user(v) for name in ("authorization", "proxy-authorization") for v in message.all(name)]
        if any(user != self._device for user in users):
            return self._drop("somebody else's password")
        if message.method == "REGISTER":
            return self._registration(message)
        if message.method == "INVITE" and not message.receiver.tag:
            return self._call(message)
        if message.method == "REFER":
            return self._transfer(message)
        return "pass"

    def _registration(self, message: SipMessage) -> Verdict:
        contacts = [address(value) for value in message.all("contact")]
        if message.receiver.user != self._device or any(one.user != self._device for one in contacts):
            return self._drop("somebody else's registration")
        return "pass"

    def _call(self, message: SipMessage) -> Verdict:
        """A new call; one with Replaces takes the agent's own call back and names his own number."""
        number = uri(message.uri)[0]
        if message.all("replaces"):
            return "pass" if number == self._extension else self._drop("a take-over of another number")
        self.called = number
        return "pass"

    def _transfer(self, message: SipMessage) -> Verdict:
        """A transfer to a number is a call to it; one to a call that is up already (Replaces) dials nobody."""
        to = [address(value) for value in message.all("refer-to")]
        if len(to) != 1:
            return self._drop("a transfer to nobody")
        if "replaces=" not in to[0].uri_headers.lower():
            self.called = to[0].user
        return "pass"

    def _drop(self, why: str) -> Verdict:
        self.refused = why
        return "drop"
