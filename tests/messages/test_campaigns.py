"""Campaigns as they are thought of: who gets which text, when, and who may move them where."""

from __future__ import annotations

from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.messages.campaigns import (
    MOVES,
    Act,
    CallList,
    Campaign,
    Given,
    State,
    after,
    allowed,
    fault,
    is_open,
    needs_second,
    redial_at,
    variant,
)
from cti.messages.rules import WorkingHours

ids = st.integers(1, 2**31 - 1)


@given(campaign=ids, client=ids, share=st.integers(0, 100))
@settings(max_examples=200, deadline=None)
def test_a_client_gets_the_same_text_whenever_he_is_asked_for_and_nobody_or_all_at_the_ends(
    campaign: int, client: int, share: int
) -> None:
    assert variant(campaign, client, share) == variant(campaign, client, share)
    assert variant(campaign, client, 0) == 0
    assert variant(campaign, client, 100) == 1


@given(campaign=ids, first=st.integers(1, 2**30), share=st.integers(5, 95))
@settings(max_examples=40, deadline=None)
def test_shares_are_kept_within_two_percent_over_two_thousand_clients(campaign: int, first: int, share: int) -> None:
    got = sum(variant(campaign, client, share) for client in range(first, first + 2000)) / 20
    assert abs(got - share) < 2


@given(
    at=st.integers(1_600_000_000, 1_900_000_000), zone=st.sampled_from(("Asia/Kamchatka", "Europe/Moscow", "Asia/Omsk"))
)
@settings(max_examples=200, deadline=None)
def test_hours_are_those_of_the_recipients_own_clock(at: int, zone: str) -> None:
    there = datetime.fromtimestamp(at, ZoneInfo(zone))
    hours = WorkingHours(begins="09:00", ends="20:00", weekdays=[0, 1, 2, 3, 4, 5])
    assert is_open(hours, ZoneInfo(zone), at) == (9 <= there.hour < 20 and there.weekday() != 6)
    assert is_open(None, ZoneInfo(zone), at)


@given(rate=st.integers(1, 1000), tokens=st.floats(0, 2000), waiting=st.integers(0, 5000))
def test_never_more_than_a_second_waits_in_the_queue(rate: int, tokens: float, waiting: int) -> None:
    most = allowed(rate, tokens, waiting)
    assert 0 <= most <= tokens
    assert most + waiting <= max(rate, waiting)


def test_what_is_over_is_never_begun_again_and_what_runs_is_never_changed() -> None:
    for state in get_args(State):
        for act in get_args(Act):
            became = after(state, act)
            assert became is None or became in get_args(State)
            if state in ("stopped", "done"):
                assert became is None
            if state in ("running", "paused"):
                assert act not in ("change", "build") or became is None
    assert after("ready", "start") == "running"
    assert set(MOVES["stop"]) == {"running", "paused"}


def test_a_second_person_is_needed_over_the_limit_until_one_agrees() -> None:
    one = _campaign(total=1001)
    assert needs_second(one, 1000)
    assert not needs_second(_campaign(total=1000), 1000)
    assert not needs_second(_campaign(total=1001, approved_by=3), 1000)


def test_what_is_missing_is_said_in_words() -> None:
    assert fault(_campaign()) is None
    assert (fault(_campaign(segment_id=None)) or ("",))[0] == "no-whom"
    assert (fault(_campaign(given=Given())) or ("",))[0] == "no-text"
    assert (fault(_campaign(channel="email")) or ("",))[0] == "no-mailbox"
    assert (fault(_campaign(channel="sms-bounced", given=Given(template_id=1, mailbox_id=1))) or ("",))[0] == (
        "no-sms-template"
    )
    assert (fault(_campaign(channel="calls", given=Given())) or ("",))[0] == "no-label"


def test_who_was_busy_is_called_sooner_than_who_did_not_answer_and_nobody_for_ever() -> None:
    calls = CallList(label="Ромашка", attempts=3)
    assert redial_at(calls, "busy", 1, 0.0) == 15 * 60
    assert redial_at(calls, "no-answer", 2, 0.0) == 120 * 60
    assert redial_at(calls, "busy", 3, 0.0) is None


def _campaign(**said: object) -> Campaign:
    values: dict[str, object] = {
        "id": 1, "name": "Поздравление", "channel": "sms", "purpose": "marketing", "state": "ready", "segment_id": 1,
        "given": Given(template_id=1),
    }  # fmt: skip
    return Campaign(**{**values, **said})  # type: ignore[arg-type]
