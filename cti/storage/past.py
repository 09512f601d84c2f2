"""Calls and duties of the past, many at once, beside those that were seen.

Rules kept here: what was seen stays as it was seen; a call that was seen and whose end nobody saw is given the end that
the log tells, which its corrections say; a log taken in again changes nothing; an import can be taken back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Integer, bindparam, case, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.calls import values_of
from cti.storage.client_tables import client_phones
from cti.storage.contact_tables import contact_clients, contact_phones
from cti.storage.corrections import correct
from cti.storage.duty_tables import agent_states
from cti.storage.many import insert_rows
from cti.storage.past_same import PastCall as PastCall
from cti.storage.past_same import known_legs, sort
from cti.storage.past_tables import past_imports
from cti.storage.search import clean
from cti.storage.tables import call_waits, calls, legs, users
from cti.storage.waits import QUEUE_CHARS

SHOWN = 50
ASKED_AT_ONCE = 500
STRANGERS = 200
UNDONE_OF = ("running", "done", "stopped", "failed", "undoing")
_KEPT = (
    "direction", "caller_number", "caller_name", "called", "number", "queue", "queued_at", "answered_at", "ended_at",
    "client_id", "user_id", "released_by",
)  # fmt: skip
_ENDED = ("outcome", "reason", "unseen_since", "unseen_until")
_FILL = (
    update(calls)
    .where(calls.c.id == bindparam("told_id"))
    .values({name: func.coalesce(calls.c[name], bindparam(f"told_{name}")) for name in _KEPT})
    .values(
        {
            name: case(
                (
                    or_(calls.c.outcome == "unfinished", bindparam("prevails", type_=Integer) == 1),
                    bindparam(f"told_{name}", type_=calls.c[name].type),
                ),
                else_=calls.c[name],
            )
            for name in _ENDED
        }
    )
    .values(started_at=bindparam("told_began"))
)
_LEG = (
    "call_id", "leg_id", "leg", "device", "user_id", "rang_at", "answered_at", "ended_at", "result", "talk_s", "hold_s",
)  # fmt: skip
_LEG_THERE = (
    "ON CONFLICT (call_id, leg_id) DO UPDATE SET user_id = COALESCE(legs.user_id, excluded.user_id),"
    " rang_at = COALESCE(legs.rang_at, excluded.rang_at),"
    " answered_at = COALESCE(legs.answered_at, excluded.answered_at),"
    " ended_at = COALESCE(legs.ended_at, excluded.ended_at), result = COALESCE(legs.result, excluded.result),"
    " talk_s = COALESCE(legs.talk_s, excluded.talk_s)"
)
_STAY = ("call_id", "place", "queue", "joined_at", "left_at", "how", "position")
_STAY_THERE = (
    "ON CONFLICT (call_id, place) DO UPDATE SET joined_at = COALESCE(call_waits.joined_at, excluded.joined_at),"
    " left_at = COALESCE(call_waits.left_at, excluded.left_at), how = COALESCE(call_waits.how, excluded.how)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PastImport:
    """One import. made: calls; filled: those whose end nobody had seen; known: those that were there. states: of
    people. strangers: names in the log that are nobody's here. state: running, done, stopped, failed, undoing, undone.
    source: JSON of what the panel takes in, "" from the console. tries: how often it was cut off; message: why failed.
    """

    id: int
    kind: str
    pbx: str
    name: str
    user_id: int | None
    user_name: str
    state: str
    lines: int
    torn: int
    odd: int
    made: int
    filled: int
    known: int
    states: int
    strangers: tuple[str, ...]
    first_at: float | None
    last_at: float | None
    started_at: float
    ended_at: float | None
    source: str
    tries: int
    message: str


async def begin(
    conn: AsyncConnection, *, kind: str, pbx: str, name: str, user_id: int | None, now: float, source: str = ""
) -> int:
    """A new import; its id."""
    row = {"kind": kind, "pbx": pbx, "name": clean(name)[:200], "user_id": user_id, "state": "running"}
    row["source"] = source
    made = insert(past_imports).values(row | {"started_at": now}).returning(past_imports.c.id)
    return int((await conn.execute(made)).scalar_one())


async def tell(conn: AsyncConnection, past_id: int, strangers: Sequence[str] = (), **counts: Any) -> bool:
    """How far it is. False: somebody stopped it."""
    names = msgspec.json.encode(strangers[:STRANGERS]).decode()
    running = (past_imports.c.id == past_id) & (past_imports.c.state == "running")
    done = await conn.execute(update(past_imports).where(running).values(counts | {"strangers": names}))
    return done.rowcount == 1


async def become(
    conn: AsyncConnection, past_id: int, state: str, *, was: Sequence[str], now: float | None, message: str = ""
) -> bool:
    """Another state; now: when it ended, None: it goes on. False: it was in none of those."""
    mine = (past_imports.c.id == past_id) & past_imports.c.state.in_(was)
    values = {"state": state, "ended_at": now, "message": clean(message)[:300]}
    return (await conn.execute(update(past_imports).where(mine).values(values))).rowcount == 1


async def cut_off(conn: AsyncConnection) -> list[PastImport]:
    """Those of the panel that a server's end cut off, oldest first; each has been cut off once more now."""
    own = past_imports.c
    mine = (own.state == "undoing") | ((own.state == "running") & (own.source != ""))
    ids = set(
        (await conn.execute(update(past_imports).where(mine).values(tries=own.tries + 1).returning(own.id))).scalars()
    )
    return [one for one in reversed(await every(conn)) if one.id in ids]


async def abandon(conn: AsyncConnection, now: float) -> None:
    """Those that a command or a gap began and did not end: whoever has the turn knows that nobody is at them."""
    own = past_imports.c
    dead = update(past_imports).where((own.state == "running") & (own.source == ""))
    await conn.execute(dead.values(state="stopped", ended_at=now))


async def every(conn: AsyncConnection, past_id: int | None = None) -> list[PastImport]:
    """The imports, newest first, or the one with this id."""
    asked = select(past_imports, func.coalesce(users.c.name, "").label("user_name")).join_from(
        past_imports, users, users.c.id == past_imports.c.user_id, isouter=True
    )
    if past_id is not None:
        asked = asked.where(past_imports.c.id == past_id)
    rows = await conn.execute(asked.order_by(past_imports.c.id.desc()).limit(SHOWN))
    return [
        PastImport(**{**row._mapping, "strangers": tuple(msgspec.json.decode(row.strangers, type=list[str]))})
        for row in rows
    ]


async def take(conn: AsyncConnection, past_id: int, kind: str, told: Sequence[PastCall]) -> Mapping[str, int]:
    """Write calls of a log of this kind; how many were made, filled and known. All of them began within a few hours."""
    if conn.dialect.name == "postgresql":  # else its triggers go on as was right when the tables were small
        await conn.execute(text("DISCARD PLANS"))
    found = await sort(conn, kind, told)
    if made := [_row(one) | {"past_id": past_id} for one in found.made]:
        await insert_rows(conn, calls, tuple(made[0]), [tuple(row.values()) for row in made])
    more = [*found.ended, *found.more]
    for one, row in more:
        if row.past_id is None:
            await correct(conn, one.record.call, "outcome", row.outcome, one.record.outcome, time.time(), None)
        await conn.execute(_FILL, _filling(one, row, kind))
    ids = await known_legs(conn, [one for one, _ in more])
    written = [(one, False) for one in found.made] + [(one, row.past_id is None) for one, row in more]
    own = [leg for one, was_seen in written for leg in _legs(one, was_seen, ids)]
    await insert_rows(conn, legs, _LEG, own, _LEG_THERE)
    await insert_rows(conn, call_waits, _STAY, [stay for one, _ in written for stay in _stays(one)], _STAY_THERE)
    return found.counts


def _filling(one: PastCall, row: Any, kind: str) -> dict[str, Any]:
    """The log's columns. began: of what logs alone told, the earlier; prevails: a queue log knows how a wait ended."""
    told = {f"told_{name}": value for name, value in _row(one).items()}
    began = row.started_at if row.past_id is None else min(row.started_at, told["told_started_at"])
    whole = one.record.outcome not in (None, "unfinished")
    return told | {"told_began": began, "prevails": int(row.past_id is not None and kind == "queue-log" and whole)}


def _row(one: PastCall) -> dict[str, Any]:
    return values_of(one.record, pbx=one.pbx, number=one.number, client_id=one.client_id, user_id=one.user_id)


def _legs(one: PastCall, was_seen: bool, ids: Mapping[tuple[str, str], str]) -> list[tuple[Any, ...]]:
    """Its legs as _LEG has them; of a call that was seen, only those with an id of the PBX: the others are there by
    their own. ids: those that the journal has under another.
    """
    call, users = one.record.call, one.users
    return [
        (
            call, ids.get((call, leg.leg_id), leg.leg_id), leg.leg, leg.device, users.get(leg.leg_id), leg.rang,
            leg.answered, leg.ended, leg.result, leg.talk, leg.hold,
        )
        for leg in one.record.legs
        if not (was_seen and ":" in leg.leg_id)
    ]  # fmt: skip


def _stays(one: PastCall) -> list[tuple[Any, ...]]:
    return [
        (one.record.call, place, clean(wait.queue)[:QUEUE_CHARS], wait.joined, wait.left, wait.how, wait.position)
        for place, wait in enumerate(one.record.waits)
    ]


async def clients_of(conn: AsyncConnection, numbers: Sequence[str]) -> dict[str, int]:
    """The client of each number that belongs to exactly one."""
    owners: dict[str, set[int]] = {}
    for at in range(0, len(numbers), ASKED_AT_ONCE):
        some = numbers[at : at + ASKED_AT_ONCE]
        own = select(client_phones.c.e164, client_phones.c.client_id).where(client_phones.c.e164.in_(some))
        theirs = (
            select(contact_phones.c.e164, contact_clients.c.client_id)
            .join_from(contact_phones, contact_clients, contact_clients.c.contact_id == contact_phones.c.contact_id)
            .where(contact_phones.c.e164.in_(some))
        )
        for asked in (own, theirs):
            for number, client_id in await conn.execute(asked):
                owners.setdefault(number, set()).add(client_id)
    return {number: next(iter(ids)) for number, ids in owners.items() if len(ids) == 1}


async def states_begin(conn: AsyncConnection) -> dict[int, float]:
    """When the journal of each person's duty begins by what was seen. A line of no time (0) is no sight of anybody."""
    seen = agent_states.c.past_id.is_(None) & (agent_states.c.at > 0)
    first = select(agent_states.c.user_id, func.min(agent_states.c.at)).where(seen)
    return {user_id: at for user_id, at in await conn.execute(first.group_by(agent_states.c.user_id))}


async def take_states(conn: AsyncConnection, past_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Lines of people's duty that are not there yet; how many were made. rows: user_id, at, state, reason."""
    fresh = [{**row, "said_by": "pbx", "past_id": past_id} for row in await fresh_states(conn, rows)]
    if fresh:
        await conn.execute(insert(agent_states), fresh)
    return len(fresh)


async def fresh_states(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of these lines that are not there yet."""
    if not rows:
        return []
    people = {row["user_id"] for row in rows}
    since, until = min(row["at"] for row in rows), max(row["at"] for row in rows)
    there = select(agent_states.c.user_id, agent_states.c.at, agent_states.c.state).where(
        agent_states.c.user_id.in_(people), agent_states.c.at.between(since, until)
    )
    known = {tuple(row) for row in await conn.execute(there)}
    return [row for row in rows if _key(row) not in known]


def _key(row: Mapping[str, Any]) -> tuple[int, float, str]:
    return (row["user_id"], row["at"], row["state"])


async def undo_part(conn: AsyncConnection, past_id: int, most: int) -> int:
    """Take back so many of an import's rows at most; how many went: 0 when all are gone. Ends that it told stay."""
    gone = 0
    for table, key in ((calls, calls.c.id), (agent_states, agent_states.c.id)):
        some = select(key).where(table.c.past_id == past_id).limit(most)
        gone += (await conn.execute(delete(table).where(key.in_(some)))).rowcount
    return gone
