"""The access journal: who saw whose data. Lines are added and read, never changed and never deleted.

Each line is chained to the one before: chain = sha256(chain before + the line as JSON). Ids follow each other without
a gap, and `access_head` says which line is the last: so a line that was changed, taken out, put in between or cut off
at the end is found by `check`. Who can write to the database could compute all of it anew from that line on: against
him an admin notes the last line and its chain elsewhere, and `check` says whether it is still so.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import ColumnElement, Row, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients import seen
from cti.storage.privacy_tables import access_head, access_log
from cti.storage.tables import users

Action = Literal["view", "search", "export", "print", "change", "log", "spy"]
How = Literal["", "changed", "missing", "cut-off", "put-in", "not-as-noted"]
ACTIONS: tuple[Action, ...] = get_args(Action)
AT_ONCE = 5_000
BACKUP = "backup"  # the thing of a line; made every night, it is told of here and alarms nobody

_HEAD = "SELECT last, chain FROM access_head WHERE id = 1"
_NEW_HEAD = "INSERT INTO access_head (id, last, chain, alarmed) VALUES (1, 0, '', 0) ON CONFLICT DO NOTHING"
_ADD = (
    "INSERT INTO access_log (id, at, user_id, login, action, thing, count, clients, address, why, chain) VALUES"
    " (:id, :at, :user_id, :login, :action, :thing, :count, :clients, :address, :why, :chain)"
)
_MOVE_HEAD = "UPDATE access_head SET last = :last, chain = :chain WHERE id = 1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Who looked: login as it was then, `cli:NAME` for the command line. What: thing (`client:12`, `clients by q`),
    count: persons shown; clients: their ids, as `cti.clients.seen` writes them. why: a reason that was given."""

    at: float
    user_id: int | None
    login: str
    action: Action
    thing: str
    count: int
    clients: str = ""
    address: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept(Line):
    """A line as it stands in the journal."""

    id: int
    chain: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which lines: since <= at < until; of a person, by login; of an action; that name one of these clients.

    team_id, user_id: only lines of people of this team, of this person.
    """

    since: float | None = None
    until: float | None = None
    login: str = ""
    action: str = ""
    clients: tuple[int, ...] = ()
    team_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """lines: how many are right. broken: the first that is not, and how; None: all are. last, chain: to be noted."""

    lines: int
    last: int
    chain: str
    broken: int | None = None
    how: How = ""


FIELDS = tuple(Line.__dataclass_fields__)
_TAKEN_OUT = (access_log.c.action == "export", access_log.c.thing != BACKUP)


async def append(conn: AsyncConnection, lines: Sequence[Line]) -> None:
    """Add lines in their order; they are there once the transaction is."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"  # SQLite has one writer
    head = (await conn.execute(text(_HEAD + lock))).one_or_none()
    if head is None:
        await conn.execute(text(_NEW_HEAD))
        head = (await conn.execute(text(_HEAD + lock))).one()
    rows = _chained(head.last, head.chain, lines)
    await conn.execute(text(_ADD), rows)
    await conn.execute(text(_MOVE_HEAD), {"last": rows[-1]["id"], "chain": rows[-1]["chain"]})


def _chained(last: int, chain: str, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines as rows, those after (last, chain)."""
    rows = []
    for id_, line in enumerate(lines, last + 1):
        chain = chained(chain, id_, line)
        rows.append({name: getattr(line, name) for name in FIELDS} | {"id": id_, "chain": chain})
    return rows


def chained(before: str, id_: int, line: Line) -> str:
    """What chains a line to the one before."""
    plain = msgspec.json.encode([id_, *(getattr(line, name) for name in FIELDS)])
    return hashlib.sha256(before.encode() + plain).hexdigest()


async def check(conn: AsyncConnection, noted: tuple[int, str] | None = None) -> Checked:
    """Whether the journal is whole, as of the last line there is now. noted: a line and its chain, kept elsewhere."""
    head = (await conn.execute(text(_HEAD))).one_or_none()
    until, wanted = (head.last, head.chain) if head else (0, "")
    last, chain = 0, ""

    def broken(at: int, how: How) -> Checked:
        return Checked(lines=last, last=last, chain=chain, broken=at, how=how)

    async for lines in parts(conn, Asked(), most=until):
        for line in lines:
            if line.id != last + 1:
                return broken(last + 1, "missing")
            if line.chain != chained(chain, line.id, line):
                return broken(line.id, "changed")
            if noted is not None and noted[0] == line.id and noted[1] != line.chain:
                return broken(line.id, "not-as-noted")
            last, chain = line.id, line.chain
    if last < until or (noted is not None and noted[0] > last):
        return broken(last + 1, "cut-off")
    if chain != wanted:
        return broken(last, "changed")
    top = (await conn.execute(select(func.max(access_log.c.id)))).scalar() or 0
    now = (await conn.execute(text(_HEAD))).one_or_none()  # lines that came meanwhile came with their head
    if top > (now.last if now else 0):
        return broken(top, "put-in")
    return Checked(lines=last, last=last, chain=chain)


async def parts(conn: AsyncConnection, asked: Asked, *, most: int = 2**31 - 1) -> AsyncIterator[list[Kept]]:
    """Lines in their order, some thousand at a time. most: the last id."""
    last = 0
    wanted = select(access_log).where(*_conditions(asked)).order_by(access_log.c.id).limit(AT_ONCE)
    while rows := (await conn.execute(wanted.where(access_log.c.id > last, access_log.c.id <= most))).all():
        yield [one for one in map(_kept, rows) if _named(one, asked)]
        last = rows[-1].id


async def newest(conn: AsyncConnection, asked: Asked, *, limit: int = 100, before: int | None = None) -> list[Kept]:
    """Lines, the newest first. before: go on after that line."""
    found: list[Kept] = []
    wanted = select(access_log).where(*_conditions(asked)).order_by(access_log.c.id.desc()).limit(limit)
    while len(found) < limit:
        statement = wanted if before is None else wanted.where(access_log.c.id < before)
        rows = (await conn.execute(statement)).all()
        found += [one for one in map(_kept, rows) if _named(one, asked)]
        if len(rows) < limit:
            break
        before = rows[-1].id
    return found[:limit]


def midnight(now: float, zone: tzinfo) -> float:
    """When the day of `now` began."""
    return datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


async def has_news(conn: AsyncConnection) -> bool:
    """Whether there are lines that nobody looked through for exports to tell of."""
    return bool((await conn.execute(text("SELECT last > alarmed FROM access_head WHERE id = 1"))).scalar())


async def exports_to_tell(conn: AsyncConnection) -> list[Kept]:
    """Exports since the last call of this; each comes once, if the caller's transaction is kept."""
    head = (await conn.execute(select(access_head).with_for_update())).one()
    await conn.execute(text("UPDATE access_head SET alarmed = :last WHERE id = 1"), {"last": head.last})
    fresh = (access_log.c.id > head.alarmed, access_log.c.id <= head.last, *_TAKEN_OUT)
    return [_kept(row) for row in await conn.execute(select(access_log).where(*fresh).order_by(access_log.c.id))]


async def exported(conn: AsyncConnection, login: str, since: float, *, until_line: int = 2**31 - 1) -> int:
    """How many persons' data somebody has taken out in files since then; up to a line."""
    line = access_log.c
    own = (line.at >= since, line.login == login, *_TAKEN_OUT, line.id <= until_line)
    return int((await conn.execute(select(func.coalesce(func.sum(access_log.c.count), 0)).where(*own))).scalar_one())


def _conditions(asked: Asked) -> Iterator[ColumnElement[bool]]:
    line = access_log.c
    if asked.since is not None:
        yield line.at >= asked.since
    if asked.until is not None:
        yield line.at < asked.until
    if asked.login:
        yield line.login == asked.login
    if asked.action:
        yield line.action == asked.action
    if asked.clients:
        named = [(literal(",") + line.clients + literal(",")).like(f"%,{one},%") for one in asked.clients]
        yield or_(*named, line.clients.like("%-%"))
    if asked.user_id is not None:
        yield line.user_id == asked.user_id
    if asked.team_id is not None:
        yield line.user_id.in_(select(users.c.id).where(users.c.team_id == asked.team_id))


def _named(line: Kept, asked: Asked) -> bool:
    """What SQL cannot say of ranges."""
    return not asked.clients or any(seen.names(line.clients, one) for one in asked.clients)


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)
