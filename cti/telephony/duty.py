"""What a person has chosen to be for the queues: Ready, NotReady with a reason, WorkingAfterCall, LoggedOff.

This is the first of the three axes (chosen, device, call) and is never mixed with the others. Four can move it: the
person, a supervisor, the PBX (somebody paused on the phone) and the server, whose reasons are the words below. Work
after a call stands aside: when it is over, what was before it comes back. Pure: `now` is an argument.
Source: agent states of CSTA (ECMA-269); members and pauses of app_queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

State = Literal["logged-off", "not-ready", "ready", "after-call"]
By = Literal["person", "supervisor", "pbx", "server"]

DEVICE: Final = "DEVICE"  # the phone is not registered
MISSED: Final = "MISSED"  # too many offers in a row were not answered
LAGGED: Final = "LAGGED"  # the panel is gone
WRAPUP: Final = "WRAPUP"
PHONE: Final = "PHONE"  # paused on the phone, which gave no reason
SET_BACK_S: Final = 5.0  # a clock that is so much earlier than before was set, and did not drift
OWN_REASONS: Final = (DEVICE, MISSED, LAGGED, WRAPUP, PHONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """since: UNIX s. until: when work after the call ends by itself. back, back_reason: what comes after it.

    queue, call: after which call. held: it does not end by itself before an outcome of the call is given.
    """

    state: State = "logged-off"
    reason: str = ""
    since: float = 0.0
    by: By = "person"
    until: float | None = None
    back: State = "ready"
    back_reason: str = ""
    queue: str = ""
    call: str = ""
    held: bool = False

    @property
    def on(self) -> bool:
        """Whether his phone stands in his queues."""
        return self.state != "logged-off"

    @property
    def paused(self) -> bool:
        """Whether the queues must leave him alone."""
        return self.state != "ready"


def chosen(duty: Duty, state: State, reason: str, now: float, by: By) -> Duty:
    """Somebody says what he is from now on; the same again keeps its beginning."""
    if (duty.state, duty.reason) == (state, reason):
        return duty
    return Duty(state=state, reason=reason if state == "not-ready" else "", since=now, by=by)


def call_ended(duty: Duty, now: float, *, wrap_up_s: float, queue: str, call: str, held: bool) -> Duty:
    """A conversation with a client is over: work after it begins, for whoever is logged on."""
    if not duty.on or (wrap_up_s <= 0 and not held):
        return duty
    back, back_reason = (duty.back, duty.back_reason) if duty.state == "after-call" else (duty.state, duty.reason)
    return Duty(
        state="after-call",
        reason=WRAPUP,
        since=now,
        by="server",
        until=now + wrap_up_s,
        back=back,
        back_reason=back_reason,
        queue=queue,
        call=call,
        held=held,
    )


def longer(duty: Duty, now: float, more_s: float) -> Duty:
    """More time for the work after the call, counted from its end or from now, whichever is later."""
    if duty.state != "after-call":
        return duty
    return replace(duty, until=max(duty.until or now, now) + more_s)


def done(duty: Duty, now: float, by: By) -> Duty:
    """The work after the call is over."""
    if duty.state != "after-call":
        return duty
    return Duty(state=duty.back, reason=duty.back_reason, since=now, by=by)


def is_over(duty: Duty, now: float) -> bool:
    """Whether the work after the call ends now by itself; where the clock was set back, nobody waits for its hour."""
    if duty.state != "after-call" or duty.held or duty.until is None:
        return False
    return now >= duty.until or now < duty.since - SET_BACK_S


def as_pbx(duty: Duty, members: Iterable[tuple[bool, str]], now: float) -> Duty:
    """The duty as the PBX's members say: (paused, reason) of the person's phone in each queue.

    Paused or free in all of them is the person's doing at the phone; in some only, it says nothing of him.
    """
    pauses = list(members)
    if not pauses:
        return Duty(since=now, by="pbx") if duty.on else duty
    paused = [reason for is_paused, reason in pauses if is_paused]
    if len(paused) == len(pauses):
        if duty.paused and duty.on:
            return duty
        return Duty(state="not-ready", reason=next(filter(None, paused), PHONE)[:80], since=now, by="pbx")
    if not paused and duty.state != "ready":
        return Duty(state="ready", since=now, by="pbx")
    return duty
