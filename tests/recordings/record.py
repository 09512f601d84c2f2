"""Makes the recordings anew: real phones call through the lab's Asterisk while its manager's words are written down.

    python -m tests.recordings.record              all scenarios
    python -m tests.recordings.record blind hold   some of them

Each becomes SCENARIO.json beside this file: a JSON array of header objects, with the server's own account and its
event filter. What must come of each stands in `expected.json`, written by hand from what the scenario does, never
from what the tracker said. One cannot be made at will: `click_gone_at_once`, a `click` whose client was gone in the
instant between his answer and the bridge.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.telephony.raw import messages

HERE = Path(__file__).parent
SALES, CLARA = "74950000001", "74950000002"
CLIENT = "79355550101"


class Recorder:
    """A signed-in manager connection that keeps every message after the sign-in."""

    def __init__(self, pbx: Pbx) -> None:
        self._socket = socket.create_connection(("127.0.0.1", pbx.ports.ami), timeout=5)
        self.send("Login", Username="trubka", Secret=pbx.secret_file.read_text(), Events="on")
        self._bytes = b""
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._read, name="recorder", daemon=True)
        self._thread.start()

    def send(self, action: str, **fields: str) -> None:
        """Send an action; its answer is recorded like all else."""
        lines = [f"Action: {action}", *(f"{key}: {value}" for key, value in fields.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def stop(self, *, quiet_s: float = 1.0) -> list[dict[str, str]]:
        """Wait until nothing was said for a while; everything heard, from the first channel on."""
        while time.monotonic() - self._last < quiet_s:
            time.sleep(0.05)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        heard = messages(self._bytes)
        return [item for item in heard if "Event" in item or item.get("Response") == "Error"]

    def _read(self) -> None:
        while block := self._socket.recv(65536):
            self._bytes += block
            self._last = time.monotonic()


def simple(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara's number; she answers; he hangs up."""
    with Phone("103", pbx.ports.sip) as clara, call(CLARA, pbx.ports.sip, name="Пётр") as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        client.hang_up()
        clara.wait("idle")


def cancel(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara's number and gives up while it rings."""
    with Phone("103", pbx.ports.sip) as clara, call(CLARA, pbx.ports.sip) as client:
        clara.wait("ringing")
        client.hang_up()
        clara.wait("idle")


def busy(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara's number; her phone says 486."""
    with Phone("103", pbx.ports.sip, refuse=486), call(CLARA, pbx.ports.sip) as client:
        client.wait_over()


def reject(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara's number; her phone says 603."""
    with Phone("103", pbx.ports.sip, refuse=603), call(CLARA, pbx.ports.sip) as client:
        client.wait_over()


def unregistered(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara's number; she has no phone."""
    with call(CLARA, pbx.ports.sip) as client:
        client.wait_over()


def hidden(pbx: Pbx, _ami: Recorder) -> None:
    """A client without a number calls Clara."""
    with Phone("103", pbx.ports.sip) as clara, call(CLARA, pbx.ports.sip, anonymous=True) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        client.hang_up()
        clara.wait("idle")


def queue(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls sales; Anna and Boris ring; Boris answers and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(SALES, sip, name="Пётр") as client:
        anna.wait("ringing")
        boris.wait("ringing")
        boris.answer()
        anna.wait("idle")
        boris.hang_up()
        client.wait_over()


def abandon(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls sales and gives up while Anna and Boris ring."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(SALES, sip) as client:
        anna.wait("ringing")
        boris.wait("ringing")
        client.hang_up()
        anna.wait("idle")
        boris.wait("idle")


def queue_refused(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls sales; Anna refuses every time; Boris answers."""
    sip = pbx.ports.sip
    with Phone("101", sip, refuse=486), Phone("102", sip) as boris, call(SALES, sip) as client:
        boris.wait("ringing")
        time.sleep(0.5)
        boris.answer()
        boris.wait("talking")
        client.hang_up()
        boris.wait("idle")


def internal(pbx: Pbx, _ami: Recorder) -> None:
    """Anna calls Boris; he answers and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris:
        anna.dial("102")
        boris.wait("ringing")
        boris.answer()
        anna.wait("talking")
        boris.hang_up()
        anna.wait("idle")


def menu(pbx: Pbx, _ami: Recorder) -> None:
    """Anna calls the echo and hangs up: nobody was there."""
    with Phone("101", pbx.ports.sip) as anna:
        anna.dial("600")
        anna.wait("talking")
        anna.hang_up()


def outbound(pbx: Pbx, _ami: Recorder) -> None:
    """Anna dials a client on her phone; he answers; she hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client:
        anna.dial(CLIENT)
        anna.wait("talking")
        anna.hang_up()
        client.wait("idle")


def _click(ami: Recorder, device: str = "PJSIP/101") -> None:
    ami.send(
        "Originate", ActionID="trubka-r1", Channel=device, Context="from-internal", Exten=CLIENT, Priority="1",
        Async="true", Timeout="20000", ChannelId="trubka-r1", CallerID=SALES,
    )  # fmt: skip


def click(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number: her phone rings, she answers, the client answers, he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client:
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        client.wait("talking")
        time.sleep(0.5)
        client.hang_up()
        anna.wait("idle")


def click_client_busy(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and answers; the client is busy."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, refuse=486):
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        anna.wait("idle")


def click_given_up(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and answers; she hangs up while the client's phone rings."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk) as client:
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        client.wait("ringing")
        anna.hang_up()
        client.wait("idle")


def click_refused(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and then declines her own phone's ring."""
    with Phone("101", pbx.ports.sip) as anna:
        _click(ami)
        anna.wait("ringing")
        anna.decline()
        anna.wait("idle")


def click_unregistered(_pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number; her phone is off."""
    _click(ami)
    time.sleep(0.5)


def hold(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she answers, holds, takes back; he hangs up."""
    with Phone("103", pbx.ports.sip) as clara, call(CLARA, pbx.ports.sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        clara.hold()
        time.sleep(0.3)
        clara.hold(False)
        time.sleep(0.3)
        client.hang_up()
        clara.wait("idle")


def blind(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she sends him on to Anna, who answers; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        clara.transfer("101")
        anna.wait("ringing")
        anna.answer()
        clara.wait("idle")
        anna.wait("talking")
        client.hang_up()
        anna.wait("idle")


def blind_to_queue(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she sends him on to sales; Anna and Boris ring; Anna answers; he hangs up."""
    sip = pbx.ports.sip
    with (
        Phone("101", sip) as anna, Phone("102", sip) as boris, Phone("103", sip) as clara, call(CLARA, sip) as client,
    ):  # fmt: skip
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        clara.transfer("601")
        anna.wait("ringing")
        boris.wait("ringing")
        anna.answer()
        boris.wait("idle")
        client.hang_up()
        anna.wait("idle")


def blind_unanswered(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she sends him on to Anna, who does not answer; he gives up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        clara.transfer("101")
        anna.wait("ringing")
        client.hang_up()
        anna.wait("idle")


def pickup(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; Anna dials *8 and has him; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        anna.dial("*8")
        anna.wait("talking")
        clara.wait("idle")
        client.hang_up()
        anna.wait("idle")


def _channel(pbx: Pbx, endpoint: str) -> str:
    listed = pbx.console("core show channels concise").splitlines()
    return next(line.split("!")[0] for line in listed if line.startswith(f"PJSIP/{endpoint}-"))


def attended(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she consults Anna, who answers; Clara leaves; Anna talks with the client and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.send("Atxfer", Channel=_channel(pbx, "103"), Exten="101", Context="from-internal")
        anna.wait("ringing")
        anna.answer()
        anna.wait("talking")
        time.sleep(0.7)
        clara.hang_up()
        time.sleep(0.7)
        anna.hang_up()
        client.wait_over()


def blonde(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she consults Anna and leaves while it rings; Anna answers; the client hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.send("Atxfer", Channel=_channel(pbx, "103"), Exten="101", Context="from-internal")
        anna.wait("ringing")
        time.sleep(0.7)
        clara.hang_up()
        time.sleep(0.7)
        anna.answer()
        anna.wait("talking")
        time.sleep(0.7)
        client.hang_up()
        anna.wait("idle")


def park(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she parks him; Anna takes him off the parking lot; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        clara.transfer("700")
        clara.wait("idle")
        time.sleep(0.5)
        anna.dial("701")
        anna.wait("talking")
        time.sleep(0.7)
        client.hang_up()
        anna.wait("idle")


def redirect(pbx: Pbx, ami: Recorder) -> None:
    """A client waits in sales; the manager sends him to Clara; she answers; he hangs up."""
    sip = pbx.ports.sip
    with (
        Phone("101", sip) as anna, Phone("102", sip), Phone("103", sip) as clara, call(SALES, sip) as client,
    ):  # fmt: skip
        anna.wait("ringing")
        channel = next(
            line.split("!")[0] for line in pbx.console("core show channels concise").splitlines() if "!Queue!" in line
        )
        ami.send("Redirect", Channel=channel, Context="from-internal", Exten="103", Priority="1")
        clara.wait("ringing")
        clara.answer()
        anna.wait("idle")
        client.hang_up()
        clara.wait("idle")


SCENARIOS: tuple[Callable[[Pbx, Recorder], None], ...] = (
    simple, cancel, busy, reject, unregistered, hidden, queue, abandon, queue_refused, internal, menu, outbound,
    click, click_client_busy, click_given_up, click_refused, click_unregistered, hold, blind, blind_to_queue,
    blind_unanswered, pickup, redirect, attended, blonde, park,
)  # fmt: skip


def main(names: list[str]) -> None:
    """Record the named scenarios, or all."""
    chosen = [scenario for scenario in SCENARIOS if not names or scenario.__name__ in names]
    with tempfile.TemporaryDirectory() as folder, Pbx(Path(folder)) as pbx:
        pbx.add_members()
        for scenario in chosen:
            ami = Recorder(pbx)
            try:
                scenario(pbx, ami)
            finally:
                heard = ami.stop()
                pbx.hang_up_all()
            file = HERE / f"{scenario.__name__}.json"
            file.write_text(json.dumps(heard, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
            print(f"{scenario.__name__}: {len(heard)} messages")
            time.sleep(3.2)  # an agent is not rung sooner after a queue call


if __name__ == "__main__":
    main(sys.argv[1:])
