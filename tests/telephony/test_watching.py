"""Calls that a watch line sees, as events: who rings, and no more of the end than SIP tells."""

from __future__ import annotations

import pytest

from cti.telephony.events import CallCleared, ConnectionCleared, Delivered, Originated, Party
from cti.telephony.watching import How, Over, Rang, WatchedCalls, registrar_of

CALL = "0123456789abcdef"
ID = f"sip-main.{CALL}"
PHONES = ("PJSIP/101", "PJSIP/103")


def rang(calls: WatchedCalls, devices: tuple[str, ...] = PHONES) -> list[object]:
    return list(
        calls.rang("main", "+74950000009", devices, Rang(call=CALL, number="79355550101", name="Пётр", at=10.0))
    )


def test_it_rings_at_the_phones_of_the_people_named() -> None:
    calls = WatchedCalls()
    first, *rings = rang(calls)
    assert isinstance(first, Originated)
    assert (first.call, first.device, first.direction) == (ID, None, "inbound")
    assert first.caller == Party(number="79355550101", name="Пётр")
    assert [ring.device for ring in rings if isinstance(ring, Delivered)] == list(PHONES)
    assert all(
        isinstance(ring, Delivered) and ring.targets == PHONES and ring.called == "+74950000009" for ring in rings
    )
    record = calls.record(ID)
    assert record
    assert [(leg.device, leg.rang) for leg in record.legs] == [(phone, 10.0) for phone in PHONES]
    assert calls.open_calls == {ID}
    assert rang(calls) == [], "told twice it is one call"


@pytest.mark.parametrize(
    ("how", "outcome", "reason", "answered", "ended", "result"),
    [
        ("elsewhere", "answered", None, 14.0, None, "answered-elsewhere"),
        ("unanswered", "no-answer", None, None, 14.0, "no-answer"),
        ("unsaid", "unfinished", "sip", None, None, None),
        ("lost", "unfinished", "lost", None, None, None),
    ],
)
def test_of_the_end_only_what_was_told(
    how: How, outcome: str, reason: str | None, answered: float | None, ended: float | None, result: str | None
) -> None:
    calls = WatchedCalls()
    rang(calls)
    *cleared, last = calls.over("main", Over(call=CALL, how=how, at=14.0))
    assert isinstance(last, CallCleared)
    record = last.record
    assert (record.outcome, record.reason, record.answered, record.ended) == (outcome, reason, answered, ended)
    assert [leg.result for leg in record.legs] == [result, result]
    assert record.talked == (), "who talked nobody saw"
    assert [one.result for one in cleared if isinstance(one, ConnectionCleared)] == ([result] * 2 if result else [])
    assert calls.open_calls == frozenset()
    assert calls.over("main", Over(call=CALL, how=how, at=15.0)) == []


def test_a_hidden_caller_has_no_number_and_nobody_named_no_ring() -> None:
    calls = WatchedCalls()
    hidden = Rang(call=CALL, number="", name="", at=1.0)
    (first,) = calls.rang("main", "", (), hidden)
    assert isinstance(first, Originated)
    assert (first.caller, first.called) == (Party(), None)
    (last,) = calls.over("main", Over(call=CALL, how="unanswered", at=2.0))
    assert isinstance(last, CallCleared)


@pytest.mark.parametrize(
    ("call", "registrar"),
    [
        (ID, "main"),
        ("1795690265.7", ""),
        ("sip-main-1795690265.7", ""),
        ("spb:1795690265.7", ""),
        ("sip-main.0123", ""),
        ("", ""),
    ],
)
def test_the_id_tells_who_saw_a_call(call: str, registrar: str) -> None:
    assert registrar_of(call) == registrar
