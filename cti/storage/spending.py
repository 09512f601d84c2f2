"""What may not be sent now, and what was spent: asked of some SMS at the last moment, in a few queries for all.

A person's own SMS is held back by nothing but a withdrawn consent; what it costs is counted beside. Of those that
programs and campaigns send the budget of the day is not exceeded by one: whoever asks for some is told which of them
no longer fit. The budget and the count of a number begin anew with the day of the house; what would be too late then
ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.zones import clock_of
from cti.messages.consent import STOP_KEY
from cti.messages.limits import Limits
from cti.messages.quiet import day_begins, day_ends, day_of, loud_at
from cti.storage import consents, missed, occasions
from cti.storage.campaign_tables import sending_days
from cti.storage.consents import Wish
from cti.storage.sms_tables import sms

LATEST_S, CAMPAIGN_LATEST_S = 2 * 86400.0, 7 * 86400.0  # after so long it is not sent any more
ANSWER_S = 600.0  # between two automatic answers to one number
LATER = ("quiet", "a-day", "budget")  # why one waits, which other limits would not hold back
LOOKED_S = 10 * 86400.0  # rows older than this are not counted
_GONE = ("sending", "accepted", "sent", "delivered", "undeliverable", "expired", "unknown")


@dataclass(frozen=True, slots=True)
class Stop:
    """Why one is not sent now. again_at: when it is tried again; None: it ends.

    why: withdrawn, no-consent, talked, too-often, quiet, a-day, budget, too-late.
    """

    why: str
    again_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What a day has cost. spent: by SMS that no person wrote; own: by those that persons wrote; hundredths."""

    spent: int = 0
    messages: int = 0
    own: int = 0
    stopped_at: float | None = None
    told_at: float | None = None


async def stopped(
    conn: AsyncConnection, rows: Sequence[Any], limits: Limits, now: float, house: ZoneInfo
) -> dict[int, Stop]:
    """Those of these SMS that may not be sent now, by id. rows: of the table `sms`, with the price that they will cost.

    One task alone asks it and claims them: in the transaction that does, tell `goes` of it.
    """
    refused = await consents.refusals(conn, [Wish("phone", row.number, row.purpose, row.client_id) for row in rows])
    found = {
        row.id: Stop(why) for row, why in zip(rows, refused, strict=True) if why and not row.key.startswith(STOP_KEY)
    }
    for row in rows:
        if row.id not in found and row.automatic and row.call_id and await _talked(conn, row.call_id):
            found[row.id] = Stop("talked")
    ours = [row for row in rows if row.id not in found and _is_ours(row)]
    if not ours:
        return found
    zones = await occasions.zones(conn, {row.client_id for row in ours if row.client_id})
    counted = _Counted(limits, now, house, (await day(conn, now, house)).spent, *await _counts(conn, ours, now, house))
    for row in ours:
        zone = ZoneInfo(clock_of(*zones.get(row.client_id, ("", "")), house.key).zone)
        stop = counted.stop(row, zone)
        if stop is not None:
            found[row.id] = stop
    return found


async def goes(conn: AsyncConnection, rows: Sequence[Any], stops: Iterable[Stop], now: float, house: ZoneInfo) -> None:
    """Write down what these SMS cost, that go now, and that the budget holds others back, if it does."""
    await spend(conn, rows, now, house)
    if any(stop.why == "budget" for stop in stops):
        await _mark(conn, day_of(now, house), now)


async def _talked(conn: AsyncConnection, call_id: str) -> bool:
    """Whether somebody talked with who called in vain, while the SMS about it waited."""
    lost = await missed.concerns(conn, call_id, None, hold=False)
    return lost is not None and await missed.is_done(conn, lost)


def _is_ours(row: Any) -> bool:
    """Whether no person wrote it."""
    return bool(row.automatic or row.campaign_id or row.rule_id)


def _answers(row: Any) -> bool:
    """Whether it answers of itself what came: two programs that do would never stop."""
    return bool(row.automatic and (row.call_id or row.key.startswith(STOP_KEY)))


@dataclass(slots=True)
class _Counted:
    """What went already, and with each one that may go one more."""

    limits: Limits
    now: float
    house: ZoneInfo
    spent: int
    today: Counter[str]
    answered: set[str]

    def stop(self, row: Any, zone: ZoneInfo) -> Stop | None:
        if _answers(row) and row.number in self.answered:
            return Stop("too-often")
        quiet = loud_at(self.now, self.limits, zone)
        if quiet > self.now and not row.key.startswith(STOP_KEY):
            return self._later(row, "quiet", quiet)
        tomorrow = loud_at(day_ends(self.now, self.house), self.limits, zone)
        if self.limits.a_day and self.today[row.number] >= self.limits.a_day:
            return self._later(row, "a-day", tomorrow)
        if self.limits.budget_day and self.spent + row.price > self.limits.budget_day:
            return self._later(row, "budget", tomorrow)
        self.spent += row.price
        self.today[row.number] += 1
        if _answers(row):
            self.answered.add(row.number)
        return None

    def _later(self, row: Any, why: str, at: float) -> Stop:
        wanted = row.send_at or row.created_at
        late = at - wanted > (CAMPAIGN_LATEST_S if row.campaign_id else LATEST_S)
        return Stop("too-late") if late else Stop(why, at)


async def _counts(
    conn: AsyncConnection, rows: Sequence[Any], now: float, house: ZoneInfo
) -> tuple[Counter[str], set[str]]:
    """How many went to each number today, and to which of them an automatic answer went a moment ago."""
    begins, today, answered = day_begins(now, house), Counter[str](), set[str]()
    left_at = func.coalesce(sms.c.accepted_at, sms.c.claimed_at, sms.c.created_at)
    columns = (sms.c.number, sms.c.key, sms.c.automatic, sms.c.campaign_id, sms.c.rule_id, sms.c.call_id)
    went = select(*columns, left_at.label("left_at")).where(
        sms.c.number.in_({row.number for row in rows}),
        sms.c.created_at >= now - LOOKED_S,
        sms.c.direction == "out",
        sms.c.state.in_(_GONE),
        sms.c.id.not_in([row.id for row in rows]),
        left_at >= min(begins, now - ANSWER_S),
    )
    for row in await conn.execute(went):
        if row.left_at >= begins and _is_ours(row):
            today[row.number] += 1
        if row.left_at > now - ANSWER_S and _answers(row):
            answered.add(row.number)
    return today, answered


async def spend(conn: AsyncConnection, rows: Sequence[Any], now: float, house: ZoneInfo, *, back: bool = False) -> None:
    """Write down what these SMS cost, as they go. back: they did not go after all."""
    sign = -1 if back else 1
    ours = [row for row in rows if _is_ours(row)]
    own = sum(row.price for row in rows) - sum(row.price for row in ours)
    added = {"spent": sign * sum(row.price for row in ours), "messages": sign * len(ours), "own": sign * own}
    if any(added.values()):
        await _add(conn, day_of(now, house), added)


async def day(conn: AsyncConnection, now: float, house: ZoneInfo) -> Day:
    """What today has cost."""
    mine = select(sending_days).where(sending_days.c.day == day_of(now, house))
    row = (await conn.execute(mine)).one_or_none()
    if row is None:
        return Day()
    return Day(
        spent=row.spent, messages=row.messages, own=row.own, stopped_at=row.stopped_at, told_at=row.told_at
    )  # fmt: skip


async def told(conn: AsyncConnection, now: float, house: ZoneInfo) -> bool:
    """Those who see to it are told that the budget holds SMS back; False: nothing is held back, or they were told."""
    mine = (sending_days.c.day == day_of(now, house)) & sending_days.c.stopped_at.is_not(None)
    set_ = update(sending_days).where(mine, sending_days.c.told_at.is_(None)).values(told_at=now)
    return (await conn.execute(set_)).rowcount == 1


async def asked_anew(conn: AsyncConnection, now: float, house: ZoneInfo) -> None:
    """Limits were set otherwise: what they held back is asked about now, and the alarm of the day is over."""
    held = (sms.c.direction == "out") & (sms.c.state == "queued") & sms.c.why.in_(LATER)
    await conn.execute(update(sms).where(held, sms.c.next_at > now).values(next_at=now))
    mine = sending_days.c.day == day_of(now, house)
    await conn.execute(update(sending_days).where(mine).values(stopped_at=None, told_at=None))


async def _mark(conn: AsyncConnection, name: str, now: float) -> None:
    await _add(conn, name, {})
    mine = (sending_days.c.day == name) & sending_days.c.stopped_at.is_(None)
    await conn.execute(update(sending_days).where(mine).values(stopped_at=now))


async def _add(conn: AsyncConnection, name: str, added: Mapping[str, int]) -> None:
    more = {f"more_{column}": added.get(column, 0) for column in _COSTS}
    if (await conn.execute(_SPEND, {"of": name} | more)).rowcount == 0:
        await conn.execute(insert(sending_days).values(day=name))
        await conn.execute(_SPEND, {"of": name} | more)


_COSTS = ("spent", "messages", "own")
_SPEND = (
    update(sending_days)
    .where(sending_days.c.day == bindparam("of"))
    .values({name: sending_days.c[name] + bindparam(f"more_{name}") for name in _COSTS})
)
