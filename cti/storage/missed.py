"""Who tried to reach us in vain: one item per client, not per call.

Derived from the journal alone, so that it is right after any fault. Five tries of one client, from whichever of his
numbers, are one item; the next talk with any number of that client, in either direction and by whomever, closes it. A
number of nobody is an item of its own; hidden callers are one each, for nobody can be called back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Telephone, Words
from cti.storage.client_tables import client_phones, clients
from cti.storage.sight import seen
from cti.storage.tables import calls, legs, user_queues, users

State = Literal["open", "closed", "all"]
NOT_LOST = ("diverted", "voicemail", "self-service", "callback-requested")  # the client was served, or asked otherwise
AT_ONCE = 500  # items worked on before other work has its turn
LOOKED_AT = 5000  # lost calls at most: older ones of a longer list are not looked at
Key = tuple[str, int | str]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """A client, or a number, that waits to be called back. Times in UNIX seconds.

    call: the last try. number: E.164 of the last try, None when hidden. tries: since the last talk before them.
    wait_s: the longest of them. rung: who was rung. closed_at, closed_by, closed_how: the talk that closed it.
    """

    call: str
    number: Telephone | None
    caller_name: Words
    client_id: int | None
    client_name: Words
    tries: int
    first_at: float
    last_at: float
    wait_s: float
    queues: tuple[str, ...]
    rung: tuple[str, ...] = ()
    closed_at: float | None = None
    closed_by: str = ""
    closed_how: str = ""


async def missed(
    conn: AsyncConnection,
    *,
    since: float,
    state: State = "open",
    user_id: int | None = None,
    team_id: int | None = None,
    limit: int = 100,
) -> list[Missed]:
    """Items whose last try is not older than since, newest first. user_id, team_id: his or their queues and rings."""
    lost = (await conn.execute(_lost(since, user_id, team_id))).all()
    owners = await _owners(conn, {row.number for row in lost if row.number})
    groups: dict[Key, list[Any]] = {}
    for row in lost:
        groups.setdefault(_key(row, owners), []).append(row)
    chosen: list[Missed] = []
    for some in _batched(groups.items(), AT_ONCE):
        talks = await _talks(conn, [key for key, _ in some], since)
        items = [_item(key, rows, talks.get(key, ())) for key, rows in some]
        chosen += [item for item in items if state == "all" or (item.closed_at is None) == (state == "open")]
        if len(chosen) >= limit:
            break
    return seen(conn, await _named(conn, chosen[:limit], groups))


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most so many."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _lost(since: float, user_id: int | None, team_id: int | None) -> Any:
    columns = [
        calls.c[name] for name in ("id", "number", "caller_name", "client_id", "queue", "started_at", "ended_at")
    ]
    return (
        select(*columns)
        .where(
            calls.c.started_at >= since,
            calls.c.direction == "inbound",
            calls.c.answered_at.is_(None),
            calls.c.outcome.is_not(None),
            calls.c.outcome.not_in(NOT_LOST),
            or_(calls.c.reason.is_(None), calls.c.reason != "sip"),  # whether somebody answered, SIP did not tell
            _whose(user_id, team_id),
        )
        .order_by(calls.c.started_at.desc())
        .limit(LOOKED_AT)
    )


def _whose(user_id: int | None, team_id: int | None) -> ColumnElement[bool]:
    if user_id is None and team_id is None:
        return true()
    who = users.c.id == user_id if user_id is not None else users.c.team_id == team_id
    people = select(users.c.id).where(who)
    rang = select(legs.c.call_id).where(legs.c.call_id == calls.c.id, legs.c.user_id.in_(people)).exists()
    return or_(calls.c.queue.in_(select(user_queues.c.queue).where(user_queues.c.user_id.in_(people))), rang)


async def _owners(conn: AsyncConnection, numbers: Iterable[str]) -> dict[str, int]:
    """Whose a number is, where it is one client's alone."""
    phones = client_phones.c
    found: dict[str, set[int]] = {}
    for some in _batched(numbers, AT_ONCE):
        own = phones.e164.in_(some)
        for row in await conn.execute(select(phones.e164, phones.client_id).where(own, phones.shared.is_(False))):
            found.setdefault(row.e164, set()).add(row.client_id)
    return {number: next(iter(ids)) for number, ids in found.items() if len(ids) == 1}


def _key(row: Any, owners: dict[str, int]) -> Key:
    client = row.client_id or owners.get(row.number or "")
    if client:
        return ("client", client)
    return ("number", row.number) if row.number else ("call", row.id)


async def _talks(conn: AsyncConnection, groups: Iterable[Key], since: float) -> dict[Key, list[Any]]:
    """Talks with each, oldest first, by any number of the client."""
    ids = [value for kind, value in groups if kind == "client"]
    numbers: dict[str, Key] = {str(value): (kind, value) for kind, value in groups if kind == "number"}
    phones = client_phones.c
    for row in await conn.execute(select(phones.e164, phones.client_id).where(phones.client_id.in_(ids))):
        if row.e164:
            numbers.setdefault(row.e164, ("client", row.client_id))
    talked = (
        select(calls.c.client_id, calls.c.number, calls.c.answered_at, calls.c.direction, users.c.name.label("by"))
        .join_from(calls, users, users.c.id == calls.c.user_id, isouter=True)
        .where(
            and_(
                calls.c.started_at >= since,
                calls.c.answered_at.is_not(None),
                or_(calls.c.client_id.in_(ids), calls.c.number.in_(list(numbers))),
            )
        )
        .order_by(calls.c.answered_at)
    )
    known = {value for value in ids if isinstance(value, int)}
    found: dict[Key, list[Any]] = {}
    for talk in await conn.execute(talked):
        own = ("client", talk.client_id) if talk.client_id in known else numbers.get(talk.number or "")
        if own is not None:
            found.setdefault(own, []).append(talk)
    return found


def _item(key: Key, rows: Sequence[Any], talks: Sequence[Any]) -> Missed:
    """One item of its lost calls (newest first) and the talks (oldest first)."""
    last = rows[0]
    before = max((talk.answered_at for talk in talks if talk.answered_at < last.started_at), default=0.0)
    closing = next((talk for talk in talks if talk.answered_at >= last.started_at), None)
    tries = [row for row in rows if row.started_at > before]
    return Missed(
        call=last.id,
        number=last.number,
        caller_name=next((row.caller_name for row in tries if row.caller_name), ""),
        client_id=int(key[1]) if key[0] == "client" else None,
        client_name="",
        tries=len(tries),
        first_at=tries[-1].started_at,
        last_at=last.started_at,
        wait_s=max((row.ended_at - row.started_at for row in tries if row.ended_at), default=0.0),
        queues=tuple(dict.fromkeys(row.queue for row in tries if row.queue)),
        closed_at=closing.answered_at if closing else None,
        closed_by=(closing.by or "") if closing else "",
        closed_how=(closing.direction or "") if closing else "",
    )


async def _named(conn: AsyncConnection, items: Sequence[Missed], groups: dict[Key, list[Any]]) -> list[Missed]:
    """The items with the clients' names and the names of those who were rung."""
    ids = [item.client_id for item in items if item.client_id]
    names = {
        row.id: row.name
        for row in await conn.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(ids)))
    }
    of_call = {row.id: key for key, rows in groups.items() for row in rows}
    wanted = {of_call[item.call] for item in items}
    mine = [row.id for key in wanted for row in groups[key]]
    rung: dict[Key, dict[str, None]] = {}
    found = await conn.execute(
        select(legs.c.call_id, users.c.name)
        .join_from(legs, users, users.c.id == legs.c.user_id)
        .where(legs.c.call_id.in_(mine))
    )
    for row in found:
        rung.setdefault(of_call[row.call_id], {})[row.name] = None
    return [
        replace(
            item, client_name=names.get(item.client_id or 0, ""), rung=tuple(sorted(rung.get(of_call[item.call], ())))
        )
        for item in items
    ]
