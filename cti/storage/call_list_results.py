"""What came of the calls of a call list: results that agents said, answers to its questionnaire, call by call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage import scripts
from cti.storage.campaign_tables import campaign_calls, campaign_people
from cti.storage.disposition_tables import call_dispositions
from cti.storage.scripts import AnswerRow
from cti.storage.sight import seen
from cti.storage.tables import users
from cti.storage.talk_tables import call_answers

AT_ONCE = 500
ANSWERS_MOST = 100
C, D, A = campaign_calls.c, call_dispositions.c, call_answers.c
_PEOPLE = func.count(C.number.distinct())


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """How many people gave an answer to a question."""

    question_id: int
    question: Words
    kind: str
    answer: Words
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """The latest call to somebody. outcome: of the telephone; result: as the agent said it."""

    call_id: str
    at: float
    by: str
    outcome: str
    result: str = ""
    answers: tuple[AnswerRow, ...] = ()


async def results(conn: AsyncConnection, campaign_id: int) -> list[tuple[str, int]]:
    """How many people's calls had which result, the commonest first."""
    rows = select(D.name, _PEOPLE.label("people")).join_from(call_dispositions, campaign_calls, C.call_id == D.call_id)
    mine = rows.where(C.campaign_id == campaign_id, C.call_id != "").group_by(D.name)
    return [(row.name, row.people) for row in await conn.execute(mine.order_by(_PEOPLE.desc(), D.name))]


async def answers(conn: AsyncConnection, campaign_id: int) -> list[Answered]:
    """How many gave which answer, question by question; what was written in words is not counted."""
    rows = (
        select(A.question_id, func.max(A.question).label("question"), A.kind, A.answer, _PEOPLE.label("people"))
        .join_from(call_answers, campaign_calls, C.call_id == A.call_id)
        .where(C.campaign_id == campaign_id, C.call_id != "", A.kind != "text")
        .group_by(A.script_id, A.question_id, A.kind, A.answer)
        .order_by(A.question_id, _PEOPLE.desc(), A.answer)
    )
    found = await conn.execute(rows.limit(ANSWERS_MOST))
    return seen(conn, [Answered(**row._mapping) for row in found])


def with_result(campaign_id: int, name: str) -> ColumnElement[bool]:
    """Whose calls had this result."""
    said = select(C.number).join_from(campaign_calls, call_dispositions, C.call_id == D.call_id)
    return _called(said.where(D.name == name), campaign_id)


def with_answer(campaign_id: int, question_id: int, answer: str) -> ColumnElement[bool]:
    """Who gave this answer."""
    gave = select(C.number).join_from(campaign_calls, call_answers, C.call_id == A.call_id)
    return _called(gave.where(A.question_id == question_id, A.answer == answer), campaign_id)


def _called(numbers: Select[tuple[int]], campaign_id: int) -> ColumnElement[bool]:
    return campaign_people.c.number.in_(numbers.where(C.campaign_id == campaign_id, C.call_id != ""))


async def latest(conn: AsyncConnection, campaign_id: int, numbers: Sequence[int]) -> dict[int, Called]:
    """The latest call to each of these people, by their numbers."""
    found: dict[int, Called] = {}
    for start in range(0, len(numbers), AT_ONCE):
        found |= await _latest(conn, campaign_id, numbers[start : start + AT_ONCE])
    return found


async def _latest(conn: AsyncConnection, campaign_id: int, numbers: Sequence[int]) -> dict[int, Called]:
    mine = (C.campaign_id == campaign_id) & C.number.in_(numbers)
    last = select(C.number, func.max(C.attempt).label("attempt")).where(mine).group_by(C.number).subquery()
    said = select(D.name).where(D.call_id == C.call_id).order_by(D.at.desc()).limit(1).correlate(campaign_calls)
    rows = (
        select(C.number, C.call_id, C.at, C.outcome, func.coalesce(users.c.name, "").label("by"))
        .add_columns(func.coalesce(said.scalar_subquery(), "").label("result"))
        .join_from(campaign_calls, last, (C.number == last.c.number) & (C.attempt == last.c.attempt))
        .join(users, users.c.id == C.user_id, isouter=True)
        .where(C.campaign_id == campaign_id)
    )
    found = {row.number: row for row in await conn.execute(rows)}
    given = await scripts.of_calls(conn, [row.call_id for row in found.values() if row.call_id])
    return {
        number: Called(
            call_id=row.call_id,
            at=row.at,
            by=row.by,
            outcome=row.outcome,
            result=row.result,
            answers=tuple(given.get(row.call_id, ())),
        )
        for number, row in found.items()
    }
