"""Queues of every kind: how they ring, and every way to leave one without an answer."""

from __future__ import annotations

import time

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLIENT, SALES, Recorder, channel_of

LINEAR, MEMORY, THROUGH, THROUGH_N = "74950000011", "74950000012", "74950000013", "74950000014"
SHORT, NOBODY, LEAVES, ONE = "74950000015", "74950000016", "74950000017", "74950000018"
OTHER = "79355550210"


def _second_answers(pbx: Pbx, did: str) -> None:
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(did, sip) as client:
        boris.wait("ringing", within_s=20)
        boris.answer()
        boris.wait("talking")
        anna.wait("idle")
        time.sleep(0.7)
        client.hang_up()
        boris.wait("idle")


def queue_linear(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls; Anna rings for a second and does not answer; then Boris, who answers; the client hangs up."""
    _second_answers(pbx, LINEAR)


def queue_memory(pbx: Pbx, _ami: Recorder) -> None:
    """The same in a queue that goes on where it stopped."""
    _second_answers(pbx, MEMORY)


def _through(pbx: Pbx, did: str) -> None:
    with Phone("101", pbx.ports.sip) as anna, call(did, pbx.ports.sip) as client:
        anna.wait("ringing")
        time.sleep(0.3)
        anna.answer()
        anna.wait("talking")
        time.sleep(0.7)
        client.hang_up()
        anna.wait("idle")


def queue_through(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls; Anna is a member through a Local channel that goes when she answers; the client hangs up."""
    _through(pbx, THROUGH)


def queue_through_n(pbx: Pbx, _ami: Recorder) -> None:
    """The same with a Local channel that stays (/n)."""
    _through(pbx, THROUGH_N)


def queue_timeout(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls; Anna does not answer; after two seconds the queue gives him up."""
    with Phone("101", pbx.ports.sip) as anna, call(SHORT, pbx.ports.sip) as client:
        anna.wait("ringing")
        client.wait_over()
        anna.wait("idle")


def queue_join_empty(pbx: Pbx, _ami: Recorder) -> None:
    """A client calls a queue with nobody in it, which takes nobody then."""
    with call(NOBODY, pbx.ports.sip) as client:
        client.wait_over()


def queue_leave_empty(pbx: Pbx, ami: Recorder) -> None:
    """A client waits; the queue's last member leaves it, and so must he."""
    member = {"Queue": "leaves", "Interface": "PJSIP/101"}
    ami.send("QueueAdd", **member)
    with call(LEAVES, pbx.ports.sip) as client:
        ami.hears("QueueCallerJoin")
        time.sleep(0.5)
        ami.send("QueueRemove", **member)
        client.wait_over()


def queue_full(pbx: Pbx, ami: Recorder) -> None:
    """A client waits in a queue for one; a second one is not taken; the first gives up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, call(ONE, sip) as client:
        anna.wait("ringing")
        ami.hears("QueueCallerJoin")
        with call(ONE, sip, caller=OTHER) as second:
            second.wait_over()
        client.hang_up()
        anna.wait("idle")


def queue_attended(pbx: Pbx, ami: Recorder) -> None:
    """A client calls sales; Anna answers, consults Clara, leaves; Clara and the client talk; she hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(SALES, sip, caller=CLIENT) as client:
        anna.wait("ringing")
        anna.answer()
        ami.talking("trunk", "101")
        ami.send("Atxfer", Channel=channel_of(pbx, "101"), Exten="103", Context="from-internal")
        clara.wait("ringing")
        clara.answer()
        ami.talking("103")
        anna.hang_up()
        ami.talking("trunk", "103")
        clara.hang_up()
        client.wait_over()
