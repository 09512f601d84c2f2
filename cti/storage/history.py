"""What happened with a client as one stream, newest first: calls with their notes, and changes of his card, people,
contracts and files. What one person saved at once is one entry."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

from sqlalchemy import String, cast, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage import changes
from cti.storage.calls import CallRow
from cti.storage.changes import ChangeRow
from cti.storage.client_tables import client_changes
from cti.storage.journal import by_ids, seen_by
from cti.storage.search import KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls as call_table

Kind = Literal["call", "change"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: a call, or what somebody changed at once. at: UNIX seconds."""

    at: float
    call: CallRow | None = None
    changed: tuple[ChangeRow, ...] = ()


async def of_client(
    conn: AsyncConnection,
    client_id: int,
    *,
    kinds: Collection[Kind] = KINDS,
    user_id: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Entry]:
    """A page of a client's history. user_id: of calls, only this person's. Raises Refused for a strange cursor."""
    parts: list[Any] = []
    if "call" in kinds:
        mine = select(call_table.c.started_at.label("at"), literal("call").label("kind"), call_table.c.id.label("key"))
        parts.append(mine.where(call_table.c.client_id == client_id, *seen_by(user_id)))
    if "change" in kinds:
        key = cast(client_changes.c.id, String).label("key")
        made = select(client_changes.c.at, literal("change").label("kind"), key)
        parts.append(made.where(client_changes.c.client_id == client_id))
    if not parts:
        return Page(rows=[], total=0, next_cursor=None)
    stream = union_all(*parts).subquery()
    statement = select(stream)
    place = (stream.c.at, stream.c.kind, stream.c.key)
    if cursor is not None:
        statement = statement.where(tuple_(*place) < tuple_(*read_cursor(cursor, tuple[float, KeyText, KeyText])))
    rows = (await conn.execute(statement.order_by(*(one.desc() for one in place)).limit(limit + 1))).all()
    shown = rows[:limit]
    talks = await by_ids(conn, [row.key for row in shown if row.kind == "call"])
    told = await changes.by_ids(conn, [int(row.key) for row in shown if row.kind == "change"])
    last = shown[-1] if len(rows) > limit else None
    return Page(
        rows=list(_entries(shown, talks, told)),
        total=None,
        next_cursor=write_cursor(last.at, last.kind, last.key) if last else None,
    )


def _entries(rows: Iterable[Any], talks: dict[str, CallRow], told: dict[int, ChangeRow]) -> Iterable[Entry]:
    for (at, kind), some in groupby(rows, key=lambda row: (row.at, row.kind)):
        if kind == "call":
            yield from (Entry(at=at, call=talks[row.key]) for row in some if row.key in talks)
            continue
        yield Entry(at=at, changed=tuple(told[int(row.key)] for row in some if int(row.key) in told))
