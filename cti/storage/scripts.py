"""Questionnaires and what was answered in calls, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.clients.scripts import Question, Script
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users
from cti.storage.talk_tables import call_answers, scripts


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerRow:
    """What was answered in a call. question: as it was asked then; kind: of the property that it is like."""

    question_id: int
    question: Words
    kind: str
    answer: Words
    user_name: str
    at: float


async def every(conn: AsyncConnection) -> list[Script]:
    """All of them, by queue."""
    return [_script(row) for row in await conn.execute(select(scripts).order_by(scripts.c.queue, scripts.c.name))]


async def of_queue(conn: AsyncConnection, queue: str) -> Script | None:
    """That of a queue, "" of calls without one."""
    row = (await conn.execute(select(scripts).where(scripts.c.queue == queue))).one_or_none()
    return _script(row) if row is not None else None


async def get(conn: AsyncConnection, script_id: int) -> Script | None:
    """One by its id."""
    row = (await conn.execute(select(scripts).where(scripts.c.id == script_id))).one_or_none()
    return _script(row) if row is not None else None


async def add(conn: AsyncConnection, queue: str | None, name: str) -> int | None:
    """A new one without questions; returns its id, None where the queue has one. queue: None: of call lists."""
    values = {"queue": queue if queue is None else clean(queue), "name": clean(name), "questions": "[]"}
    try:
        async with conn.begin_nested():
            made = await conn.execute(insert(scripts).values(values).returning(scripts.c.id))
    except IntegrityError:
        return None
    return int(made.scalar_one())


async def keep(conn: AsyncConnection, script: Script) -> None:
    """Its name and questions; those without an id (negative here) get the next ones. Of a removed one: nothing."""
    row = (await conn.execute(select(scripts.c.next_question).where(scripts.c.id == script.id))).one_or_none()
    if row is None:
        return
    free, kept = row.next_question, []
    ids: dict[int, int] = {}
    for one in script.questions:
        if one.id <= 0:
            ids[one.id], free = free, free + 1
        kept.append(msgspec.structs.replace(_Kept.of(one), id=ids.get(one.id, one.id)))
    values = {"name": clean(script.name), "questions": clean(msgspec.json.encode(kept).decode()), "next_question": free}
    await conn.execute(update(scripts).where(scripts.c.id == script.id).values(**values))


async def remove(conn: AsyncConnection, script_id: int) -> None:
    """Ask nothing more; what was answered stays."""
    await conn.execute(delete(scripts).where(scripts.c.id == script_id))


async def answer(
    conn: AsyncConnection,
    call_id: str,
    script_id: int,
    question: Question,
    *,
    kind: str,
    given: str,
    user_id: int,
    at: float,
) -> None:
    """What was answered; "" takes it back."""
    mine = (
        (call_answers.c.call_id == call_id)
        & (call_answers.c.script_id == script_id)
        & (call_answers.c.question_id == question.id)
    )
    await conn.execute(delete(call_answers).where(mine))
    if given:
        values: dict[str, Any] = {"call_id": call_id, "script_id": script_id, "question_id": question.id}
        values |= {"question": clean(question.text), "kind": kind, "answer": clean(given)}
        values |= {"user_id": user_id, "at": at}
        await conn.execute(insert(call_answers).values(values))


async def of_call(conn: AsyncConnection, call_id: str, script_id: int | None = None) -> list[AnswerRow]:
    """What was answered in a call, in the order in which it was."""
    found = await of_calls(conn, [call_id], script_id)
    return found.get(call_id, [])


async def of_calls(
    conn: AsyncConnection, call_ids: Sequence[str], script_id: int | None = None
) -> dict[str, list[AnswerRow]]:
    """What was answered in calls; at most a few hundred of them."""
    asked = (
        select(
            call_answers.c.call_id,
            call_answers.c.question_id,
            call_answers.c.question,
            call_answers.c.kind,
            call_answers.c.answer,
            func.coalesce(users.c.name, "").label("user_name"),
            call_answers.c.at,
        )
        .join_from(call_answers, users, users.c.id == call_answers.c.user_id, isouter=True)
        .where(call_answers.c.call_id.in_(call_ids))
        .order_by(call_answers.c.at, call_answers.c.id)
    )
    if script_id is not None:
        asked = asked.where(call_answers.c.script_id == script_id)
    found: dict[str, list[AnswerRow]] = {}
    for call_id, *row in await conn.execute(asked) if call_ids else ():
        names = ("question_id", "question", "kind", "answer", "user_name", "at")
        found.setdefault(call_id, []).append(seen(conn, AnswerRow(**dict(zip(names, row, strict=True)))))
    return found


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question in its column."""

    id: int
    text: str
    kind: str = "text"
    options: tuple[str, ...] = ()
    property_id: int | None = None
    after: int = 0
    op: str = "is"
    value: str = ""

    @classmethod
    def of(cls, one: Question) -> _Kept:
        return cls(**{name: getattr(one, name) for name in cls.__struct_fields__})


def _script(row: Any) -> Script:
    kept = msgspec.json.decode(row.questions, type=list[_Kept])
    questions = tuple(Question(**msgspec.structs.asdict(one)) for one in kept)
    return Script(id=row.id, queue=row.queue, name=row.name, questions=questions)
