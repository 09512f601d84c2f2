"""Scores that people gave to calls by forms, as rows; averages of them and of clients' own marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, insert, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.quality_tables import call_reviews, score_form_versions, score_forms
from cti.storage.search import Page, clean, read_cursor, write_cursor
from cti.storage.sight import seen
from cti.storage.tables import calls, users
from cti.storage.talk_tables import call_scores

ROWS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """at: seconds into the recording, None for the whole conversation. criterion: 0 for none."""

    text: Words
    at: float | None = None
    criterion: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A score of a call. percent: 0 to 100. team_id: of the agent. calibration_id: 0 where it counts for him."""

    id: int
    call_id: str
    calibration_id: int
    version_id: int
    form: str
    agent_id: int | None
    agent: str
    team_id: int | None
    by_user_id: int | None
    by: str
    state: str
    answers: Mapping[int, int]
    comments: tuple[Comment, ...]
    percent: float | None
    failed: bool
    updated_at: float
    given_at: float | None
    reply: Words
    replied_at: float | None
    disputed: bool
    verdict: Words
    settled_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Average:
    """Of an agent in a time. percent: mean of his scores, of `scored` calls; mark: clients' mean mark of `marked`."""

    agent_id: int
    scored: int = 0
    percent: float | None = None
    marked: int = 0
    mark: float | None = None


def _rows() -> Select[Any]:
    agent, by = users.alias("agent"), users.alias("giver")
    return (
        select(
            call_reviews,
            score_forms.c.name.label("form"),
            func.coalesce(agent.c.name, "").label("agent"),
            agent.c.team_id,
            func.coalesce(by.c.name, "").label("by"),
        )
        .join(score_form_versions, score_form_versions.c.id == call_reviews.c.version_id)
        .join(score_forms, score_forms.c.id == score_form_versions.c.form_id)
        .join(agent, agent.c.id == call_reviews.c.agent_id, isouter=True)
        .join(by, by.c.id == call_reviews.c.by_user_id, isouter=True)
    )


async def get(conn: AsyncConnection, review_id: int) -> Review | None:
    """One by its id."""
    row = (await conn.execute(_rows().where(call_reviews.c.id == review_id))).one_or_none()
    return seen(conn, _review(row)) if row is not None else None


async def of_call(conn: AsyncConnection, call_id: str, calibration_id: int = 0) -> list[Review]:
    """Those of a call, drafts too."""
    mine = _rows().where(call_reviews.c.call_id == call_id, call_reviews.c.calibration_id == calibration_id)
    return seen(conn, [_review(row) for row in await conn.execute(mine.order_by(call_reviews.c.id))])


async def given(
    conn: AsyncConnection,
    *,
    agent_id: int | None = None,
    team_id: int | None = None,
    since: float | None = None,
    until: float | None = None,
    disputed: bool = False,
    cursor: str | None = None,
) -> Page[Review]:
    """Scores that count for agents, newest first. since <= given < until; disputed: not settled ones alone.

    Raises Refused for a cursor that was not made here.
    """
    own = call_reviews.c
    statement = _rows().where(own.state == "given", own.calibration_id == 0, *_within(own.given_at, since, until))
    if agent_id is not None:
        statement = statement.where(own.agent_id == agent_id)
    if team_id is not None:
        statement = statement.where(own.agent_id.in_(select(users.c.id).where(users.c.team_id == team_id)))
    if disputed:
        statement = statement.where(own.disputed.is_(True), own.settled_at.is_(None))
    if cursor is not None:
        statement = statement.where(tuple_(own.given_at, own.id) < tuple_(*read_cursor(cursor, tuple[float, int])))
    rows = (await conn.execute(statement.order_by(own.given_at.desc(), own.id.desc()).limit(ROWS + 1))).all()
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return Page(
        rows=seen(conn, [_review(row) for row in rows[:ROWS]]),
        total=None,
        next_cursor=write_cursor(last.given_at, last.id) if last else None,
    )


async def put(
    conn: AsyncConnection,
    call_id: str,
    calibration_id: int,
    by: int,
    *,
    version_id: int,
    agent_id: int | None,
    answers: Mapping[int, int],
    comments: Sequence[Comment],
    now: float,
) -> int:
    """Keep a draft, new or begun; returns its id."""
    own = call_reviews.c
    mine = (own.call_id == call_id) & (own.calibration_id == calibration_id) & (own.by_user_id == by)
    values: dict[str, Any] = {
        "version_id": version_id,
        "agent_id": agent_id,
        "answers": answers_text(answers),
        "comments": clean(msgspec.json.encode(comments).decode()),
        "updated_at": now,
    }
    changed = await conn.execute(update(call_reviews).where(mine).values(values).returning(own.id))
    known = changed.scalar_one_or_none()
    if known is not None:
        return int(known)
    keys = {"call_id": call_id, "calibration_id": calibration_id, "by_user_id": by}
    return int((await conn.execute(insert(call_reviews).values(**keys, **values).returning(own.id))).scalar_one())


async def change(conn: AsyncConnection, review_id: int, **values: Any) -> None:
    """Set columns of one: given, taken back, replied to, settled."""
    texts = {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}
    await conn.execute(update(call_reviews).where(call_reviews.c.id == review_id).values(texts))


def answers_text(answers: Mapping[int, int]) -> str:
    """Answers in their column."""
    return msgspec.json.encode({str(id_): answer for id_, answer in answers.items()}).decode()


async def averages(conn: AsyncConnection, since: float, until: float) -> dict[int, Average]:
    """By agent: scores given in since <= t < until, and marks that clients gave then to calls he was the last in."""
    own = call_reviews.c
    scored = (
        select(own.agent_id, func.count().label("scored"), func.avg(own.score).label("percent"))
        .where(own.state == "given", own.calibration_id == 0, own.agent_id.is_not(None), own.score.is_not(None),
               *_within(own.given_at, since, until))
        .group_by(own.agent_id)
    )  # fmt: skip
    agent = select(calls.c.user_id).where(calls.c.id == call_scores.c.call_id).scalar_subquery()  # never from all calls
    given = select(agent.label("user_id"), call_scores.c.score).where(*_within(call_scores.c.at, since, until)).cte()
    marked = (
        select(given.c.user_id, func.count().label("marked"), func.avg(given.c.score).label("mark"))
        .where(given.c.user_id.is_not(None))
        .group_by(given.c.user_id)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in await conn.execute(scored):
        found.setdefault(row.agent_id, {}).update(scored=row.scored, percent=round(float(row.percent), 1))
    for row in await conn.execute(marked):
        found.setdefault(row.user_id, {}).update(marked=row.marked, mark=round(float(row.mark), 2))
    return {agent_id: Average(agent_id=agent_id, **values) for agent_id, values in found.items()}


def _within(column: Any, since: float | None, until: float | None) -> list[ColumnElement[bool]]:
    return [column >= since if since is not None else true(), column < until if until is not None else true()]


def _review(row: Any) -> Review:
    values = dict(row._mapping)
    for name in ("settled_by",):
        del values[name]
    values["percent"] = values.pop("score")
    values["answers"] = {int(id_): answer for id_, answer in msgspec.json.decode(row.answers).items()}
    values["comments"] = tuple(msgspec.json.decode(row.comments, type=list[Comment]))
    return Review(**values)
