"""Rules on events: what happens of itself when a call is missed, a contract ends, a property changes, a client is new.

An event is never told to a rule: rules find it in what the base holds, so that nothing that happens while the server is
down is lost, and a key that belongs to the event alone keeps it from happening twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from cti.clients.filters import Condition, Operator
from cti.messages.consent import Purpose

Event = Literal["missed-call", "contract-ends", "task-due", "changed", "new-client", "date"]
Channel = Literal["email", "sms"]
EVENTS: tuple[Event, ...] = get_args(Event)
DAY_S = 86400.0
LATEST_S = 2 * DAY_S  # what should have happened longer ago does not happen any more
QUIET_S = 12 * 3600.0  # a client who calls in vain again and again is written to once
MOST_DAYS, MOST_HOURS, MOST_DELAY_S = 365, 168, 30 * 86400
LOOK_AHEAD = 14  # days until the hours of a rule come
EPOCH = date(1970, 1, 1)
OLDEST = 120  # years
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Given(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an event and its conditions name. days: before a contract ends, or before a date; hours: before a task.

    field: of a change (`relation_id`, `property:12`); op, value: what it has to become, as segments ask (`any-of`,
    `from`, `contains`...), None: whatever it became. property_id: of a date.
    queues: of a missed call, none: all. segment_id: of whose clients alone. purpose: what consent it needs.
    """

    days: Annotated[int, Meta(ge=0, le=MOST_DAYS)] = 0
    hours: Annotated[int, Meta(ge=0, le=MOST_HOURS)] = 0
    field: Annotated[str, Meta(max_length=40)] = ""
    op: Operator | None = None
    value: Any = None
    property_id: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    queues: Annotated[list[Annotated[str, Meta(max_length=80)]], Meta(max_length=50)] = []
    segment_id: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    purpose: Purpose = "service"

    @property
    def asked(self) -> Condition | None:
        """What the field has to become; None: whatever."""
        return None if self.op is None else Condition(field=self.field, op=self.op, value=self.value)


class WorkingHours(Struct, frozen=True, forbid_unknown_fields=True):
    """When letters of a rule may go, on the client's own clock. weekdays: 0 is Monday."""

    begins: Clock = "09:00"
    ends: Clock = "18:00"
    weekdays: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(min_length=1, max_length=7)] = field(
        default_factory=lambda: [0, 1, 2, 3, 4]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule as it is set. enabled_at: since when it works, None: it does not. task: for the manager, "": none.

    mailbox_id: of a letter alone.
    """

    id: int
    name: str
    event: Event
    given: Given
    channel: Channel
    mailbox_id: int | None
    template_id: int | None
    task: str
    delay_s: int
    hours: WorkingHours | None
    enabled_at: float | None
    version: int
    user_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """One thing that happened, or will. key: its own alone. call, number: of a call that nobody answered.

    at: when; day (`2026-11-26`): of what comes with a day instead, which begins on the client's own clock.
    what, due_at: of a task, or of a call-back that was ordered.
    """

    key: str
    at: float
    client_id: int | None
    contract_id: int | None = None
    manager_id: int | None = None
    call: str = ""
    number: str = ""
    day: str = ""
    what: str = ""
    due_at: float | None = None


def fault(rule: Rule) -> tuple[str, str] | None:
    """What is wrong with a rule: code and sentence; None where nothing is."""
    if not rule.name.strip():
        return "no-rule-name", "A rule needs a name."
    if rule.template_id is None and not rule.task.strip():
        return "empty-rule", "Say what the rule does: a letter or an SMS by a template, a task, or both."
    if rule.channel == "email" and rule.template_id is not None and rule.mailbox_id is None:
        return "no-rule-mailbox", "Say from which mailbox the letter goes."
    if rule.event == "changed" and not rule.given.field:
        return "no-rule-field", "Say which field has to change."
    if rule.event == "date" and rule.given.property_id is None:
        return "no-rule-date", "Say which date of the client it is."
    if rule.event == "task-due" and not rule.given.hours:
        return "no-rule-hours", "Say how many hours before it is."
    if rule.hours is not None and rule.hours.begins >= rule.hours.ends:
        return "bad-hours", "The hours end before they begin."
    return None


def goes_at(at: float, delay_s: float, hours: WorkingHours | None, zone: ZoneInfo) -> float:
    """When what a rule does is due. zone: of the client."""
    due = at + delay_s
    if hours is None:
        return due
    first, begins, ends = datetime.fromtimestamp(due, zone), _clock(hours.begins), _clock(hours.ends)
    for ahead in range(LOOK_AHEAD):
        day = first.date() + timedelta(days=ahead)
        if day.weekday() not in hours.weekdays:
            continue
        opens = datetime.combine(day, begins, zone).timestamp()
        if due < datetime.combine(day, ends, zone).timestamp():
            return max(due, opens)
    return due


def anniversaries(today: date, ahead: int) -> list[int]:
    """Days since 1970 of every year's day that comes in so many days; a 29 February is kept on the 28th."""
    wanted = today + timedelta(days=ahead)
    days: list[int] = []
    for year in range(wanted.year - OLDEST, wanted.year + 1):
        days += [(one - EPOCH).days for one in _same_days(wanted, year)]
    return days


def _same_days(wanted: date, year: int) -> Iterator[date]:
    try:
        yield wanted.replace(year=year)
    except ValueError:  # 29 February of a year that has none
        return
    if (wanted.month, wanted.day) == (2, 28) and _is_leap(year) and not _is_leap(wanted.year):
        yield date(year, 2, 29)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _clock(text: str) -> time:
    return time(int(text[:2]), int(text[3:]))
