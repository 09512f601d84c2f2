"""Pick-up, parking and what else a phone can ask of the PBX."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLARA, Recorder


def pickup(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; Anna dials *8 and has him; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        anna.dial("*8")
        anna.wait("talking")
        clara.wait("idle")
        ami.talking("trunk", "101")
        client.hang_up()
        anna.wait("idle")


def park(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she parks him; Anna takes him off the parking lot; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.talking("trunk", "103")  # an old PBX refuses a transfer that comes with the answer
        clara.transfer("700")
        clara.wait("idle")
        ami.hears("ParkedCall")
        anna.dial("701")
        anna.wait("talking")
        ami.talking("trunk", "101")
        client.hang_up()
        anna.wait("idle")


def pickup_directed(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; Boris dials the number that picks up just her phone; the client hangs up."""
    sip = pbx.ports.sip
    with Phone("102", sip) as boris, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        boris.dial("631")
        boris.wait("talking")
        clara.wait("idle")
        time.sleep(0.5)
        client.hang_up()
        boris.wait("idle")


def park_timeout(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she parks him; nobody takes him; her phone rings again, she answers; he hangs up."""
    with Phone("103", pbx.ports.sip) as clara, call(CLARA, pbx.ports.sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        time.sleep(0.5)
        clara.transfer("640")
        clara.wait("idle")
        clara.wait("ringing")
        clara.answer()
        clara.wait("talking")
        time.sleep(0.7)
        client.hang_up()
        clara.wait("idle")
