"""Calls that move on more than once, meet other calls, or lose somebody on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lab.callers import Caller, call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLARA, SALES, Recorder, channel_of

MOBILE = "79355550222"
SPY = "651"


@contextmanager
def _with_clara(pbx: Pbx, *others: str, did: str = CLARA) -> Iterator[tuple[Phone, Caller, list[Phone]]]:
    """A client talks with Clara; the others' phones are on."""
    sip = pbx.ports.sip
    with ExitStack() as stack:
        clara = stack.enter_context(Phone("103", sip))
        phones = [stack.enter_context(Phone(name, sip)) for name in others]
        client = stack.enter_context(call(did, sip))
        clara.wait("ringing")
        clara.answer()
        client.wait_answered()
        time.sleep(0.5)
        yield clara, client, phones


def _consult(pbx: Pbx, ami: Recorder, by: str, number: str, whom: Phone, *, answers: bool = True) -> None:
    ami.send("Atxfer", Channel=channel_of(pbx, by), Exten=number, Context="from-internal")
    whom.wait("ringing")
    if answers:
        whom.answer()
        whom.wait("talking")
        time.sleep(0.5)


def transferred_twice(pbx: Pbx, ami: Recorder) -> None:
    """Clara sends the client on to Anna; Anna consults Boris and leaves; Boris hangs up."""
    with _with_clara(pbx, "101", "102") as (clara, client, (anna, boris)):
        clara.transfer("101")
        anna.wait("ringing")
        anna.answer()
        clara.wait("idle")
        anna.wait("talking")
        time.sleep(0.5)
        _consult(pbx, ami, "101", "102", boris)
        anna.hang_up()
        time.sleep(0.5)
        boris.hang_up()
        client.wait_over()


def attended_client_gone(pbx: Pbx, ami: Recorder) -> None:
    """Clara consults Anna; the client hangs up meanwhile; the two talk on; Anna hangs up."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        _consult(pbx, ami, "103", "101", anna)
        client.hang_up()
        time.sleep(0.7)
        anna.hang_up()
        clara.wait("idle")


def attended_target_gone(pbx: Pbx, ami: Recorder) -> None:
    """Clara consults Anna, who hangs up; Clara has the client again; he hangs up."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        _consult(pbx, ami, "103", "101", anna)
        anna.hang_up()
        time.sleep(1.5)
        client.hang_up()
        clara.wait("idle")


def blonde_recalled(pbx: Pbx, ami: Recorder) -> None:
    """Clara leaves while Anna rings; Anna does not answer; the PBX calls Clara back; she answers; he hangs up."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        _consult(pbx, ami, "103", "101", anna, answers=False)
        time.sleep(0.3)
        clara.hang_up()
        clara.wait("ringing", within_s=30)
        clara.answer()
        clara.wait("talking")
        time.sleep(0.7)
        client.hang_up()
        clara.wait("idle")


def blonde_given_up(pbx: Pbx, ami: Recorder) -> None:
    """Clara leaves while Anna rings; the client hangs up before anybody answers."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        _consult(pbx, ami, "103", "101", anna, answers=False)
        time.sleep(0.3)
        clara.hang_up()
        time.sleep(0.5)
        client.hang_up()
        anna.wait("idle")


def queue_blind(pbx: Pbx, _ami: Recorder) -> None:
    """A client in sales talks with Anna, who sends him on to Clara; she answers; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(SALES, sip) as client:
        anna.wait("ringing")
        anna.answer()
        anna.wait("talking")
        time.sleep(0.5)
        anna.transfer("103")
        clara.wait("ringing")
        clara.answer()
        clara.wait("talking")
        time.sleep(0.5)
        client.hang_up()
        clara.wait("idle")


def attended_to_queue(pbx: Pbx, ami: Recorder) -> None:
    """Clara consults sales; Anna answers there; Clara leaves; Anna hangs up."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        _consult(pbx, ami, "103", "601", anna)
        clara.hang_up()
        time.sleep(0.7)
        anna.hang_up()
        client.wait_over()


def blind_outside(pbx: Pbx, _ami: Recorder) -> None:
    """Clara sends the client on to a mobile phone outside; it answers; he hangs up."""
    sip = pbx.ports.sip
    with (
        Phone("mobile", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as mobile,
        _with_clara(pbx) as (clara, client, _),
    ):
        clara.transfer(MOBILE)
        mobile.wait("talking")
        clara.wait("idle")
        time.sleep(0.5)
        client.hang_up()
        mobile.wait("idle")


def redirect_both(pbx: Pbx, ami: Recorder) -> None:
    """The PBX is told to put the client and Clara into a conference room; Anna joins; the client hangs up."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        others = [line.split("!")[0] for line in pbx.console("core show channels concise").splitlines()]
        trunk = next(name for name in others if name.startswith("PJSIP/trunk-"))
        ami.send(
            "Redirect", Channel=trunk, ExtraChannel=channel_of(pbx, "103"), Context="colleagues", Exten="625",
            Priority="1", ExtraContext="colleagues", ExtraExten="625", ExtraPriority="1",
        )  # fmt: skip
        ami.hears("ConfbridgeJoin", 2)
        anna.dial("625")
        anna.wait("talking")
        ami.hears("ConfbridgeJoin", 3)
        time.sleep(0.5)
        client.hang_up()
        ami.hears("ConfbridgeLeave", 1)
        anna.hang_up()
        ami.hears("ConfbridgeLeave", 2)
        clara.hang_up()
        ami.hears("ConfbridgeEnd")
        time.sleep(2)


def two_at_once(pbx: Pbx, ami: Recorder) -> None:
    """Two clients at a time: Clara sends hers on to Boris; Anna, who has the other, consults Clara and leaves."""
    sip = pbx.ports.sip
    with (
        _with_clara(pbx, "102") as (clara, one, (boris,)), Phone("101", sip) as anna,
        call(SALES, sip, caller="79355550210") as two,
    ):  # fmt: skip
        anna.wait("ringing")
        boris.wait("ringing")
        anna.answer()
        two.wait_answered()
        boris.wait("idle")
        clara.transfer("102")
        boris.wait("ringing")
        boris.answer()
        clara.wait("idle")
        boris.wait("talking")
        _consult(pbx, ami, "101", "103", clara)
        anna.hang_up()
        time.sleep(0.5)
        one.hang_up()
        boris.wait("idle")
        clara.hang_up()
        two.wait_over()


def joined_by_the_pbx(pbx: Pbx, ami: Recorder) -> None:
    """Clients at Clara and at Anna: the PBX is told to bridge the second with Clara; Anna is free; Clara hangs up."""
    sip = pbx.ports.sip
    with _with_clara(pbx) as (clara, one, _), Phone("101", sip) as anna, call(SALES, sip, caller="79355550210") as two:
        anna.wait("ringing")
        anna.answer()
        two.wait_answered()
        time.sleep(0.5)
        names = [line.split("!")[0] for line in pbx.console("core show channels concise").splitlines()]
        second = sorted(name for name in names if name.startswith("PJSIP/trunk-"))[-1]
        ami.send("Bridge", Channel1=channel_of(pbx, "103"), Channel2=second, Tone="no")
        anna.wait("idle")
        one.wait_over()
        time.sleep(0.5)
        clara.hang_up()
        two.wait_over()


def pickup_out_of_queue(pbx: Pbx, _ami: Recorder) -> None:
    """A client in sales: Anna's phone rings; Clara takes him by *8; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("103", sip) as clara, call(SALES, sip) as client:
        anna.wait("ringing")
        clara.dial("*8")
        clara.wait("talking")
        anna.wait("idle")
        time.sleep(0.5)
        client.hang_up()
        clara.wait("idle")


def park_given_up(pbx: Pbx, _ami: Recorder) -> None:
    """Clara parks the client; he hangs up before anybody takes him."""
    with _with_clara(pbx) as (clara, client, _):
        clara.transfer("700")
        clara.wait("idle")
        time.sleep(0.7)
        client.hang_up()


def cut_off(pbx: Pbx, ami: Recorder) -> None:
    """Clara ends the call by a click: the PBX hangs her phone up."""
    with _with_clara(pbx) as (clara, client, _):
        ami.send("Hangup", Channel=channel_of(pbx, "103"), Cause="16")
        clara.wait("idle")
        client.wait_over()


def second_call(pbx: Pbx, _ami: Recorder) -> None:
    """Clara talks with a client; another calls and rings on her second line; she does not answer; both hang up."""
    sip = pbx.ports.sip
    with _with_clara(pbx) as (clara, one, _), Phone("103", sip) as line, call(CLARA, sip, caller="79355550210") as two:
        line.wait("ringing")
        time.sleep(0.5)
        two.hang_up()
        line.wait("idle")
        one.hang_up()
        clara.wait("idle")


def listened_to(pbx: Pbx, ami: Recorder) -> None:
    """Clara talks with a client; Anna listens (ChanSpy) and hangs up; then the client does."""
    with _with_clara(pbx, "101") as (clara, client, (anna,)):
        anna.dial(SPY)
        anna.wait("talking")
        ami.hears("ChanSpyStart")
        time.sleep(0.7)
        anna.hang_up()
        ami.hears("ChanSpyStop")
        client.hang_up()
        clara.wait("idle")


def first_then_second(pbx: Pbx, _ami: Recorder) -> None:
    """A number that rings Anna for two seconds, then Boris: he answers; the client hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call("74950000026", sip) as client:
        anna.wait("ringing")
        boris.wait("ringing")
        anna.wait("idle")
        boris.answer()
        client.wait_answered()
        time.sleep(0.5)
        client.hang_up()
        boris.wait("idle")


def menu_then_group(pbx: Pbx, _ami: Recorder) -> None:
    """A number that plays a menu, then rings two phones through Local channels; the second answers and hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call("74950000027", sip) as client:
        anna.wait("ringing")
        boris.wait("ringing")
        boris.answer()
        anna.wait("idle")
        time.sleep(0.5)
        boris.hang_up()
        client.wait_over()


def to_voicemail(pbx: Pbx, _ami: Recorder) -> None:
    """A number that rings Anna for two seconds, then records a message; the client hangs up."""
    with Phone("101", pbx.ports.sip) as anna, call("74950000028", pbx.ports.sip) as client:
        anna.wait("ringing")
        anna.wait("idle")
        client.wait_answered()
        time.sleep(0.7)
        client.hang_up()
