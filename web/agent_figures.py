"""A report on people as it is asked for and as it is answered: shared by the page, its file and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import may, scope
from cti.errors import Refused
from cti.features.rollups import Progress
from cti.reports.agent_sums import AgentSums
from cti.reports.intervals import STEPS, Interval, Step, count, grain, intervals, period
from cti.reports.targets import Targets
from cti.storage import agent_calls, agent_figures, reviews, targets, users
from cti.storage.agent_calls import Helped
from cti.storage.reviews import Average
from web.asking import Asker
from web.comparing import Beside, beside, day_of
from web.figures import MOST_ROWS


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked: both days are in the period. user_id, team_id: none of them is all that the person may see.

    own: of himself alone, whatever else is asked."""

    since: date
    until: date
    step: Step = "day"
    rows: str = "people"
    user_id: int | None = None
    team_id: int | None = None
    beside: Beside | None = None
    own: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row: a person in the whole period, or an interval. helped: FCR, see kpi.py."""

    since: int
    until: int
    sums: AgentSums
    user_id: int | None = None
    name: str = ""
    helped: Helped = (0, 0, 0)
    interval: Interval | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """lines in their order; other: the total of the other side, where asked, and by_other: its lines by person.

    scored: scores of conversations and clients' marks, by person, as far as the reader may see them."""

    ask: Ask
    since: int
    until: int
    lines: Sequence[Line]
    total: Line
    other: Line | None
    by_other: Mapping[int, Line]
    progress: Progress
    people: Mapping[int, str]
    targets: Targets
    scored: Mapping[int, Average]


def asked(asker: Asker, given: Mapping[str, str], *, own: bool = False) -> Ask:
    """What an address asks for; what cannot be read is as if it was not said."""
    today = asker.today
    since, until = day_of(given.get("since", "")), day_of(given.get("until", ""))
    until = until or max(today, since or today)
    since = since or until - timedelta(days=6)
    since, until = min(since, until), max(since, until)
    step: Step = next((one for one in STEPS if one == given.get("step")), "day")
    return Ask(
        since=since,
        until=until,
        step=step,
        rows="time" if given.get("rows") == "time" or (own and given.get("rows") != "people") else "people",
        user_id=asker.person.id if own else number(given.get("user", "")),
        team_id=None if own else number(given.get("team", "")),
        beside=beside(given, since, until),
        own=own,
    )


def number(text: str) -> int | None:
    """An id of an address."""
    text = text[:9]
    return int(text) if text.isascii() and text.isdigit() else None


async def people_of(asker: Asker, ask: Ask) -> dict[int, str]:
    """Who may be counted for this person and is asked for, by id, in the order of names."""
    person = asker.person
    async with asker.services.db.read() as conn:
        if ask.own:
            everybody = await agent_figures.names(conn)
            return {person.id: everybody.get(person.id, person.name)}
        found = await agent_figures.names(conn, ask.team_id)
        if scope(person, "figures.read") != "all":
            mine = await agent_figures.names(conn, person.team_id or 0)
            found = {one: name for one, name in found.items() if one in mine}
    return found if ask.user_id is None else {one: name for one, name in found.items() if one == ask.user_id}


async def answered(asker: Asker, ask: Ask) -> Answer:
    """The report. Raises Refused."""
    if ask.rows == "time" and count(ask.since, ask.until, ask.step) > MOST_ROWS:
        raise Refused("too-many-intervals", "That makes more than 1000 rows.")
    services, other = asker.services, ask.beside
    people = await people_of(asker, ask)
    since, until = period(ask.since, ask.until, services.zone)
    progress = await services.rollups.fresh_agents(since, until)
    others = people
    if other is not None:
        more = await services.rollups.fresh_agents(*period(other.since, other.until, services.zone))
        progress = max(progress, more, key=lambda one: one.left)
        if other.kind == "team" and not ask.own:
            others = await people_of(asker, replace(ask, team_id=other.team_id, user_id=None))
    async with services.db.read(slow=True) as conn:
        by_time = ask.rows == "time"
        own = await _by_person(conn, since, until, people, services.clock(), helped=not by_time)
        lines = [own[one] for one in people if one in own]
        beside_ = {}
        if other is not None:
            beside_ = await _by_person(conn, *period(other.since, other.until, services.zone), others, services.clock())
        total = _total(list(own.values()), since, until)
        if by_time:
            parts = intervals(ask.since, ask.until, ask.step, services.zone)
            found = await agent_figures.by_time(conn, since, until, list(people), grain(parts))
            asked_ = since, until, list(people), services.clock(), grain(parts)
            helped = await agent_calls.helped_by_time(conn, *asked_)
            lines = await asyncio.to_thread(_by_time, parts, found, helped)
            only = total.user_id if len(people) == 1 else None
            total = replace(total, user_id=only, helped=_together(one for _, one in helped))
        said = await targets.history(conn)
        scored = await _scored(conn, asker, since, until, people)
    return Answer(
        ask=ask,
        since=since,
        until=until,
        lines=lines,
        total=total,
        other=_total(list(beside_.values()), since, until) if other is not None else None,
        by_other=beside_,
        progress=progress,
        people=people,
        targets=said,
        scored=scored,
    )


async def _scored(
    conn: AsyncConnection, asker: Asker, since: int, until: int, people: Mapping[int, str]
) -> dict[int, Average]:
    if scope(asker.person, "quality.read") == "none":
        return {}
    teams = {one.id: one.team_id for one in await users.every(conn)}
    found = await reviews.averages(conn, since, until)
    return {
        one: found[one]
        for one in people
        if one in found and may(asker.person, "quality.read", owner_id=one, owner_team_id=teams.get(one))
    }


async def _by_person(
    conn: AsyncConnection, since: int, until: int, people: Mapping[int, str], now: float, *, helped: bool = True
) -> dict[int, Line]:
    """helped: with FCR of each, which takes most of the time."""
    ids = list(people)
    sums = await agent_figures.by_person(conn, since, until, ids)
    of = await agent_calls.helped(conn, since, until, ids, now) if helped else {}
    return {
        one: Line(
            since=since,
            until=until,
            sums=sums.get(one, AgentSums()),
            user_id=one,
            name=people[one],
            helped=of.get(one, (0, 0, 0)),
        )
        for one in people
        if one in sums or one in of
    }


def _total(lines: Sequence[Line], since: int, until: int) -> Line:
    whole = AgentSums()
    for one in lines:
        whole.add(one.sums)
    only = lines[0].user_id if len(lines) == 1 else None
    return Line(since=since, until=until, sums=whole, user_id=only, helped=_together(one.helped for one in lines))


def _together(some: Iterable[Helped]) -> Helped:
    first, second, third = 0, 0, 0
    for one in some:
        first, second, third = first + one[0], second + one[1], third + one[2]
    return first, second, third


def _by_time(
    parts: Sequence[Interval], found: Sequence[tuple[int, AgentSums]], helped: Sequence[tuple[int, Helped]]
) -> list[Line]:
    """Sums of short stretches put together to intervals, each of which is shown, also an empty one."""
    lines: list[Line] = []
    place = first = 0
    for part in parts:
        own = AgentSums()
        while place < len(found) and found[place][0] < part.until:
            own.add(found[place][1])
            place += 1
        begin = first
        while first < len(helped) and helped[first][0] < part.until:
            first += 1
        of = _together(one for _, one in helped[begin:first])
        lines.append(Line(since=part.since, until=part.until, sums=own, interval=part, helped=of))
    return lines
