"""Recordings found by what is known of them and of their calls, newest first; and talks that ought to have one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Scope
from cti.clients.masking import Telephone, Words
from cti.storage.client_tables import clients
from cti.storage.recording_rules import Rule
from cti.storage.recording_tables import recordings
from cti.storage.search import Page, clean, found_by, read_cursor, write_cursor
from cti.storage.sight import seen, sight_of
from cti.storage.tables import call_notes, calls, legs, user_queues, users
from cti.storage.talk_tables import call_marks

MOST_WORDS = 200
SHORT_S = 1.0  # a talk that is shorter has no recording


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whose recordings somebody may hear (cti/access.py)."""

    scope: Scope
    user_id: int
    team_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is looked for; None and "": anything. client: his name or number as typed; mark, note: words in them.

    marked: with a mark of any words; state: there, absent, held, archived.
    """

    since: float | None = None
    until: float | None = None
    client: str = ""
    number: str | None = None
    user_id: int | None = None
    queue: str = ""
    outcome: str = ""
    least_s: float | None = None
    most_s: float | None = None
    marked: bool = False
    mark: str = ""
    note: str = ""
    state: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundRecording:
    """A recording with its call. size: bytes. marks: how many there are in the call; note: the newest."""

    id: str
    call_id: str
    started_at: float
    duration_s: float | None
    size: int | None
    state: str
    why: str
    announced: bool
    held_at: float | None
    archived_at: float | None
    direction: str | None
    outcome: str | None
    queue: str | None
    number: Telephone | None
    client_id: int | None
    client_name: Words
    user_name: str
    marks: int
    note: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A talk without the recording that it ought to have. why: none (nothing recorded it), or as of an absent one."""

    call_id: str
    started_at: float
    talk_s: float
    why: str
    queue: str | None
    number: Telephone | None
    client_id: int | None
    client_name: Words
    user_name: str


_NOTE = (
    select(call_notes.c.text)
    .where(call_notes.c.call_id == recordings.c.call_id)
    .order_by(call_notes.c.updated_at.desc())
    .limit(1)
    .scalar_subquery()
)
_MARKS = select(func.count()).where(call_marks.c.call_id == recordings.c.call_id).scalar_subquery()
_CALL = (
    calls.c.direction, calls.c.outcome, calls.c.queue, calls.c.number, calls.c.client_id,
    func.coalesce(clients.c.name, "").label("client_name"), func.coalesce(users.c.name, "").label("user_name"),
)  # fmt: skip


async def find(
    conn: AsyncConnection, asked: Asked, reach: Reach, *, limit: int, cursor: str | None = None
) -> Page[FoundRecording]:
    """A page of them; those of deleted ones that nobody can hear are not among them. Raises Refused."""
    row, is_sqlite = recordings.c, conn.dialect.name == "sqlite"
    own = (row.id, row.call_id, row.started_at, row.duration_s, row.size, row.state, row.why, row.announced)
    wanted = (
        select(
            *own, row.held_at, row.archived_at, *_CALL, _MARKS.label("marks"), func.coalesce(_NOTE, "").label("note")
        )
        .join_from(recordings, calls, calls.c.id == row.call_id)
        .outerjoin(clients, clients.c.id == calls.c.client_id)
        .outerjoin(users, users.c.id == calls.c.user_id)
        .where(
            row.state != "deleted",
            _may_hear(reach),
            *_conditions(asked, is_sqlite, sight_of(conn).hides),
        )
    )
    if cursor:
        at, id_ = read_cursor(cursor, tuple[float, str])
        wanted = wanted.where(or_(row.started_at < at, and_(row.started_at == at, row.id < id_)))
    rows = (await conn.execute(wanted.order_by(row.started_at.desc(), row.id.desc()).limit(limit + 1))).all()
    found = [FoundRecording(**one._mapping) for one in rows[:limit]]
    further = write_cursor(found[-1].started_at, found[-1].id) if len(rows) > limit else None
    return seen(conn, Page(rows=found, next_cursor=further, total=None))


async def missing(
    conn: AsyncConnection, since: float, until: float, rules: dict[str, Rule], reach: Reach, *, limit: int
) -> list[Missing]:
    """Talks of a time without a recording that can be heard: where the queue's rule demands one, or one was begun."""
    row = recordings.c
    broken = select(row.why).where(row.call_id == calls.c.id, row.state == "absent").limit(1).scalar_subquery()
    alive = exists().where(row.call_id == calls.c.id, row.state != "absent")
    talk_s = (calls.c.ended_at - calls.c.answered_at).label("talk_s")
    demanded = [queue for queue, rule in rules.items() if queue and rule.demanded]
    others = [queue for queue in rules if queue]
    ought: Any = calls.c.queue.in_(demanded)
    if rules.get("", Rule()).demanded:
        ought = or_(ought, calls.c.queue.is_(None), calls.c.queue.not_in(others))
    asked = (
        select(
            calls.c.id.label("call_id"), calls.c.started_at, talk_s, func.coalesce(broken, "none").label("why"),
            *_CALL[2:],
        )
        .outerjoin_from(calls, clients, clients.c.id == calls.c.client_id)
        .outerjoin(users, users.c.id == calls.c.user_id)
        .where(
            calls.c.started_at >= since, calls.c.started_at < until, calls.c.outcome == "answered",
            calls.c.past_id.is_(None), calls.c.ended_at - calls.c.answered_at >= SHORT_S,
            ~alive, or_(ought, broken.is_not(None)), _may_hear(reach),
        )
    )  # fmt: skip
    rows = await conn.execute(asked.order_by(calls.c.started_at.desc()).limit(limit))
    return seen(conn, [Missing(**one._mapping) for one in rows])


def _may_hear(reach: Reach) -> Any:
    """Condition on a call, as `recordings.reached` says it of one."""
    if reach.scope in ("all", "none"):
        return calls.c.id.is_not(None) if reach.scope == "all" else calls.c.id.is_(None)
    talked = or_(legs.c.answered_at.is_not(None), legs.c.result.in_(("talked", "transferred")))
    people = select(users.c.id).where(users.c.id == reach.user_id)
    if reach.scope in ("team", "queue") and reach.team_id is not None:
        people = select(users.c.id).where(or_(users.c.id == reach.user_id, users.c.team_id == reach.team_id))
    of_people = or_(
        calls.c.user_id.in_(people), exists().where(legs.c.call_id == calls.c.id, legs.c.user_id.in_(people), talked)
    )
    if reach.scope != "queue":
        return of_people
    queues = select(user_queues.c.queue).where(user_queues.c.user_id == reach.user_id)
    return or_(of_people, calls.c.queue.in_(queues))


def _conditions(asked: Asked, is_sqlite: bool, whole: bool) -> Iterator[Any]:
    row = recordings.c
    if asked.since is not None:
        yield row.started_at >= asked.since
    if asked.until is not None:
        yield row.started_at < asked.until
    if asked.least_s is not None:
        yield row.duration_s >= asked.least_s
    if asked.most_s is not None:
        yield row.duration_s <= asked.most_s
    if asked.queue:
        yield calls.c.queue == clean(asked.queue)
    if asked.outcome:
        yield calls.c.outcome == clean(asked.outcome)
    if asked.user_id is not None:
        talked = legs.c.answered_at.is_not(None)
        their = exists().where(legs.c.call_id == calls.c.id, legs.c.user_id == asked.user_id, talked)
        yield or_(calls.c.user_id == asked.user_id, their)
    if asked.client:
        known = found_by(asked.client, is_sqlite=is_sqlite, whole=whole)
        those = [known.leads] if known is not None else []
        named = [calls.c.client_id.in_(select(clients.c.id).where(*those))]
        yield or_(*named, calls.c.number == asked.number) if asked.number else and_(*named)
    marks = [call_marks.c.call_id == row.call_id]
    if asked.mark:
        yield exists().where(*marks, _has(call_marks.c.text, asked.mark))
    elif asked.marked:
        yield exists().where(*marks)
    if asked.note:
        yield exists().where(call_notes.c.call_id == row.call_id, _has(call_notes.c.text, asked.note))
    if asked.state:
        yield {
            "there": row.state == "there", "absent": row.state == "absent", "held": row.held_at.is_not(None),
            "archived": row.archived_at.is_not(None),
        }.get(asked.state, row.id.is_(None))  # fmt: skip


def _has(column: Any, typed: str) -> Any:
    """All its words, in small letters or large ones: SQLite knows them of Latin letters alone."""
    words: Sequence[str] = clean(typed[:MOST_WORDS]).split()
    return and_(*(or_(*(column.icontains(way, autoescape=True) for way in _ways(word))) for word in words))


def _ways(word: str) -> set[str]:
    return {word, word.lower(), word.upper(), word.capitalize()}
