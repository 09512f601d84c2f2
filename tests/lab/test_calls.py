"""The lab's numbers, phones and callers do what DESIGN promises: real SIP on both sides of a real Asterisk."""

from __future__ import annotations

import pytest

from lab import plan
from lab.callers import call
from lab.errors import LabError
from lab.pbx import Pbx
from lab.phones import Phone

pytestmark = pytest.mark.lab
NAME = "Пётр «Алхимов» <b>x</b>"


def test_queue_rings_both_and_the_first_who_answers_has_the_call(pbx: Pbx) -> None:
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, call(plan.SALES, sip, name=NAME) as client:
        anna.wait("ringing")
        boris.wait("ringing")
        assert anna.caller == boris.caller == ("79355550101", NAME)
        anna.answer()
        boris.wait("idle")
        assert client.hang_up() == "talked"
        anna.wait("idle")


def test_a_client_who_gives_up_stops_the_ringing(pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip) as clara, call(plan.CLARA, pbx.ports.sip) as client:
        clara.wait("ringing")
        assert client.hang_up() == "cancelled"
        clara.wait("idle")


@pytest.mark.parametrize("code", [486, 603])
def test_a_refused_call_ends_for_the_client(pbx: Pbx, code: int) -> None:
    with Phone("103", pbx.ports.sip, refuse=code) as clara, call(plan.CLARA, pbx.ports.sip) as client:
        assert client.wait_over() == "refused"
        assert len(clara.calls) == 1


def test_a_phone_may_answer_by_itself_and_the_client_hang_up_by_the_clock(pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip, ring_ms=100) as clara, call(plan.CLARA, pbx.ports.sip, talk_s=0.5) as client:
        clara.wait("talking")
        client.wait_answered()
        assert client.wait_over() == "talked"
        clara.wait("idle")


def test_a_withheld_number_reaches_the_phone_as_anonymous(pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip) as clara, call(plan.CLARA, pbx.ports.sip, anonymous=True):
        clara.wait("ringing")
        assert clara.caller[0] == "anonymous"


def test_the_third_number_ends_in_sales(pbx: Pbx) -> None:
    with Phone("102", pbx.ports.sip) as boris, call(plan.RESPONSIBLE, pbx.ports.sip):
        boris.wait("ringing")


def test_a_number_that_is_not_ours_is_refused(pbx: Pbx) -> None:
    for number in ("74950009999", "101", "79355550101"):
        with call(number, pbx.ports.sip) as client:
            assert client.wait_over() == "refused", number


@pytest.mark.parametrize("dialled", ["79355550102", "+79355550102", "89355550102"])
def test_a_desk_phone_reaches_the_outside_showing_the_house_number(pbx: Pbx, dialled: str) -> None:
    sip = pbx.ports.sip
    with Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=50) as client, Phone("103", sip) as clara:
        clara.dial(dialled)
        clara.wait("talking")
        clara.wait(lambda phone: phone.heard > 10)
        assert client.caller == (plan.SALES, "")
        assert client.calls[0].start.split()[1].startswith("sip:79355550102@")
        clara.hang_up()
        client.wait("idle")


def test_colleagues_talk_hold_and_transfer(pbx: Pbx) -> None:
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("102", sip) as boris, Phone("103", sip) as clara:
        clara.dial("101")
        anna.wait("ringing")
        assert anna.caller == ("103", "Clara")
        anna.answer()
        clara.wait("talking")
        anna.wait(lambda phone: phone.heard > 10)
        clara.hold()
        clara.hold(False)
        clara.transfer("102")
        boris.wait("ringing")
        boris.answer()
        clara.wait("idle")
        boris.hang_up()
        anna.wait("idle")


def test_pick_up_takes_a_colleagues_ringing_call(pbx: Pbx) -> None:
    sip = pbx.ports.sip
    with Phone("103", sip) as clara, Phone("110", sip) as vera, call(plan.CLARA, sip) as client:
        clara.wait("ringing")
        vera.dial("*8")
        vera.wait("talking")
        clara.wait("idle")
        client.wait_answered()
        assert client.hang_up() == "talked"
        vera.wait("idle")


def test_echo_answers(pbx: Pbx) -> None:
    with Phone("110", pbx.ports.sip) as vera:
        vera.dial("600")
        vera.wait(lambda phone: phone.heard > 10)
        vera.hang_up()


def test_a_phone_that_the_pbx_does_not_know_is_not_registered(pbx: Pbx) -> None:
    stranger = Phone("nobody", pbx.ports.sip)
    with pytest.raises(LabError, match="is not registered"):
        stranger.start(within_s=1)
    stranger.stop()
