"""Why a service level was low, as it is asked for and as it is answered: shared by the page, its file and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import scope
from cti.errors import Refused
from cti.features.rollups import Progress
from cti.holidays_ru import days_off
from cti.reports.erlang import Goal
from cti.reports.forecast import MOST_WEEKS, WEEKS, Day, Forecast, Usual, days_before, forecast, handling
from cti.reports.intervals import Interval, intervals, period
from cti.reports.pause_budgets import in_force as budget_in_force
from cti.reports.queue_sums import QUARTER_S, QueueSums, Thresholds, added, in_force
from cti.reports.shortfall import Change, Shortfall, Slot, Split, Staff, WhatIf, shortfall, split, what_if
from cti.reports.staffing import Offer, Share, staffing, together
from cti.reports.targets import in_force as target_in_force
from cti.storage import pause_budgets, queue_figures, targets, thresholds, why_figures
from web import figures
from web.asking import Asker

TARGET = 80
OTHERS = 0  # in place of a person: all of teams whose people may not be named
ONE_MORE = Change(agents=1)
MOST_AGENTS, MOST_PERCENT = 50, 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """begins, ends: half hours `09:00` of the day, "" for its first and last. target: percent. change: what if.

    set_target: percent, as the targets of that day have it; None: they have none.

    change_from, change_to: in which half hours it would be otherwise; "" as the others.
    """

    queue: str
    day: date
    begins: str = ""
    ends: str = ""
    target: int = TARGET
    set_target: int | None = None
    weeks: int = WEEKS
    change: Change = ONE_MORE
    change_from: str = ""
    change_to: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A half hour: as it was, explained where that is possible, and what it would have been."""

    slot: Slot
    split: Split | None
    then: WhatIf | None
    changed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """total None: too little history. was, model, then: levels of the half hours that can be reckoned, 0 to 1.

    came, counted, in_time: calls. budgets: minutes of a day by reason. shares: by person, OTHERS for those who are not
    named. rings: calls in vain.
    """

    ask: Ask
    since: int
    until: int
    lines: Sequence[Line]
    total: Shortfall | None
    came: int
    counted: int
    in_time: int
    thresholds: Thresholds
    forecast: Forecast
    holiday: bool
    budgets: Mapping[str, int]
    shares: Mapping[int, Share]
    names: Mapping[int, str]
    rings: Sequence[Offer]
    was: float | None
    model: float | None
    then: float | None
    then_c: float | None
    progress: Progress


async def asked(asker: Asker, given: Mapping[str, str], queues: Sequence[str]) -> Ask | None:
    """What an address asks for; what cannot be read is as if it was not said. None: there is no queue at all."""
    yesterday = asker.today - timedelta(days=1)
    queue = given.get("queue", "")[:80].replace("\0", "") or (queues[0] if queues else "")
    if not queue:
        return None
    day = figures.day_of(given.get("day", "")) or yesterday
    async with asker.services.db.read() as conn:
        known = await targets.history(conn)
    said = target_in_force(known, "service-level", queue, period(day, day, asker.services.zone)[0])
    set_target = None if said is None else round(said * 100)
    return Ask(
        queue=queue,
        day=day,
        begins=given.get("begins", "")[:6],
        ends=given.get("ends", "")[:6],
        target=_number(given.get("target", ""), set_target or TARGET, 1, 100),
        set_target=set_target,
        weeks=_number(given.get("weeks", ""), WEEKS, 1, MOST_WEEKS),
        change=Change(
            agents=_number(given.get("agents", ""), 1, -MOST_AGENTS, MOST_AGENTS),
            calls_percent=_number(given.get("calls", ""), 0, -MOST_PERCENT, MOST_PERCENT),
            handling_percent=_number(given.get("handling", ""), 0, -MOST_PERCENT, MOST_PERCENT),
        ),
        change_from=given.get("change_from", "")[:6],
        change_to=given.get("change_to", "")[:6],
    )


def _number(text: str, usual: int, least: int, most: int) -> int:
    text = text.strip()[:5]
    digits = text.removeprefix("-")
    return min(max(int(text), least), most) if digits.isascii() and digits.isdigit() else usual


async def answered(asker: Asker, ask: Ask) -> Answer:
    """The report. Raises Refused."""
    services, zone = asker.services, asker.services.zone
    queues = await figures.queues_of(asker, ask.queue, None)
    if not queues:
        raise Refused("not-your-queue", "This queue is none of your team's.")
    since, until = period(ask.day, ask.day, zone)
    past = days_before(ask.day, ask.weeks)
    progress = await services.rollups.fresh_queues(period(past[-1], past[-1], zone)[0], until)
    people_progress = await services.rollups.fresh_agents(since, until)
    own_team = (asker.person.team_id or 0) if scope(asker.person, "figures.read") == "team" else None
    async with services.db.read(slow=True) as conn:
        sums = {day: await _day(conn, ask.queue, day, zone) for day in (ask.day, *past)}
        limits = await thresholds.history(conn)
        budgets = await pause_budgets.history(conn)
        offers = await why_figures.offers(conn, ask.queue, since, until)
        people = await why_figures.people(conn, ask.queue, {one.user_id for one in offers})
        quarters = await why_figures.quarters(conn, people, since, until)
    holidays = await asyncio.to_thread(days_off, sorted({day.year for day in (ask.day, *past)}))
    usual = forecast(ask.day, ask.weeks, sums, holidays)
    minutes = {reason: budget_in_force(budgets, reason, since) for reason in budgets}
    in_minutes = {reason: one for reason, one in minutes.items() if one is not None}
    parts = _window(ask, labelled(ask.day, zone))
    offered = [one for one in offers if parts[0][1].since <= one.rang < parts[-1][1].until]
    staff, shares = await asyncio.to_thread(
        staffing,
        [slot for _, slot in parts],
        quarters,
        offers,
        {name: one * 60_000 for name, one in in_minutes.items()},
    )
    slots = [
        _slot(label, slot, sums[ask.day].get(label, QueueSums()), in_force(limits, ask.queue, slot.since), one, usual)
        for (label, slot), one in zip(parts, staff, strict=True)
    ]
    lines = await asyncio.to_thread(_lines, ask, slots, usual)
    named = {id_: share for id_, share in shares.items() if own_team is None or people[id_][1] == own_team}
    return Answer(
        ask=ask,
        since=parts[0][1].since,
        until=parts[-1][1].until,
        lines=lines,
        total=shortfall([one.split for one in lines if one.split]) if usual.is_enough else None,
        came=sum(one.calls for one in slots),
        counted=sum(one.counted for one in slots),
        in_time=sum(one.in_time for one in slots),
        thresholds=in_force(limits, ask.queue, since),
        forecast=usual,
        holiday=ask.day in holidays,
        budgets=in_minutes,
        shares=named | _others(shares, named),
        names={id_: people[id_][0] for id_ in named},
        rings=[one for one in offered if one.answered is None and one.user_id in named],
        **_levels(lines),
        progress=progress if progress.left else people_progress,
    )


async def _day(conn: AsyncConnection, queue: str, day: date, zone: ZoneInfo) -> Day:
    """The sums of a day's half hours that have any."""
    found = dict(await queue_figures.by_time(conn, *period(day, day, zone), [queue], QUARTER_S))
    rows = {
        label: [found[at] for at in range(slot.since, slot.until, QUARTER_S) if at in found]
        for label, slot in labelled(day, zone)
    }
    return {label: added(some) for label, some in rows.items() if some}


def labelled(day: date, zone: ZoneInfo) -> list[tuple[str, Interval]]:
    """A day's half hours by name; the second of two of the same name has a mark."""
    found: dict[str, Interval] = {}
    for slot in intervals(day, day, "half", zone):
        name = f"{datetime.fromtimestamp(slot.since, zone):%H:%M}"
        found[f"{name}\u2032" if name in found else name] = slot
    return list(found.items())


def _window(ask: Ask, parts: Sequence[tuple[str, Interval]]) -> list[tuple[str, Interval]]:
    """The half hours that are asked for; all of them where what is asked is none."""
    some = [
        (label, slot)
        for label, slot in parts
        if label >= ask.begins and (not ask.ends or label.rstrip("\u2032") < ask.ends)
    ]
    return some or list(parts)


def _slot(label: str, part: Interval, sums: QueueSums, limits: Thresholds, staff: Staff, usual: Forecast) -> Slot:
    untimed = sums.answered_untimed + sums.abandoned_untimed
    return Slot(
        label=label,
        since=part.since,
        until=part.until,
        calls=sums.entered,
        counted=sums.answered + sums.abandoned - untimed - sums.short,
        in_time=sums.in_t,
        handling_s=handling([sums]),
        goal=Goal(within_s=limits.answer_within_s, short_s=limits.short_s),
        staff=staff,
        usual=usual.slots.get(label, Usual(calls=0.0, handling_s=None)) if usual.is_enough else None,
    )


def _lines(ask: Ask, slots: Sequence[Slot], usual: Forecast) -> list[Line]:
    """Not for the event loop: some thousand questions to the model."""
    target, found = ask.target / 100, []
    for slot in slots:
        changed = slot.label >= ask.change_from and (not ask.change_to or slot.label < ask.change_to)
        change = ask.change if changed else Change()
        then = what_if(slot, change, target, usual.patience_s)
        found.append(Line(slot=slot, split=split(slot, target, usual.patience_s), then=then, changed=changed))
    return found


def _levels(lines: Sequence[Line]) -> dict[str, float | None]:
    """Of the half hours that can be reckoned, each by how many calls it counts."""
    some = [one for one in lines if one.then is not None]
    counted = sum(one.slot.counted for one in some)
    if not counted:
        return {"was": None, "model": None, "then": None, "then_c": None}

    def mean(of: Callable[[WhatIf], float]) -> float:
        return sum(of(one.then) * one.slot.counted for one in some if one.then is not None) / counted

    return {
        "was": sum(one.slot.in_time for one in some) / counted,
        "model": mean(lambda one: one.model),
        "then": mean(lambda one: one.then),
        "then_c": mean(lambda one: one.then_c),
    }


def _others(shares: Mapping[int, Share], named: Mapping[int, Share]) -> dict[int, Share]:
    """People who may not be named, all together."""
    rest = [share for id_, share in shares.items() if id_ not in named]
    return {OTHERS: together(rest)} if rest else {}
