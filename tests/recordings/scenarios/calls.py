"""One caller, one called: what every PBX does all day."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLARA, CLIENT, Recorder


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
