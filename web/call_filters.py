"""The journal's filters as an address has them: `queue=sales&since=2026-11-01&talk_from=60`.

One set of names for the page, its file, its saved views and every link of a report that opens its calls. What cannot be
read is as if it was not said. since, until: a day (both are in the period), or a moment, `2026-11-01T09:15` and
UNIX seconds, the last of them not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from cti.access import Person, scope
from cti.storage.call_asked import OPEN, CallsAsked, Hears
from cti.telephony.numbering import NumberPlan, bare, read
from web.auth import person_of
from web.services import services_of

DIRECTIONS = ("inbound", "outbound", "internal")
OUTCOMES = (
    "answered", "no-answer", "busy", "rejected", "cancelled", "abandoned", "diverted", "voicemail", "self-service",
    "callback-requested", "failed", "unfinished", OPEN,
)  # fmt: skip
FIRST = ("since", "until", "direction", "outcome", "queue", "agent", "number")  # the rest is behind a button
MORE = (
    "result", "team", "did", "wait_from", "wait_to", "talk_from", "talk_to", "recording", "noted", "note", "marked",
    "pbx", "imported", "client",
)  # fmt: skip
NAMES = (*FIRST, *MORE, "mine")
LONGEST = 120
MOST_NUMBERS = 3
LONGEST_PLAIN = 12  # digits of one number without a plus: more are rather two numbers
LONGEST_SHORT = 5  # digits of an internal number, where two words could also be one number
MOST_SECONDS = 10**7


def given(query: Mapping[str, str]) -> dict[str, str]:
    """The filters of an address that say something, as they were written."""
    return in_order({name: said for name in NAMES if (said := query.get(name, "")[:LONGEST].replace("\0", "").strip())})


def in_order(said: dict[str, str]) -> dict[str, str]:
    """The same with the earlier of two days first, as reports have it."""
    try:
        first, last = (date.fromisoformat(said.get(name, "")) for name in ("since", "until"))
    except ValueError:
        return said
    return {**said, "since": f"{last}", "until": f"{first}"} if first > last else said


def asked(request: web.Request, said: Mapping[str, str]) -> CallsAsked:
    """What filters ask for. Raises Refused for a number with hidden digits."""
    services, zone = services_of(request), services_of(request).zone
    numbers = numbers_of(services.sights.opened(said.get("number", "")), services.plan)
    did = read(said.get("did", ""), services.plan)
    return CallsAsked(
        since=moment_asked(said.get("since", ""), zone),
        until=moment_asked(said.get("until", ""), zone, days=1),
        direction=_one_of(said.get("direction"), DIRECTIONS),
        outcome=_one_of(said.get("outcome"), OUTCOMES),
        result=said.get("result"),
        agent_id=_number(said.get("agent", "")),
        team_id=_number(said.get("team", "")),
        queue=said.get("queue"),
        did=did.e164 or said.get("did"),
        client_id=_number(said.get("client", "")),
        numbers=numbers,
        recording=_yes_no(said.get("recording")),
        hears=hears(person_of(request)),
        noted=_yes_no(said.get("noted")),
        note=said.get("note", ""),
        marked=_yes_no(said.get("marked")),
        pbx=said.get("pbx"),
        imported=_yes_no(said.get("imported")),
        **{name: _number(said.get(name, "")) for name in ("wait_from", "wait_to", "talk_from", "talk_to")},
    )


def hears(person: Person) -> Hears:
    """Whose recordings the person may hear."""
    return Hears(user_id=person.id, team_id=person.team_id, scope=scope(person, "recordings.listen"))


def numbers_of(text: str, plan: NumberPlan) -> tuple[str, ...]:
    """The numbers of a field: one in any spelling, or two: `+7 935 555-01-01 102`, `101, 102`."""
    text = " ".join(text.split())[:LONGEST]
    if not text:
        return ()
    words = text.split()
    parted = [part.strip() for part in text.replace(";", ",").split(",")]
    tries = [parted] if len(parted) > 1 else [words] if len(words) == 2 and all(map(_is_short, words)) else []
    two = [[" ".join(words[:place]), " ".join(words[place:])] for place in range(1, len(words))]
    is_long = not text.startswith("+") and sum(map(str.isdigit, bare(text))) > LONGEST_PLAIN
    tries += [*two, [text]] if is_long else [[text], *two]
    for parts in tries:
        found = [one.e164 or one.internal for one in (read(part, plan) for part in parts[:MOST_NUMBERS])]
        if all(found):
            return tuple(one for one in found if one)
    return (text,)


def _is_short(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= LONGEST_SHORT


def moment_asked(text: str, zone: ZoneInfo, *, days: int = 0) -> float | None:
    """UNIX seconds of a moment; of a day, its beginning, or that of the day `days` later."""
    if text.isascii() and text.isdigit() and len(text) in (9, 10):
        return float(text)
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=days)
            at = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            at = datetime.fromisoformat(text[:16]).replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None
    return at.timestamp() if 1970 < at.year < 9999 else None


def _number(text: str) -> int | None:
    return min(int(text), MOST_SECONDS) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _one_of(said: str | None, known: tuple[str, ...]) -> str | None:
    return said if said in known else None


def _yes_no(said: str | None) -> bool | None:
    return {"1": True, "0": False}.get(said or "")
