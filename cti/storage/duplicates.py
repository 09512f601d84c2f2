"""Likely duplicates as rows: whom a card meets by the keys that stand in indexes, pairs found, and what people said.

A key that more than `GROUP` clients have says nothing of any of them and is left out: so the cost of a look is bounded
in a base of any size. Names meet by their spellings (clients/duplicates.py), which the index of names holds.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.duplicates import LIKELY, Candidate, Likeness, likeness, spellings
from cti.clients.masking import REASONS
from cti.storage import cards
from cti.storage.bulk import AT_ONCE
from cti.storage.client_tables import client_emails, client_phones, clients
from cti.storage.client_work_tables import duplicate_pairs as pairs_table
from cti.storage.search import COUNT_LIMIT, PAGE_LIMIT, Id, Page, fold, read_cursor, write_cursor
from cti.storage.sight import seen

GROUP = 50
KINDS_OF_KEY = {
    "phone": (client_phones.c.e164, client_phones.c.client_id),
    "email": (client_emails.c.folded, client_emails.c.client_id),
    "inn": (clients.c.inn, clients.c.id),
    "name": (clients.c.name_folded, clients.c.id),
}
Pair = tuple[int, int]  # the lower id first
Reasons = Annotated[tuple[tuple[str, str], ...], REASONS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A client who is likely the one asked for."""

    client_id: int
    score: float
    reasons: Reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelyPair:
    """Two clients who are likely one, as the list shows them."""

    one: ClientCard
    two: ClientCard
    score: float
    reasons: Reasons


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Mark:
    """How far the base was looked at: all clients changed before, and of that moment those up to the id."""

    at: float = 0.0
    id: int = 0


async def likely(conn: AsyncConnection, asked: Sequence[Candidate]) -> list[list[Found]]:
    """For each card, who is likely the same client, the likeliest first; a card with id 0 is not saved yet."""
    met = await _neighbours(conn, asked)
    others = await candidates(conn, set().union(*met))
    return await asyncio.to_thread(_compared, asked, met, others)


async def candidates(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, Candidate]:
    """What of clients is compared, by id."""
    found: dict[int, Candidate] = {}
    listed = sorted(ids)
    for start in range(0, len(listed), AT_ONCE):
        some = listed[start : start + AT_ONCE]
        phones: dict[int, list[str]] = defaultdict(list)
        emails: dict[int, list[str]] = defaultdict(list)
        own = and_(client_phones.c.client_id.in_(some), client_phones.c.shared.is_(False))
        for row in await conn.execute(select(client_phones.c.client_id, client_phones.c.e164).where(own)):
            phones[row.client_id].append(row.e164 or "")
        mails = select(client_emails.c.client_id, client_emails.c.folded).where(client_emails.c.client_id.in_(some))
        for mail in await conn.execute(mails):
            emails[mail.client_id].append(mail.folded)
        plain = select(clients.c.id, clients.c.name, clients.c.full_name, clients.c.kind, clients.c.inn, clients.c.kpp)
        for client in await conn.execute(plain.where(clients.c.id.in_(some))):
            own_keys: dict[str, Any] = {"phones": tuple(phones[client.id]), "emails": tuple(emails[client.id])}
            found[client.id] = Candidate(**client._mapping, **own_keys)
    return found


async def changed(conn: AsyncConnection, mark: Mark, *, until: float, limit: int) -> list[Mark]:
    """Clients changed after the mark, in order; until: not those of the last moments, more of which may come."""
    at, id_ = clients.c.updated_at, clients.c.id
    after = or_(at > mark.at, and_(at == mark.at, id_ > mark.id))
    found = select(id_, at).where(at >= mark.at, after, at <= until).order_by(at, id_).limit(limit)
    return [Mark(at=row.updated_at, id=row.id) for row in await conn.execute(found)]


async def look(conn: AsyncConnection, ids: Sequence[int]) -> tuple[dict[Pair, Likeness], list[Pair]]:
    """Pairs of these clients as they are now: those to be written, and those that are likely no more."""
    asked = list((await candidates(conn, ids)).values())
    known = await _known(conn, [one.id for one in asked])
    found: dict[Pair, Likeness] = {}
    for one, some in zip(asked, await likely(conn, asked), strict=True):
        for other in some:
            found[_pair(one.id, other.client_id)] = Likeness(score=other.score, reasons=other.reasons)  # type: ignore[arg-type]
    lost = known.keys() - found.keys()
    both = await candidates(conn, {id_ for pair in lost for id_ in pair})
    for pair in lost:  # the other card may meet this one by a key that this one does not have
        if pair[0] in both and pair[1] in both and (now := likeness(both[pair[0]], both[pair[1]])).score >= LIKELY:
            found[pair] = now
    new = {pair: one for pair, one in found.items() if known.get(pair) != (one.score, _told(one.reasons))}
    return new, sorted(known.keys() - found.keys())


async def keep(conn: AsyncConnection, found: Mapping[Pair, Likeness], lost: Sequence[Pair], now: float) -> int:
    """Write pairs down; what people said of them stays. Returns how many stand now of those found."""
    for pair in lost:
        await conn.execute(delete(pairs_table).where(_is(pair), pairs_table.c.dismissed_at.is_(None)))
    ids = {id_ for pair in found for id_ in pair}
    there: set[int] = set()
    for start in range(0, len(ids), AT_ONCE):
        some = select(clients.c.id).where(clients.c.id.in_(sorted(ids)[start : start + AT_ONCE]))
        there |= set((await conn.execute(some.with_for_update(read=True, key_share=True))).scalars())
    rows = [
        {"one": one, "two": two, "score": alike.score, "reasons": _told(alike.reasons), "now": now}
        for (one, two), alike in found.items()
        if one in there and two in there
    ]
    if rows:
        await conn.execute(_KEEP, rows)
    return len(rows)


_KEEP = text(
    "INSERT INTO duplicate_pairs (one_id, two_id, score, reasons, found_at) VALUES (:one, :two, :score, :reasons, :now)"
    " ON CONFLICT (one_id, two_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons"
)


async def pairs(conn: AsyncConnection, *, limit: int = 50, cursor: str | None = None) -> Page[LikelyPair]:
    """Pairs of which nobody said that they are two, the likeliest first. Raises Refused for a strange cursor."""
    limit = max(1, min(limit, PAGE_LIMIT))
    one, two, score = pairs_table.c.one_id, pairs_table.c.two_id, pairs_table.c.score
    open_ = pairs_table.c.dismissed_at.is_(None)
    statement = select(one, two, score, pairs_table.c.reasons).where(open_)
    if cursor is not None:
        at, first, second = read_cursor(cursor, tuple[float, Id, Id])
        later = or_(one > first, and_(one == first, two > second))
        statement = statement.where(score <= at, or_(score < at, later))
    rows = (await conn.execute(statement.order_by(score.desc(), one, two).limit(limit + 1))).all()
    shown = rows[:limit]
    known = await cards.of(conn, {id_ for row in shown for id_ in (row.one_id, row.two_id)})
    last = shown[-1] if len(rows) > limit else None
    found = Page(
        rows=[
            LikelyPair(one=known[r.one_id], two=known[r.two_id], score=r.score, reasons=_reasons(r.reasons))
            for r in shown
            if r.one_id in known and r.two_id in known
        ],
        total=await _count(conn, select(one).where(open_)) if cursor is None else None,
        next_cursor=write_cursor(last.score, last.one_id, last.two_id) if last else None,
    )
    return seen(conn, found)


async def compare(conn: AsyncConnection, one: int, two: int) -> Likeness | None:
    """How likely two clients are one; None where one of them is not there."""
    found = await candidates(conn, (one, two))
    return seen(conn, likeness(found[one], found[two])) if len(found) == 2 else None


async def dismiss(conn: AsyncConnection, one: int, two: int, *, now: float, user_id: int | None) -> bool:
    """A person says that they are two: the pair is not shown again. False where one of them is not there."""
    alike = await compare(conn, *_pair(one, two))
    if alike is None:
        return False
    await keep(conn, {_pair(one, two): alike}, (), now)
    said = update(pairs_table).where(_is(_pair(one, two))).values(dismissed_at=now, dismissed_by=user_id)
    await conn.execute(said)
    return True


async def dismissed_with(conn: AsyncConnection, client_id: int) -> list[int]:
    """The clients of whom people said that this one is another."""
    mine = or_(pairs_table.c.one_id == client_id, pairs_table.c.two_id == client_id)
    rows = await conn.execute(
        select(pairs_table.c.one_id, pairs_table.c.two_id).where(mine, pairs_table.c.dismissed_at.is_not(None))
    )
    return [row.two_id if row.one_id == client_id else row.one_id for row in rows]


async def _neighbours(conn: AsyncConnection, asked: Sequence[Candidate]) -> list[set[int]]:
    """The ids each card meets by one of its keys."""
    keys: dict[str, dict[str, set[int]]] = {kind: defaultdict(set) for kind in KINDS_OF_KEY}
    for place, one in enumerate(asked):
        own = {
            "phone": one.phones,
            "email": [fold(address) for address in one.emails],
            "inn": (one.inn,),
            "name": spellings(one),
        }
        for kind, values in own.items():
            for value in values:
                if value:
                    keys[kind][value].add(place)
    met: list[set[int]] = [set() for _ in asked]
    for kind, places in keys.items():
        for value, client_id in await _owners(conn, kind, sorted(places)):
            for place in places[value]:
                met[place].add(client_id)
    return [ids - {one.id} for one, ids in zip(asked, met, strict=True)]


async def _owners(conn: AsyncConnection, kind: str, values: Sequence[str]) -> list[tuple[str, int]]:
    """Who has which key, but for keys of a crowd."""
    column, owner = KINDS_OF_KEY[kind]
    counted = select(column).group_by(column).having(func.count() <= GROUP)
    named = select(column, owner)
    if kind == "phone":
        named = named.where(client_phones.c.shared.is_(False))
    found: list[tuple[str, int]] = []
    for start in range(0, len(values), AT_ONCE):
        few = list((await conn.execute(counted.where(column.in_(values[start : start + AT_ONCE])))).scalars())
        if few:
            found += [(str(value), int(id_)) for value, id_ in await conn.execute(named.where(column.in_(few)))]
    return found


def _compared(
    asked: Sequence[Candidate], met: Sequence[set[int]], others: Mapping[int, Candidate]
) -> list[list[Found]]:
    told: list[list[Found]] = []
    for one, ids in zip(asked, met, strict=True):
        alike = [(id_, likeness(one, others[id_])) for id_ in ids if id_ in others]
        found = [Found(client_id=id_, score=a.score, reasons=a.reasons) for id_, a in alike if a.score >= LIKELY]
        told.append(sorted(found, key=lambda each: (-each.score, each.client_id)))
    return told


async def _known(conn: AsyncConnection, ids: Sequence[int]) -> dict[Pair, tuple[float, str]]:
    """Pairs of these clients that nobody dismissed, as they were written."""
    found: dict[Pair, tuple[float, str]] = {}
    for column in (pairs_table.c.one_id, pairs_table.c.two_id):
        mine = and_(column.in_(ids), pairs_table.c.dismissed_at.is_(None))
        for row in await conn.execute(select(pairs_table).where(mine)):
            found[row.one_id, row.two_id] = (row.score, row.reasons)
    return found


async def _count(conn: AsyncConnection, ids: Select[int]) -> int | None:
    some = ids.limit(COUNT_LIMIT + 1).subquery()
    count = int((await conn.execute(select(func.count()).select_from(some))).scalar_one())
    return count if count <= COUNT_LIMIT else None


def _pair(one: int, two: int) -> Pair:
    return (one, two) if one < two else (two, one)


def _is(pair: Pair) -> ColumnElement[bool]:
    return and_(pairs_table.c.one_id == pair[0], pairs_table.c.two_id == pair[1])


def _told(reasons: Iterable[tuple[str, str]]) -> str:
    return msgspec.json.encode(list(reasons)).decode()


def _reasons(text_: str) -> Reasons:
    return msgspec.json.decode(text_, type=Reasons)
