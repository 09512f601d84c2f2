"""Who tried to reach us in vain: one item per client, not per call.

Derived from the journal, so that it is right after any fault; what people say of an item (taken, put off, closed) are
marks of its last try, and the newest one counts. Five tries of one client, from whichever of his
numbers, are one item; the next talk with any number of that client, in either direction and by whomever, closes it. A
number of nobody is an item of its own; hidden callers are one each, for nobody can be called back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Telephone, Words
from cti.storage.client_tables import client_phones, clients
from cti.storage.sight import seen
from cti.storage.tables import calls, legs, user_queues, users
from cti.storage.work_tables import missed_marks

State = Literal["open", "closed", "all"]
NOT_LOST = ("diverted", "self-service", "callback-requested")  # the client was served, or asked otherwise
AT_ONCE = 500  # items worked on before other work has its turn
LOOKED_AT = 5000  # lost calls at most: older ones of a longer list are not looked at
Key = tuple[str, int | str]
_takers, _closers = users.alias("takers"), users.alias("closers")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """A client, or a number, that waits to be called back. Times in UNIX seconds.

    call: the last try. number: E.164 of the last try, None when hidden. tries: since the last talk before them.
    wait_s: the longest of them. rung: who was rung. closed_at, closed_by, closed_how: the talk that closed it, or
    who did by hand, and why. taken_by_id, taken_by: who calls back, until taken_until. later_until: put off until then.
    reach_s: from the first try to that talk. attempts: how often we have called him since, in vain or not.
    responsible_id, responsible: the client's manager. concerns: ids of those who were rung.
    voicemail: the last try that left a message, "" for none.
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
    why: Words = ""
    taken_by_id: int | None = None
    taken_by: str = ""
    taken_until: float | None = None
    later_until: float | None = None
    responsible_id: int | None = None
    responsible: str = ""
    concerns: frozenset[int] = frozenset()
    voicemail: str = ""
    reach_s: float | None = None
    attempts: int = 0

    def is_taken(self, now: float) -> bool:
        """Whether somebody calls back now."""
        return self.taken_by_id is not None and (self.taken_until or 0.0) > now


async def missed(
    conn: AsyncConnection,
    *,
    since: float,
    until: float | None = None,
    state: State = "open",
    user_id: int | None = None,
    team_id: int | None = None,
    limit: int = 100,
) -> list[Missed]:
    """Items whose last try is not older than since, and before until; newest first.

    user_id, team_id: his or their queues and rings.
    """
    lost = (await conn.execute(_lost(since, user_id, team_id))).all()
    owners = await owners_of(conn, {row.number for row in lost if row.number})
    groups: dict[Key, list[Any]] = {}
    for row in lost:
        groups.setdefault(key_of(row, owners), []).append(row)
    chosen: list[Missed] = []
    for some in batched(groups.items(), AT_ONCE):
        talks = await talks_with(conn, [key for key, _ in some], since)
        items = [_item(key, rows, talks.get(key, ())) for key, rows in some]
        items = [item for item in items if until is None or item.last_at < until]
        chosen += [item for item in items if state == "all" or (item.closed_at is None) == (state == "open")]
        if len(chosen) >= limit:
            break
    return seen(conn, await _named(conn, chosen[:limit], groups))


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most so many."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _lost(since: float, user_id: int | None, team_id: int | None) -> Any:
    columns = [
        calls.c[name]
        for name in ("id", "number", "caller_name", "client_id", "queue", "started_at", "ended_at", "outcome")
    ]
    marks = [missed_marks.c[name] for name in ("at", "taken_by", "taken_until", "later_until", "closed_at", "why")]
    return (
        select(*columns, *marks, _takers.c.name.label("taker"), _closers.c.name.label("closer"))
        .join_from(calls, missed_marks, missed_marks.c.call_id == calls.c.id, isouter=True)
        .join(_takers, _takers.c.id == missed_marks.c.taken_by, isouter=True)
        .join(_closers, _closers.c.id == missed_marks.c.closed_by, isouter=True)
        .where(
            calls.c.started_at >= since,
            calls.c.direction == "inbound",
            calls.c.answered_at.is_(None),
            calls.c.outcome.is_not(None),
            calls.c.outcome.not_in(NOT_LOST),
            calls.c.request_id.is_(None),  # whom we called
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
    own = select(clients.c.id).where(clients.c.id == calls.c.client_id, clients.c.responsible_id.in_(people)).exists()
    rang = select(legs.c.call_id).where(legs.c.call_id == calls.c.id, legs.c.user_id.in_(people)).exists()
    return or_(calls.c.queue.in_(select(user_queues.c.queue).where(user_queues.c.user_id.in_(people))), rang, own)


async def owners_of(conn: AsyncConnection, numbers: Iterable[str]) -> dict[str, int]:
    """Whose a number is, where it is one client's alone."""
    phones = client_phones.c
    found: dict[str, set[int]] = {}
    for some in batched(numbers, AT_ONCE):
        own = phones.e164.in_(some)
        for row in await conn.execute(select(phones.e164, phones.client_id).where(own, phones.shared.is_(False))):
            found.setdefault(row.e164, set()).add(row.client_id)
    return {number: next(iter(ids)) for number, ids in found.items() if len(ids) == 1}


def key_of(row: Any, owners: dict[str, int]) -> Key:
    client = row.client_id or owners.get(row.number or "")
    if client:
        return ("client", client)
    return ("number", row.number) if row.number else ("call", row.id)


async def talks_with(conn: AsyncConnection, groups: Iterable[Key], since: float) -> dict[Key, list[Any]]:
    """Talks with each, and our tries to reach them, oldest first, by any number of the client.

    A call with a client is with him alone; one without is with all who have its number.
    """
    ids = [value for kind, value in groups if kind == "client"]
    alone = {str(value) for kind, value in groups if kind == "number"}
    numbers: dict[str, list[Key]] = {number: [] for number in alone}
    phones = client_phones.c
    for row in await conn.execute(select(phones.e164, phones.client_id).where(phones.client_id.in_(ids))):
        if row.e164:
            numbers.setdefault(row.e164, []).append(("client", row.client_id))
    talked = (
        select(
            calls.c.client_id,
            calls.c.number,
            calls.c.started_at,
            calls.c.answered_at,
            calls.c.direction,
            users.c.name.label("by"),
        )
        .join_from(calls, users, users.c.id == calls.c.user_id, isouter=True)
        .where(
            and_(
                calls.c.started_at >= since,
                or_(calls.c.answered_at.is_not(None), calls.c.direction == "outbound"),
                or_(calls.c.client_id.in_(ids), calls.c.number.in_(list(numbers))),
            )
        )
        .order_by(func.coalesce(calls.c.answered_at, calls.c.started_at))
    )
    found: dict[Key, list[Any]] = {}
    for talk in await conn.execute(talked):
        mine = [("client", talk.client_id)] if talk.client_id else numbers.get(talk.number or "", [])
        for own in {*mine, *([("number", talk.number)] if talk.number in alone else [])}:
            found.setdefault(own, []).append(talk)
    return found


def _item(key: Key, rows: Sequence[Any], talks: Sequence[Any]) -> Missed:
    """One item of its lost calls (newest first), the talks and our tries to reach him (oldest first)."""
    last, ours = rows[0], [talk.started_at for talk in talks if talk.direction == "outbound"]
    talks = [talk for talk in talks if talk.answered_at is not None]
    before = max((talk.answered_at for talk in talks if talk.answered_at < last.started_at), default=0.0)
    by_hand = max((row.started_at for row in rows[1:] if row.closed_at is not None), default=0.0)
    closing = next((talk for talk in talks if talk.answered_at >= last.started_at), None)
    tries = [row for row in rows if row.started_at > max(before, by_hand)]
    mark = max((row for row in tries if row.at is not None), key=lambda row: row.at, default=None)
    hand = last if closing is None and last.closed_at is not None else None
    closed_at = closing.answered_at if closing else hand.closed_at if hand else None
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
        closed_at=closed_at,
        reach_s=closing.answered_at - tries[-1].started_at if closing else None,
        attempts=sum(tries[-1].started_at <= at <= (closed_at or at) for at in ours),
        closed_by=(closing.by or "") if closing else (hand.closer or "") if hand else "",
        closed_how=(closing.direction or "") if closing else "by-hand" if hand else "",
        why=hand.why if hand else "",
        voicemail=next((row.id for row in tries if row.outcome == "voicemail"), ""),
        taken_by_id=mark.taken_by if mark else None,
        taken_by=(mark.taker or "") if mark else "",
        taken_until=mark.taken_until if mark else None,
        later_until=mark.later_until if mark else None,
    )


async def _named(conn: AsyncConnection, items: Sequence[Missed], groups: dict[Key, list[Any]]) -> list[Missed]:
    """The items with the clients' names and the names of those who were rung."""
    ids = [item.client_id for item in items if item.client_id]
    managed = select(clients.c.id, clients.c.name, clients.c.responsible_id, users.c.name.label("responsible"))
    managed = managed.join_from(clients, users, users.c.id == clients.c.responsible_id, isouter=True)
    cards = {row.id: row for row in await conn.execute(managed.where(clients.c.id.in_(ids)))}
    of_call = {row.id: key for key, rows in groups.items() for row in rows}
    wanted = {of_call[item.call] for item in items}
    mine = [row.id for key in wanted for row in groups[key]]
    rung: dict[Key, dict[int, str]] = {}
    found = await conn.execute(
        select(legs.c.call_id, users.c.id, users.c.name)
        .join_from(legs, users, users.c.id == legs.c.user_id)
        .where(legs.c.call_id.in_(mine))
    )
    for row in found:
        rung.setdefault(of_call[row.call_id], {})[row.id] = row.name
    return [_with(item, cards.get(item.client_id or 0), rung.get(of_call[item.call], {})) for item in items]


def _with(item: Missed, card: Any, rung: Mapping[int, str]) -> Missed:
    """An item with its client's card and those who were rung, by id."""
    item = replace(item, rung=tuple(sorted(set(rung.values()))), concerns=frozenset(rung))
    if card is None:
        return item
    return replace(item, client_name=card.name, responsible_id=card.responsible_id, responsible=card.responsible or "")


async def concerns(conn: AsyncConnection, call_id: str, user_id: int | None, *, hold: bool = True) -> Any:
    """The row of a lost call; None where it is none, or none of his. user_id None: anybody's. hold: others wait."""
    columns = (calls.c.id, calls.c.number, calls.c.client_id, calls.c.started_at)
    mine = select(*columns).where(calls.c.id == call_id, _whose(user_id, None))
    lost = mine.where(calls.c.direction == "inbound", calls.c.answered_at.is_(None), calls.c.outcome.is_not(None))
    return (await conn.execute(lost.with_for_update(of=calls) if hold else lost)).one_or_none()


async def newest_of(conn: AsyncConnection, client_ids: Collection[int], since: float) -> Any:
    """The row of the newest lost call of one of these clients, by whichever number; None where there is none."""
    numbers = select(client_phones.c.e164).where(client_phones.c.client_id.in_(client_ids), ~client_phones.c.shared)
    his = or_(calls.c.client_id.in_(client_ids), and_(calls.c.client_id.is_(None), calls.c.number.in_(numbers)))
    lost = select(calls.c.id, calls.c.number, calls.c.client_id, calls.c.started_at).where(
        his,
        calls.c.started_at >= since,
        calls.c.direction == "inbound",
        calls.c.answered_at.is_(None),
        calls.c.outcome.is_not(None),
        calls.c.outcome.not_in(NOT_LOST),
    )
    return (await conn.execute(lost.order_by(calls.c.started_at.desc()).limit(1))).one_or_none() if client_ids else None


async def taker(conn: AsyncConnection, lost: Any, now: float) -> tuple[int, str] | None:
    """Who has taken the client of a lost call, or its number: id and name."""
    newest = (
        select(missed_marks.c.taken_by, missed_marks.c.taken_until, users.c.name)
        .join_from(missed_marks, calls, calls.c.id == missed_marks.c.call_id)
        .join(users, users.c.id == missed_marks.c.taken_by, isouter=True)
        .where(_same(lost))
        .order_by(missed_marks.c.at.desc())
        .limit(1)
    )
    row = (await conn.execute(newest)).one_or_none()
    if row is None or row.taken_by is None or (row.taken_until or 0.0) < now:
        return None
    return row.taken_by, row.name or ""


async def is_done(conn: AsyncConnection, lost: Any) -> bool:
    """Whether somebody has talked with who called in vain then, or closed it by hand, since."""
    talked = calls.c.answered_at >= lost.started_at
    closed = and_(missed_marks.c.closed_at.is_not(None), calls.c.started_at >= lost.started_at)
    done = select(calls.c.id).join_from(calls, missed_marks, missed_marks.c.call_id == calls.c.id, isouter=True)
    return (await conn.execute(done.where(_same(lost), or_(talked, closed)).limit(1))).first() is not None


def _same(lost: Any) -> ColumnElement[bool]:
    """Calls of the client of a lost call, or with its number."""
    return or_(
        calls.c.id == lost.id,
        calls.c.client_id == lost.client_id if lost.client_id else false(),
        calls.c.number == lost.number if lost.number else false(),
    )


async def mark(conn: AsyncConnection, call_id: str, at: float, **said: Any) -> None:
    """What somebody says of an item by its last try. said: columns of its mark."""
    await conn.execute(delete(missed_marks).where(missed_marks.c.call_id == call_id))
    await conn.execute(insert(missed_marks).values(call_id=call_id, at=at, **said))
