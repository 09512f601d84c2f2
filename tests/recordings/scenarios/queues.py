"""Clients who wait in a queue."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import SALES, Recorder


def queue(pbx: Pbx, ami: Recorder) -> None:
    """A client calls sales; Anna and Boris ring; Boris answers and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(SALES, sip, name="Пётр") as client:
        anna.wait("ringing")
        boris.wait("ringing")
        boris.answer()
        anna.wait("idle")
        ami.talking("trunk", "102")
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
        time.sleep(0.5)
        client.hang_up()
        boris.wait("idle")


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
