"""What happened with a client as one stream, newest first: calls with their notes, SMS, letters, notes and tasks,
changes of his card, people, contracts and files. What one person saved at once is one entry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal, get_args

from sqlalchemy import Select, String, cast, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, may
from cti.clients.tasks import Note, Task
from cti.storage import changes, client_notes, letter_reading, marks, scripts, sms_reading, tasks
from cti.storage.call_asked import seen_by
from cti.storage.calls import CallRow
from cti.storage.changes import ChangeRow
from cti.storage.client_tables import client_changes
from cti.storage.contact_tables import client_notes as note_table
from cti.storage.contact_tables import client_tasks as task_table
from cti.storage.conversations import counts
from cti.storage.journal import by_ids
from cti.storage.letter_access import visible
from cti.storage.letter_reading import Read
from cti.storage.mail_tables import letters
from cti.storage.search import KeyText, Page, read_cursor, write_cursor
from cti.storage.sms_reading import TextRow
from cti.storage.sms_tables import sms
from cti.storage.tables import calls as call_table

Kind = Literal["call", "sms", "letter", "note", "task", "change"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_TABLES = {"note": note_table, "task": task_table, "sms": sms}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: a call, an SMS, a letter, a note, a task, or what somebody changed at once. at: UNIX seconds."""

    at: float
    call: CallRow | None = None
    letter: Read | None = None
    sms: TextRow | None = None
    note: Note | None = None
    task: Task | None = None
    changed: tuple[ChangeRow, ...] = ()


async def of_client(
    conn: AsyncConnection,
    client_id: int,
    *,
    kinds: Collection[Kind] = KINDS,
    user_id: int | None = None,
    reader: Person | None = None,
    between: tuple[float, float] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Entry]:
    """A page of a client's history. user_id: of calls, only this person's; reader: of letters, those he may see.

    between: only what happened from then to then.

    Raises Refused for a strange cursor.
    """
    parts = [_part(kind, client_id, user_id) for kind in KINDS if kind in kinds and kind not in ("letter", "sms")]
    if reader is not None and "letter" in kinds:
        parts.append(_letters(client_id, reader))
    if reader is not None and may(reader, "sms") and "sms" in kinds:
        parts.append(_part("sms", client_id, None))
    if not parts:
        return Page(rows=[], total=0, next_cursor=None)
    stream = union_all(*parts).subquery()
    statement = select(stream)
    if between is not None:
        statement = statement.where(stream.c.at.between(*between))
    place = (stream.c.at, stream.c.kind, stream.c.key)
    if cursor is not None:
        statement = statement.where(tuple_(*place) < tuple_(*read_cursor(cursor, tuple[float, KeyText, KeyText])))
    rows = (await conn.execute(statement.order_by(*(one.desc() for one in place)).limit(limit + 1))).all()
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Page(
        rows=await _entries(conn, shown, reader),
        total=None,
        next_cursor=write_cursor(last.at, last.kind, last.key) if last else None,
    )


def _part(kind: Kind, client_id: int, user_id: int | None) -> Select[Any]:
    """When, of which kind, by which key: of all entries of one kind."""
    if kind == "call":
        calls = select(call_table.c.started_at.label("at"), literal(kind).label("kind"), call_table.c.id.label("key"))
        return calls.where(call_table.c.client_id == client_id, *seen_by(user_id))
    table = _TABLES.get(kind, client_changes)
    at = table.c.at if kind == "change" else table.c.created_at
    mine = select(at.label("at"), literal(kind).label("kind"), cast(table.c.id, String).label("key"))
    return mine.where(table.c.client_id == client_id)


def _letters(client_id: int, reader: Person) -> Select[Any]:
    key = cast(letters.c.id, String).label("key")
    mine = select(letters.c.sent_at.label("at"), literal("letter").label("kind"), key)
    return mine.where(letters.c.client_id == client_id, visible(reader), counts())


async def _entries(conn: AsyncConnection, rows: Sequence[Any], reader: Person | None) -> list[Entry]:
    def keys(kind: Kind) -> list[int]:
        return [int(row.key) for row in rows if row.kind == kind]

    talks = await by_ids(conn, [row.key for row in rows if row.kind == "call"])
    answers, set_marks = await scripts.of_calls(conn, [*talks]), await marks.of_calls(conn, [*talks])
    for key, talk in talks.items():
        talks[key] = replace(talk, answers=tuple(answers.get(key, ())), marks=tuple(set_marks.get(key, ())))
    mail = await letter_reading.by_ids(conn, reader, keys("letter")) if reader is not None else {}
    texts = await sms_reading.by_ids(conn, keys("sms"))
    notes = await client_notes.by_ids(conn, keys("note"))
    work = await tasks.by_ids(conn, keys("task"))
    told = await changes.by_ids(conn, keys("change"))
    found: list[Entry] = []
    for (at, kind), some in groupby(rows, key=lambda row: (row.at, row.kind)):
        match kind:
            case "call":
                found += [Entry(at=at, call=talks[row.key]) for row in some if row.key in talks]
            case "letter":
                found += [Entry(at=at, letter=mail[int(row.key)]) for row in some if int(row.key) in mail]
            case "sms":
                found += [Entry(at=at, sms=texts[int(row.key)]) for row in some if int(row.key) in texts]
            case "note":
                found += [Entry(at=at, note=notes[int(row.key)]) for row in some if int(row.key) in notes]
            case "task":
                found += [Entry(at=at, task=work[int(row.key)]) for row in some if int(row.key) in work]
            case _:
                found.append(Entry(at=at, changed=tuple(told[int(row.key)] for row in some if int(row.key) in told)))
    return found
