"""Reading the journal: one call with all its parts, and the list of calls, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, literal_column, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import CALLED, DEEP_LEGS, Leg, Shown, Telephone, Words
from cti.desktop import Variable
from cti.storage import call_variables, marks, scripts, waits
from cti.storage.call_asked import CallsAsked, conditions
from cti.storage.client_tables import clients
from cti.storage.corrections import Correction, corrections
from cti.storage.marks import MarkRow
from cti.storage.scripts import AnswerRow
from cti.storage.search import COUNT_LIMIT, PAGE_LIMIT, KeyText, Page, read_cursor, write_cursor
from cti.storage.sight import seen
from cti.storage.tables import call_notes, calls, legs, users
from cti.storage.talk_tables import call_scores
from cti.storage.waits import Stay

EVERY = CallsAsked()


@dataclass(frozen=True, kw_only=True, slots=True)
class LegRow:
    """One device's or trunk's part in a call."""

    leg: Leg
    leg_id: str
    device: Leg | None
    user_id: int | None
    user_name: str
    rang_at: float | None
    answered_at: float | None
    ended_at: float | None
    result: str | None
    cause: int | None
    talk_s: float | None
    hold_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteRow:
    """What one person wrote about a call."""

    user_id: int | None
    user_name: str
    text: Words
    updated_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRow:
    """A call as the journal shows it. number: E.164 of the outside party. note: the newest. user: who talked last.

    score: the client's mark, 1 to 5. imported: a log of the PBX told of it, it was not seen.

    open: not over as far as is known. the parts are filled by `get` alone.

    released_by: caller, called or pbx, with cause (Q.850) the hang-up side. unseen_*: it ended between these times.
    """

    id: str
    pbx: str
    direction: str | None
    caller_number: Shown | None
    caller_name: Words | None
    caller_device: Leg | None
    called: Annotated[str | None, CALLED]
    number: Telephone | None
    queue: str | None
    started_at: float
    queued_at: float | None
    answered_at: float | None
    ended_at: float | None
    outcome: str | None
    reason: str | None
    client_id: int | None
    client_name: Words
    user_id: int | None
    user_name: str
    team_id: int | None
    request_id: str | None
    released_by: str | None
    released_leg: Leg | None
    cause: int | None
    unseen_since: float | None
    unseen_until: float | None
    note: Words
    score: int | None
    imported: bool
    open: bool
    legs: tuple[LegRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    marks: tuple[MarkRow, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    variables: tuple[Variable, ...] = ()
    transfers: Annotated[tuple[Mapping[str, Any], ...], DEEP_LEGS] = ()
    conferences: Annotated[tuple[Mapping[str, Any], ...], DEEP_LEGS] = ()
    waits: tuple[Stay, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def after(self, at: float) -> float:
        """How far into the talk a moment was, in seconds; into the call where nobody talked."""
        return max(0.0, round(at - (self.answered_at or self.started_at), 1))


_NOTE = (
    select(call_notes.c.text)
    .where(call_notes.c.call_id == calls.c.id)
    .order_by(call_notes.c.updated_at.desc(), call_notes.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_ROWS = (
    select(
        calls,
        clients.c.name.label("client_name"),
        users.c.name.label("user_name"),
        users.c.team_id.label("team_id"),
        _NOTE.label("note"),
        call_scores.c.score,
    )
    .join_from(calls, clients, clients.c.id == calls.c.client_id, isouter=True)
    .join(users, users.c.id == calls.c.user_id, isouter=True)
    .join(call_scores, call_scores.c.call_id == calls.c.id, isouter=True)
)


async def get(conn: AsyncConnection, call_id: str) -> CallRow | None:
    """One call with all its parts."""
    row = (await conn.execute(_ROWS.where(calls.c.id == call_id))).one_or_none()
    if row is None:
        return None
    own = await conn.execute(
        text(
            "SELECT l.leg, l.leg_id, l.device, l.user_id, COALESCE(u.name, '') AS user_name, l.rang_at, l.answered_at,"
            " l.ended_at, l.result, l.cause, l.talk_s, l.hold_s FROM legs l LEFT JOIN users u ON u.id = l.user_id"
            " WHERE l.call_id = :call ORDER BY COALESCE(l.rang_at, l.answered_at, l.ended_at), l.leg_id"
        ),
        {"call": call_id},
    )
    details = msgspec.json.decode(row.details, type=dict[str, Any])
    whole = replace(
        _call(row),
        legs=tuple(LegRow(**leg._mapping) for leg in own),
        notes=tuple(await notes(conn, call_id)),
        marks=tuple(await marks.of_call(conn, call_id)),
        answers=tuple(await scripts.of_call(conn, call_id)),
        variables=await call_variables.of_call(conn, call_id),
        transfers=tuple(details.get("transfers", ())),
        conferences=tuple(details.get("conferences", ())),
        waits=(await waits.of_calls(conn, [call_id])).get(call_id, ()),
        corrections=tuple(await corrections(conn, call_id)),
    )
    return seen(conn, whole)


async def by_ids(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, CallRow]:
    """Calls by id, without their parts; at most a few hundred."""
    rows = await conn.execute(_ROWS.where(calls.c.id.in_(ids))) if ids else ()
    return seen(conn, {row.id: _call(row) for row in rows})


async def was_used(conn: AsyncConnection, device: str, user_id: int) -> bool:
    """Whether the journal has a call in which this person's device was rung, or from which it came."""
    mine = select(legs.c.leg_id).where(legs.c.user_id == user_id, legs.c.device == device).limit(1)
    return (await conn.execute(mine)).first() is not None


async def notes(conn: AsyncConnection, call_id: str) -> list[NoteRow]:
    """What people wrote about a call, oldest first."""
    rows = await conn.execute(
        text(
            "SELECT n.user_id, COALESCE(u.name, '') AS user_name, n.text, n.updated_at FROM call_notes n"
            " LEFT JOIN users u ON u.id = n.user_id WHERE n.call_id = :call ORDER BY n.updated_at, n.id"
        ),
        {"call": call_id},
    )
    return seen(conn, [NoteRow(**row._mapping) for row in rows])


async def journal(
    conn: AsyncConnection,
    asked: CallsAsked = EVERY,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
    counted: bool = True,
) -> Page[CallRow]:
    """Calls, newest first. user_id, team_id: only of those who talked, rang or placed it. counted: with the total.

    Raises Refused for a cursor that was not made here, and as `call_asked.conditions` does.
    """
    wanted = await conditions(conn, asked, user_id=user_id, team_id=team_id)
    key = None if cursor is None else read_cursor(cursor, tuple[float, KeyText])
    limit = max(1, min(limit, PAGE_LIMIT))
    rows = seen(conn, [_call(row) for row in await conn.execute(_newest(conn, wanted, key, limit + 1))])
    total = await _count(conn, wanted) if counted and cursor is None else None
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows=rows[:limit], total=total, next_cursor=write_cursor(last.started_at, last.id) if last else None)


def _newest(
    conn: AsyncConnection, wanted: Sequence[ColumnElement[bool]], key: tuple[float, str] | None, most: int
) -> Select[Any]:
    """PostgreSQL sorts the ids alone: it would join every call that is found before the page is cut out of them."""
    after = [] if key is None else [tuple_(calls.c.started_at, calls.c.id) < tuple_(*key)]
    order = calls.c.started_at.desc(), calls.c.id.desc()
    if conn.dialect.name != "postgresql":
        return _ROWS.where(*wanted, *after).order_by(*order).limit(most)
    ids = select(calls.c.id).where(*wanted, *after).order_by(*order).limit(most)
    return _ROWS.where(calls.c.id.in_(ids.subquery().select())).order_by(*order)


async def count(
    conn: AsyncConnection, asked: CallsAsked, *, user_id: int | None = None, team_id: int | None = None
) -> int | None:
    """How many calls are found; None: more than COUNT_LIMIT."""
    return await _count(conn, await conditions(conn, asked, user_id=user_id, team_id=team_id))


async def persons(
    conn: AsyncConnection, asked: CallsAsked, *, user_id: int | None = None, team_id: int | None = None, most: int
) -> int:
    """How many clients the calls found are of, and numbers that are nobody's; of more than `most`, one more."""
    wanted = await conditions(conn, asked, user_id=user_id, team_id=team_id)
    client, number = calls.c.client_id, func.nullif(calls.c.number, "")
    known = or_(client.is_not(None), number.is_not(None))
    some = select(client, case((client.is_(None), number))).where(*wanted, known)
    found = select(func.count()).select_from(some.distinct().limit(most + 1).subquery())
    return int((await conn.execute(found)).scalar_one())


async def _count(conn: AsyncConnection, wanted: Sequence[ColumnElement[bool]]) -> int | None:
    some = select(literal_column("1")).select_from(calls).where(*wanted).limit(COUNT_LIMIT + 1).subquery()
    found = (await conn.execute(select(func.count()).select_from(some))).scalar_one()
    return found if found <= COUNT_LIMIT else None


def _call(row: Any) -> CallRow:
    values = dict(row._mapping)
    del values["details"], values["past_id"], values["next_at"]
    values["client_name"] = row.client_name or ""
    values["user_name"] = row.user_name or ""
    values["note"] = row.note or ""
    return CallRow(**values, imported=row.past_id is not None, open=row.outcome is None and row.ended_at is None)
