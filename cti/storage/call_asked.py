"""Which calls are asked for: every filter of the journal as conditions, and whose calls somebody may see.

What stands beside a call (its legs, notes, results, marks, recordings) is looked at first: where few calls have it,
they are taken by their ids; where many do, each call in its order is asked for it, by the call's own key and no other
(`_Plainly`). So a page is as fast for a rare filter as for a common one, and for several together. PostgreSQL, which
weighs its ways, is given the few as a query and the many without hints, with indexes of its own (0071).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Exists, Select, and_, false, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from cti.access import Scope
from cti.clients.filters import fold
from cti.errors import Refused
from cti.storage.disposition_tables import call_dispositions
from cti.storage.recording_tables import recordings
from cti.storage.sight import sight_of
from cti.storage.tables import call_notes, call_waits, calls, devices, legs, shared_desks, user_queues, users
from cti.storage.talk_tables import call_marks

FEW = 2000  # calls taken by their ids
FEW_ASKED = 10_000  # calls that PostgreSQL takes by a query of their ids
OPEN = "open"  # asked for as an outcome: the call goes on


@dataclass(frozen=True, kw_only=True, slots=True)
class Hears:
    """Whose recordings somebody may hear: he talked himself, one of his team did, or they came by a queue of his."""

    user_id: int
    team_id: int | None
    scope: Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class CallsAsked:
    """Filters of the journal; what is not given is not asked. since <= started < until, UNIX seconds.

    numbers: each of them took part: outside (E.164 or as the PBX wrote it), a line of ours, or an internal number, also
    when the call was handed to it. agent_id, team_id: talked, rang or placed it. queue: it went through it. did: the
    line that was called. wait_*, talk_*: seconds, both ends among them. recording: there is one that he may hear.
    """

    since: float | None = None
    until: float | None = None
    direction: str | None = None
    outcome: str | None = None
    result: str | None = None
    agent_id: int | None = None
    team_id: int | None = None
    queue: str | None = None
    did: str | None = None
    client_id: int | None = None
    numbers: tuple[str, ...] = ()
    wait_from: int | None = None
    wait_to: int | None = None
    talk_from: int | None = None
    talk_to: int | None = None
    recording: bool | None = None
    hears: Hears | None = None
    noted: bool | None = None
    note: str = ""
    marked: bool | None = None
    pbx: str | None = None
    imported: bool | None = None


Found = Select[Any] | CompoundSelect[Any]  # ids of calls
Beside = tuple[Found, ColumnElement[bool]]  # the calls that have it, and whether a call does


async def conditions(
    conn: AsyncConnection, asked: CallsAsked, *, user_id: int | None = None, team_id: int | None = None
) -> list[ColumnElement[bool]]:
    """What the calls that are asked for fulfil. user_id, team_id: only calls of this person, of this team.

    Raises Refused for digits in the text of a note where numbers are hidden from who asks.
    """
    some: set[str] | None = None
    found = [*_plain(asked), *(~does for (_, does), is_there in _maybe(asked) if not is_there)]
    if asked.did is not None:
        written = [one for one in spellings(asked.did) if await _is_line(conn, one)]
        found.append(calls.c.called == written[0] if len(written) == 1 else calls.c.called.in_(written))
    for those, does in _beside(conn, asked, await _devices(conn, asked.numbers), user_id, team_id):
        if conn.dialect.name == "postgresql":
            # it weighs itself what the row of a call says
            beside = any(isinstance(part, Exists) for part in visitors.iterate(does))
            found.append(calls.c.id.in_(those) if beside and await _are_few(conn, those) else does)
            continue
        ids = (await conn.execute(those.limit(FEW + 1))).scalars().all()
        if len(ids) > FEW:
            found.append(does)
        else:
            some = set(ids) if some is None else some & set(ids)
    if some is None:
        return found
    return [calls.c.id.in_(some), *found] if some else [false()]


def seen_by(user_id: int | None, team_id: int | None = None) -> list[ColumnElement[bool]]:
    """Conditions: this person talked, rang or placed the call, or one of this team. None: anybody."""
    asked = ((users.c.id, user_id), (users.c.team_id, team_id))
    return [_took_part(select(users.c.id).where(column == key))[1] for column, key in asked if key is not None]


def heard(hears: Hears) -> ColumnElement[bool]:
    """Whether somebody may hear the recordings of a call."""
    if hears.scope == "all":
        return calls.c.id.is_not(None)
    people = select(users.c.id).where(users.c.id == hears.user_id)
    if hears.scope in ("team", "queue") and hears.team_id is not None:
        people = select(users.c.id).where(or_(users.c.id == hears.user_id, users.c.team_id == hears.team_id))
    was_up = or_(legs.c.answered_at.is_not(None), legs.c.result.in_(("talked", "transferred")))
    talked = select(legs.c.call_id).where(legs.c.call_id == calls.c.id, _Plainly(legs.c.user_id).in_(people), was_up)
    ways = [_Plainly(calls.c.user_id).in_(people), talked.exists()]
    if hears.scope == "queue":
        mine = select(user_queues.c.queue).where(user_queues.c.user_id == hears.user_id)
        ways.append(_Plainly(calls.c.queue).in_(mine))
    return or_(*ways) if hears.scope != "none" else false()


def _plain(asked: CallsAsked) -> list[ColumnElement[bool]]:
    """What a call's own row tells."""
    of, found = calls.c, []
    for column, value in ((of.direction, asked.direction), (of.client_id, asked.client_id), (of.pbx, asked.pbx)):
        if value is not None:
            found.append(column == value)
    if asked.outcome == OPEN:
        found += [of.outcome.is_(None), of.ended_at.is_(None)]
    elif asked.outcome is not None:
        found.append(of.outcome == asked.outcome)
    if asked.imported is not None:
        found.append(of.past_id.is_not(None) if asked.imported else of.past_id.is_(None))
    waited = func.coalesce(of.answered_at, of.ended_at) - of.started_at
    talked = of.ended_at - of.answered_at
    lengths = ((waited, asked.wait_from, asked.wait_to), (talked, asked.talk_from, asked.talk_to))
    for length, least, most in lengths:
        if least is not None:
            found.append(length >= least)
        if most is not None:
            found.append(length < most + 1)  # it is read in whole seconds
    if asked.since is not None:
        found.append(of.started_at >= asked.since)
    if asked.until is not None:
        found.append(of.started_at < asked.until)
    return found


def _beside(
    conn: AsyncConnection, asked: CallsAsked, named: Sequence[Sequence[str]], user_id: int | None, team_id: int | None
) -> Iterator[Beside]:
    """What stands beside a call. named: the devices of each number."""
    people = ((users.c.id, user_id), (users.c.team_id, team_id), (users.c.id, asked.agent_id),
              (users.c.team_id, asked.team_id))  # fmt: skip
    yield from (_took_part(select(users.c.id).where(column == key)) for column, key in people if key is not None)
    yield from (_number(number, own) for number, own in zip(asked.numbers, named, strict=True))
    if asked.queue is not None:
        own = select(calls.c.id).where(calls.c.queue == asked.queue)
        through, does = _has(call_waits.c.call_id, call_waits.c.queue, asked.queue)
        yield union_all(own, through), or_(_Plainly(calls.c.queue) == asked.queue, does)
    if asked.result is not None:
        yield _has(call_dispositions.c.call_id, call_dispositions.c.name, asked.result)
    if asked.note:
        says = _says(conn, asked.note)
        noted = select(call_notes.c.call_id)
        yield noted.where(says), noted.where(says, call_notes.c.call_id == calls.c.id).exists()
    yield from (one for one, is_there in _maybe(asked) if is_there)


def _maybe(asked: CallsAsked) -> Iterator[tuple[Beside, bool]]:
    """What a call may have or not, and which of both is asked for."""
    if asked.recording is not None:
        those, does = _has(recordings.c.call_id, recordings.c.state, "there")
        if asked.hears is not None and asked.hears.scope != "all":
            does = and_(does, heard(asked.hears))
            those = select(calls.c.id).where(does)
        yield (those, does), asked.recording
    if asked.noted is not None:
        yield _has(call_notes.c.call_id), asked.noted
    if asked.marked is not None:
        yield _has(call_marks.c.call_id), asked.marked


def _has(call_id: ColumnElement[Any], column: ColumnElement[Any] | None = None, value: str = "") -> Beside:
    """Rows of a call, those with this value in a column."""
    rows = select(call_id)
    of_call = rows.where(call_id == calls.c.id)
    if column is None:
        return rows, of_call.exists()
    return rows.where(column == value), of_call.where(_Plainly(column) == value).exists()


class _Plainly(FunctionElement[Any]):
    """A column that SQLite does not look up by its index: it counts nothing, and takes any index for as good."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Plainly)
def _as_it_is(element: _Plainly, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(_Plainly, "sqlite")
def _hidden(element: _Plainly, compiler: SQLCompiler, **how: Any) -> str:
    return f"coalesce({compiler.process(element.clauses, **how)}, NULL)"


def _took_part(people: Select[Any]) -> Beside:
    own = select(calls.c.id).where(calls.c.user_id.in_(people))
    rang = select(legs.c.call_id).where(legs.c.user_id.in_(people))
    of_call = select(legs.c.call_id).where(legs.c.call_id == calls.c.id, _Plainly(legs.c.user_id).in_(people))
    return union_all(own, rang), or_(_Plainly(calls.c.user_id).in_(people), of_call.exists())


def _number(number: str, own: Sequence[str]) -> Beside:
    """Calls in which a number took part. own: devices that have it."""
    written = spellings(number)
    columns = (calls.c.number, calls.c.caller_number, calls.c.called)
    parts = [select(calls.c.id).where(column.in_(written)) for column in columns]
    does: list[ColumnElement[bool]] = [_Plainly(column).in_(written) for column in columns]
    if own:
        parts.append(select(legs.c.call_id).where(legs.c.device.in_(own)))
        of_call = select(legs.c.call_id).where(legs.c.call_id == calls.c.id, _Plainly(legs.c.device).in_(own))
        does.append(of_call.exists())
    return union_all(*parts), or_(*does)


def spellings(number: str) -> tuple[str, ...]:
    """A number as PBXs write it: with its plus, without it, a Russian one also with the 8."""
    if not number.startswith("+"):
        return (number,)
    return (number, number[1:], *((f"8{number[2:]}",) if number.startswith("+7") else ()))


async def _are_few(conn: AsyncConnection, those: Found) -> bool:
    some = those.limit(FEW_ASKED + 1).subquery()
    return bool((await conn.execute(select(func.count() <= FEW_ASKED).select_from(some))).scalar_one())


async def _is_line(conn: AsyncConnection, number: str) -> bool:
    """Whether somebody called it."""
    return (await conn.execute(select(calls.c.id).where(calls.c.called == number).limit(1))).first() is not None


async def _devices(conn: AsyncConnection, numbers: Sequence[str]) -> list[list[str]]:
    """The devices that each number rings, those of no person among them."""
    found = []
    for number in numbers:
        of_people = select(devices.c.name).where(devices.c.extension.in_(spellings(number)))
        shared = select(shared_desks.c.name).where(shared_desks.c.extension.in_(spellings(number)))
        known = list((await conn.execute(of_people.union(shared))).scalars())
        short = number.isascii() and number.isdigit()
        found.append([*known, *(f"{kind}/{number}" for kind in ("PJSIP", "SIP") if short)])
    return found


def _says(conn: AsyncConnection, text: str) -> ColumnElement[bool]:
    """Whether a note has the text in it; case and ё do not matter."""
    if sight_of(conn).hides and any(map(str.isdigit, text)):
        raise Refused("whole-number", "Numbers are hidden from you: search by a whole one, in the search box.")
    folded = func.fold(call_notes.c.text) if conn.dialect.name == "sqlite" else func.lower(call_notes.c.text)
    if conn.dialect.name != "sqlite":
        folded = func.replace(folded, "ё", "е")
    return folded.contains(fold(text), autoescape=True)
