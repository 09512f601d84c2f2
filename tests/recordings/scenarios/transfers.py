"""Calls that move on."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLARA, Recorder, channel_of


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


def attended(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she consults Anna, who answers; Clara leaves; Anna talks with the client and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.send("Atxfer", Channel=channel_of(pbx, "103"), Exten="101", Context="from-internal")
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
        ami.talking("trunk", "103")
        ami.send("Atxfer", Channel=channel_of(pbx, "103"), Exten="101", Context="from-internal")
        anna.wait("ringing")
        time.sleep(0.7)
        clara.hang_up()
        ami.hears("AttendedTransfer")
        anna.answer()
        ami.talking("trunk", "101")
        client.hang_up()
        anna.wait("idle")


def attended_refer(pbx: Pbx, ami: Recorder) -> None:
    """As `attended`, by Clara's own phone: a second line, then REFER with Replaces."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        ami.talking("trunk", "103")
        clara.hold()
        with Phone("103", sip) as second:
            second.dial("101")
            anna.wait("ringing")
            anna.answer()
            second.wait("talking")
            ami.talking("101", "103")
            clara.transfer_to(second)
            clara.wait("idle")
            second.wait("idle")
        ami.talking("trunk", "101")
        anna.hang_up()
        client.wait_over()


def attended_cancelled(pbx: Pbx, ami: Recorder) -> None:
    """A client calls Clara; she consults Anna, who declines; Clara goes on with the client, who hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        time.sleep(0.5)
        ami.send("Atxfer", Channel=channel_of(pbx, "103"), Exten="101", Context="from-internal")
        anna.wait("ringing")
        anna.decline()
        time.sleep(1.5)
        client.hang_up()
        clara.wait("idle")


def blind_failed(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls Clara; she sends him to a number that is not there; they talk on; he hangs up."""
    sip = pbx.ports.sip
    with Phone("103", sip) as clara, call(CLARA, sip) as client:
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        time.sleep(0.5)
        clara.transfer("199")
        time.sleep(1.0)
        client.hang_up()
        clara.wait("idle")
