"""Groups, forwarding, acceptance by key, conferences: one number, several people."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLARA, Recorder

GROUP, FORWARD, ACCEPT, DECLINE, ROOM = "74950000021", "74950000022", "74950000023", "74950000024", "74950000025"


def group(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls a group; Anna and Boris ring; Boris answers; the client hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(GROUP, sip) as client:
        anna.wait("ringing")
        boris.wait("ringing")
        boris.answer()
        anna.wait("idle")
        time.sleep(0.5)
        client.hang_up()
        boris.wait("idle")


def blind_to_group(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she sends him on to the group; Boris answers; the client hangs up."""
    sip = pbx.ports.sip
    with (
        Phone("101", sip) as anna, Phone("102", sip) as boris, Phone("103", sip) as clara, call(CLARA, sip) as client,
    ):  # fmt: skip
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.talking("trunk", "103")
        clara.transfer("620")
        anna.wait("ringing")
        boris.wait("ringing")
        boris.answer()
        anna.wait("idle")
        ami.talking("trunk", "102")
        client.hang_up()
        boris.wait("idle")


def forward_302(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara, whose phone sends him to Anna; she answers; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip, forward="101"), call(CLARA, sip) as client:
        anna.wait("ringing")
        anna.answer()
        client.wait_answered()
        ami.talking("trunk", "101")
        client.hang_up()
        anna.wait("idle")


def forward(pbx: Pbx, ami: Recorder) -> None:
    """A client calls a number that the dialplan forwards to Anna; she answers; he hangs up."""
    with Phone("101", pbx.ports.sip) as anna, call(FORWARD, pbx.ports.sip) as client:
        anna.wait("ringing")
        anna.answer()
        client.wait_answered()
        ami.talking("trunk", "101")
        client.hang_up()
        anna.wait("idle")


def accepted(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls; Clara answers and is asked whether she wants him; she does; he hangs up."""
    with Phone("103", pbx.ports.sip) as clara, call(ACCEPT, pbx.ports.sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        time.sleep(0.5)
        client.hang_up()
        clara.wait("idle")


def declined(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls; Clara answers and is asked whether she wants him; she does not."""
    with Phone("103", pbx.ports.sip) as clara, call(DECLINE, pbx.ports.sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_over()
        clara.wait("idle")


def conference(pbx: Pbx, ami: Recorder) -> None:
    """A client calls a conference room; Anna and Boris join; Anna leaves, then Boris, then the client."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(ROOM, sip) as client:
        client.wait_answered()
        ami.hears("ConfbridgeJoin")
        for number, phone in enumerate((anna, boris), 2):
            phone.dial("625")
            phone.wait("talking")
            ami.hears("ConfbridgeJoin", number)
        ami.talking("trunk", "101", "102")
        for number, phone in enumerate((anna, boris), 1):
            phone.hang_up()
            ami.hears("ConfbridgeLeave", number)
        client.hang_up()
