"""Which calls of a log are in the journal already: by their id, as a leg of another, and where a log has no ids.

Call detail records of a PBX that writes no ids are known again by the channel that called and the second; a queue log
finds them by number and time. So a file and a table of the same calls, and both kinds of log, are one call each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs
from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.past_tables import past_imports
from cti.storage.tables import calls, legs
from cti.telephony.events import CallRecord, LegRecord

BESIDE_S = 6 * 3600.0  # a leg of a call that began so long before may still be the one that a log tells of
SAME_S = 3.0  # two logs of the same moment differ by less: one has whole seconds
_SEEN_LEGS = text(
    "SELECT DISTINCT legs.leg_id FROM legs JOIN calls ON calls.id = legs.call_id"
    " WHERE calls.past_id IS NULL AND calls.started_at BETWEEN :since AND :until AND legs.leg_id IN :ids"
).bindparams(bindparam("ids", expanding=True))
_CHANNELS = text(
    "SELECT calls.id, calls.started_at, legs.leg FROM calls JOIN legs ON legs.call_id = calls.id"
    " WHERE calls.started_at BETWEEN :since AND :until AND legs.leg IN :names"
).bindparams(bindparam("names", expanding=True))
_NAMELESS = text(
    "SELECT id, number, started_at, ended_at, queued_at FROM calls WHERE past_id IS NOT NULL"
    " AND number IN :numbers AND started_at BETWEEN :since AND :until"
).bindparams(bindparam("numbers", expanding=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class PastCall:
    """A call that a log tells of. own_id: its id at the PBX. users: who sat behind which leg id."""

    record: CallRecord
    own_id: str
    pbx: str
    number: str | None
    client_id: int | None
    user_id: int | None
    users: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """made: not there yet. ended: whose end nobody had seen. more: of which another kind of log told before. Each of
    these with its row: id, outcome, past_id, kind, started_at. counts: as an import has them.
    """

    made: list[PastCall]
    ended: list[tuple[PastCall, Any]]
    more: list[tuple[PastCall, Any]]
    counts: Mapping[str, int]


async def sort(conn: AsyncConnection, kind: str, told: Sequence[PastCall]) -> Sorted:
    """What is to be done with the calls of a log of this kind. All of them began within a few hours."""
    if not told:
        return Sorted(made=[], ended=[], more=[], counts={"made": 0, "filled": 0, "known": 0})
    found = await _rows(conn, [one.record.call for one in told])
    missing = [one for one in told if one.record.call not in found]
    others = await _others(conn, missing)
    found |= await _rows(conn, list(others.values()))
    told = [_as(one, others[one.record.call]) if one.record.call in others else one for one in told]
    legs_seen = await _seen(conn, [one for one in told if one.record.call not in found])
    made = [one for one in told if one.record.call not in found and one.own_id not in legs_seen]
    there = [(one, found[one.record.call]) for one in told if one.record.call in found]
    ended = [(one, row) for one, row in there if _ends(row.outcome, one.record.outcome)]
    # what was seen whole stays as it was seen; of what one kind of log told, another may know more
    more = [
        (one, row) for one, row in there if row.kind not in (None, kind) and not _ends(row.outcome, one.record.outcome)
    ]
    counts = {"made": len(made), "filled": len(ended), "known": len(told) - len(made) - len(ended)}
    return Sorted(made=made, ended=ended, more=more, counts=counts)


async def _rows(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, Any]:
    if not ids:
        return {}
    asked = (
        select(calls.c.id, calls.c.outcome, calls.c.past_id, calls.c.started_at, past_imports.c.kind)
        .join_from(calls, past_imports, past_imports.c.id == calls.c.past_id, isouter=True)
        .where(calls.c.id.in_(ids))
    )
    return {row.id: row for row in await conn.execute(asked)}


def _ends(was: str | None, became: str | None) -> bool:
    return was == "unfinished" and became not in (None, "unfinished")


async def _seen(conn: AsyncConnection, told: Sequence[PastCall]) -> frozenset[str]:
    """Which of these are legs of calls that were seen: a consultation by way of a queue has no call of its own."""
    span = _span(told)
    if span is None:
        return frozenset()
    ids = [one.own_id for one in told]
    return frozenset((await conn.execute(_SEEN_LEGS, {**span, "ids": ids})).scalars())


async def _others(conn: AsyncConnection, told: Sequence[PastCall]) -> dict[str, str]:
    """Of these ids, those by which the journal knows the same calls."""
    span = _span(told)
    if span is None:
        return {}
    found: dict[str, str] = {}
    channels = {leg.leg: one for one in told for leg in one.record.legs[:1] if "-" in leg.leg}
    if channels:
        for row in await conn.execute(_CHANNELS, {**span, "names": list(channels)}):
            one = channels[row.leg]
            if abs(row.started_at - (one.record.started or 0.0)) <= SAME_S:
                found[one.record.call] = row.id
    numbers = {one.number for one in told if one.number}
    if numbers:
        there: dict[str, list[Any]] = {}
        for row in await conn.execute(_NAMELESS, {**span, "numbers": list(numbers)}):
            there.setdefault(row.number, []).append(row)
        for one in told:
            mine = [row for row in there.get(one.number or "", ()) if _beside(row, one)]
            if len(mine) == 1:
                found.setdefault(one.record.call, mine[0].id)
    return found


def _beside(row: Any, one: PastCall) -> bool:
    """Whether a record without an id and what a queue log tells are of one call."""
    record = one.record
    if _nameless(row.id) == _nameless(record.call) or (row.queued_at is None) == (record.queued is None):
        return False
    came = record.queued if record.queued is not None else row.queued_at
    begins, ends = (row.started_at, row.ended_at) if record.queued is not None else (record.started, record.ended)
    if begins is None or came is None:
        return False
    return bool(begins - SAME_S <= came <= (ends or begins) + SAME_S)


def _nameless(call: str) -> bool:
    return call.startswith("cdr:") or ":cdr:" in call


def _span(told: Sequence[PastCall]) -> dict[str, float] | None:
    begins = [one.record.started for one in told if one.record.started is not None]
    return {"since": min(begins) - BESIDE_S, "until": max(begins) + 60.0} if begins else None


def _as(one: PastCall, id_: str) -> PastCall:
    return PastCall(
        record=structs.replace(one.record, call=id_), own_id=one.own_id, pbx=one.pbx, number=one.number,
        client_id=one.client_id, user_id=one.user_id, users=one.users,
    )  # fmt: skip


async def known_legs(conn: AsyncConnection, told: Sequence[PastCall]) -> dict[tuple[str, str], str]:
    """Legs of these calls that the journal has under another id: (call, leg id of the log) -> leg id of the journal."""
    if not told:
        return {}
    there: dict[str, list[Any]] = {}
    own = legs.c
    asked = select(own.call_id, own.leg_id, own.leg, own.device, own.answered_at, own.ended_at)
    for row in await conn.execute(asked.where(own.call_id.in_([one.record.call for one in told]))):
        there.setdefault(row.call_id, []).append(row)
    found = {}
    for one in told:
        rows = there.get(one.record.call, [])
        ids = {row.leg_id for row in rows}
        for leg in one.record.legs:
            same = [] if leg.leg_id in ids else [row for row in rows if _same(row, leg)]
            if same:
                found[one.record.call, leg.leg_id] = same[0].leg_id
                rows = [row for row in rows if row.leg_id != same[0].leg_id]
    return found


def _same(row: Any, leg: LegRecord) -> bool:
    if row.leg == leg.leg and "-" in leg.leg:
        return True
    if row.device is None or row.device != leg.device:
        return False
    pairs = ((row.answered_at, leg.answered), (row.ended_at, leg.ended))
    return any(a is not None and b is not None and abs(a - b) <= SAME_S for a, b in pairs)
