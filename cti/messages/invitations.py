"""Invitations in letters (iCalendar, iTIP): when, where and who; and the answer to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import vobject
from vobject.base import VObjectError
from vobject.icalendar import utc

from cti.clients.masking import Words
from cti.messages.texts import one_line

How = Literal["accepted", "tentative", "declined"]
CALENDAR_CHARS = 64_000  # of one that is looked at
PEOPLE_MOST = 50
PRODUCT = "-//Trubka//Invitations//EN"
_KEPT = ("uid", "sequence", "recurrence_id", "organizer", "summary", "location")


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """Somebody who is asked to come. state: needs-action, accepted, tentative, declined; others as they came."""

    name: Words
    address: Words
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """What a calendar part says. method: request, cancel, reply, publish. begins, ends: UNIX seconds; whole_days: of
    the days from and to. repeats: more often than once."""

    uid: str
    method: str
    summary: Words
    place: Words
    organizer: str
    organizer_name: Words
    begins: float
    ends: float
    whole_days: bool
    repeats: bool
    guests: tuple[Guest, ...]

    @property
    def asks(self) -> bool:
        """Whether it waits for an answer."""
        return self.method == "request" and bool(self.uid and self.organizer)


def invitation(calendar: str, zone: ZoneInfo) -> Invitation | None:
    """The invitation in a calendar part; None where there is none that can be read. zone: of times without one."""
    event, method = _event(calendar)
    if event is None or "dtstart" not in event.contents:
        return None
    try:
        begins = event.dtstart.value
        ends = _end(event, begins)
        organizer = event.contents.get("organizer", [None])[0]
        guests = [_guest(one) for one in event.contents.get("attendee", ())[:PEOPLE_MOST]]
        return Invitation(
            uid=_text(event, "uid", 500),
            method=method,
            summary=_text(event, "summary", 300),
            place=_text(event, "location", 300),
            organizer=_address(organizer),
            organizer_name=_named(organizer),
            begins=_at(begins, zone),
            ends=_at(ends, zone),
            whole_days=not isinstance(begins, datetime),
            repeats="rrule" in event.contents or "rdate" in event.contents,
            guests=tuple(guests),
        )
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def answer(calendar: str, *, address: str, name: str, how: How, now: float) -> str:
    """The calendar part of an answer. address, name: of who answers. Raises ValueError for no invitation."""
    event, _method = _event(calendar)
    if event is None:
        raise ValueError("no invitation")
    made = vobject.iCalendar()
    made.add("prodid").value = PRODUCT
    made.add("method").value = "REPLY"
    reply = made.add("vevent")
    for kept in _KEPT:
        for line in event.contents.get(kept, ())[:1]:
            reply.add(line.duplicate(line))
    reply.add("dtstamp").value = datetime.fromtimestamp(int(now), utc)
    for which in ("dtstart", "dtend"):
        for line in event.contents.get(which, ())[:1]:
            aware = isinstance(line.value, datetime) and line.value.tzinfo is not None
            reply.add(which).value = line.value.astimezone(utc) if aware else line.value
    guest = reply.add("attendee")
    guest.value = f"mailto:{address}"
    guest.params = {"PARTSTAT": [how.upper()], "CN": [one_line(name, 100).replace('"', "'") or address]}
    return str(made.serialize())


def _event(calendar: str) -> tuple[Any, str]:
    if len(calendar) > CALENDAR_CHARS:
        return None, ""
    try:
        read = vobject.readOne(calendar, allowQP=True, ignoreUnreadable=True)
        contents: Mapping[str, Any] = read.contents
        events = contents.get("vevent", ())
        method = contents["method"][0].value.strip().lower() if "method" in contents else "publish"
        return (events[0], method) if events else (None, "")
    except (VObjectError, ValueError, TypeError, AttributeError, KeyError, IndexError, StopIteration):
        return None, ""


def _end(event: Any, begins: Any) -> Any:
    if "dtend" in event.contents:
        return event.dtend.value
    if "duration" in event.contents:
        return begins + event.duration.value
    return begins + timedelta(days=1) if not isinstance(begins, datetime) else begins


def _at(value: datetime | date, zone: ZoneInfo) -> float:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).timestamp()


def _text(event: Any, name: str, most: int) -> str:
    lines = event.contents.get(name, ())
    return one_line(str(lines[0].value), most) if lines else ""


def _guest(line: Any) -> Guest:
    state = (line.params.get("PARTSTAT") or ["needs-action"])[0].lower()
    return Guest(name=_named(line), address=_address(line), state=state)


def _address(line: Any) -> str:
    value = str(line.value) if line is not None else ""
    return one_line(value[7:] if value[:7].lower() == "mailto:" else "", 254)


def _named(line: Any) -> str:
    named = (line.params.get("CN") or [""])[0] if line is not None else ""
    return one_line(named.strip('"'), 200)
