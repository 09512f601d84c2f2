"""What a person is for the queues, moved by himself, by the PBX and by time."""

from __future__ import annotations

from dataclasses import replace

from cti.telephony import duty as d
from cti.telephony.duty import Duty

READY = Duty(state="ready", since=1.0)
LUNCH = Duty(state="not-ready", reason="Обед", since=1.0)


def test_the_same_again_keeps_its_beginning() -> None:
    assert d.chosen(LUNCH, "not-ready", "Обед", 9.0, "person") is LUNCH
    assert d.chosen(LUNCH, "ready", "Обед", 9.0, "person") == Duty(state="ready", since=9.0)


def test_after_the_work_after_a_call_comes_what_was_before_the_first_of_them() -> None:
    first = d.call_ended(LUNCH, 5.0, wrap_up_s=20, queue="sales", call="c1", held=False)
    second = d.call_ended(first, 10.0, wrap_up_s=20, queue="sales", call="c2", held=False)
    assert (second.until, second.paused, second.call) == (30.0, True, "c2")
    assert not d.is_over(second, 29.9)
    assert d.is_over(second, 30.0)
    assert d.done(second, 30.0, "server") == Duty(state="not-ready", reason="Обед", since=30.0, by="server")


def test_more_time_counts_from_the_end_or_from_now() -> None:
    work = d.call_ended(READY, 5.0, wrap_up_s=20, queue="", call="c1", held=True)
    assert d.longer(work, 6.0, 30).until == 55.0
    assert d.longer(work, 60.0, 30).until == 90.0
    assert not d.is_over(work, 1e9), "it waits for the outcome"
    assert d.longer(READY, 6.0, 30) is READY


def test_who_is_logged_off_or_has_no_time_for_it_does_no_work_after_a_call() -> None:
    off = Duty()
    assert d.call_ended(off, 5.0, wrap_up_s=20, queue="", call="c1", held=False) is off
    assert d.call_ended(READY, 5.0, wrap_up_s=0, queue="", call="c1", held=False) is READY


def test_what_the_phone_did_is_adopted_only_where_all_queues_agree() -> None:
    free, paused = (False, ""), (True, "")
    assert d.as_pbx(READY, [free, paused], 9.0) is READY
    assert d.as_pbx(READY, [paused, (True, "lunch")], 9.0) == Duty(
        state="not-ready", reason="lunch", since=9.0, by="pbx"
    )
    assert d.as_pbx(READY, [paused], 9.0).reason == d.PHONE
    assert d.as_pbx(LUNCH, [paused], 9.0) is LUNCH
    assert d.as_pbx(LUNCH, [free], 9.0) == Duty(state="ready", since=9.0, by="pbx")
    assert d.as_pbx(READY, [], 9.0) == Duty(since=9.0, by="pbx")
    assert d.as_pbx(Duty(), [free], 9.0).state == "ready"
    assert d.as_pbx(Duty(), [], 9.0) == Duty()


def test_F_16_a_clock_that_was_set_back_holds_nobody_in_the_work_after_a_call() -> None:
    work = d.call_ended(READY, 7200.0, wrap_up_s=20, queue="sales", call="c1", held=False)
    assert not d.is_over(work, 7199.0), "a clock that drifts"
    assert d.is_over(work, 3600.0)
    assert not d.is_over(replace(work, held=True), 3600.0)
