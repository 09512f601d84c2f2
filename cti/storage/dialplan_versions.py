"""Versions of dialplans as rows: what was published, by whom, what came of it; and saved traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.dialplan_tables import dialplan_drafts as drafts
from cti.storage.dialplan_tables import dialplan_traces as traces
from cti.storage.dialplan_tables import dialplan_versions as versions
from cti.storage.tables import users

State = Literal["publishing", "running", "replaced", "undone"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One publish. of: the version that was gone back to, 0: a draft. why: code of why it was undone, with `said`."""

    number: int
    state: State
    note: str
    of: int
    author: str
    at: float
    took_ms: int
    why: str
    said: str
    digests: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceRow:
    """A saved trace; asked and expected are JSON."""

    id: int
    title: str
    asked: str
    expected: str
    author: str
    at: float


_AUTHOR = func.coalesce(func.nullif(versions.c.author, ""), users.c.name, "").label("author")
_COLUMNS = (
    versions.c.number, versions.c.state, versions.c.note, versions.c.of, _AUTHOR, versions.c.at, versions.c.took_ms,
    versions.c.why, versions.c.said, versions.c.digests,
)  # fmt: skip
_JOINED = versions.outerjoin(users, users.c.id == versions.c.user_id)


def _version(row: Any) -> Version:
    return Version(**{**row._mapping, "digests": msgspec.json.decode(row.digests, type=dict[str, str])})


async def begin(
    conn: AsyncConnection, pbx: str, body: str, *, note: str, of: int, user_id: int | None, author: str, now: float
) -> int:
    """A new version that is being published; its number."""
    last = (await conn.execute(select(func.max(versions.c.number)).where(versions.c.pbx == pbx))).scalar() or 0
    row = {"pbx": pbx, "number": last + 1, "body": body, "state": "publishing", "note": note, "of": of}
    await conn.execute(insert(versions).values(**row, user_id=user_id, author=author, at=now))
    return int(last) + 1


async def settle(
    conn: AsyncConnection, pbx: str, number: int, *, digests: Mapping[str, str], took_ms: int, drafted: int | None
) -> None:
    """The version runs, the one before it does no more. drafted: revision of the draft it is, where it is one."""
    mine = versions.c.pbx == pbx
    await conn.execute(update(versions).where(mine, versions.c.state == "running").values(state="replaced"))
    told = {"state": "running", "digests": msgspec.json.encode(dict(digests)).decode(), "took_ms": took_ms}
    await conn.execute(update(versions).where(mine, versions.c.number == number).values(**told))
    if drafted is not None:
        same = (drafts.c.pbx == pbx) & (drafts.c.revision == drafted)
        await conn.execute(update(drafts).where(same).values(base=number))


async def undo(conn: AsyncConnection, pbx: str, number: int, why: str, said: str) -> None:
    """The version was taken back."""
    mine = (versions.c.pbx == pbx) & (versions.c.number == number) & (versions.c.state == "publishing")
    await conn.execute(update(versions).where(mine).values(state="undone", why=why, said=said[:1000]))


async def unfinished(conn: AsyncConnection, pbx: str) -> list[int]:
    """Versions of which nobody said how they ended."""
    asked = select(versions.c.number).where(versions.c.pbx == pbx, versions.c.state == "publishing")
    return list((await conn.execute(asked)).scalars())


async def every(conn: AsyncConnection, pbx: str, *, limit: int = 200) -> list[Version]:
    """Versions, newest first."""
    asked = select(*_COLUMNS).select_from(_JOINED).where(versions.c.pbx == pbx)
    return [_version(row) for row in await conn.execute(asked.order_by(versions.c.number.desc()).limit(limit))]


async def running(conn: AsyncConnection, pbx: str) -> Version | None:
    """The one that runs."""
    asked = select(*_COLUMNS).select_from(_JOINED).where(versions.c.pbx == pbx, versions.c.state == "running")
    row = (await conn.execute(asked)).one_or_none()
    return _version(row) if row else None


async def get(conn: AsyncConnection, pbx: str, number: int) -> Version | None:
    """One of them."""
    asked = select(*_COLUMNS).select_from(_JOINED).where(versions.c.pbx == pbx, versions.c.number == number)
    row = (await conn.execute(asked)).one_or_none()
    return _version(row) if row else None


async def body(conn: AsyncConnection, pbx: str, number: int) -> str | None:
    """The plan of a version as JSON."""
    asked = select(versions.c.body).where(versions.c.pbx == pbx, versions.c.number == number)
    found = (await conn.execute(asked)).scalar()
    return str(found) if found is not None else None


# Saved traces ---------------------------------------------------------------------------------------------------------


async def every_trace(conn: AsyncConnection, pbx: str) -> list[TraceRow]:
    """Saved traces in the order in which they were saved."""
    who = func.coalesce(users.c.name, "").label("author")
    columns = (traces.c.id, traces.c.title, traces.c.asked, traces.c.expected, who, traces.c.at)
    joined = traces.outerjoin(users, users.c.id == traces.c.user_id)
    asked = select(*columns).select_from(joined).where(traces.c.pbx == pbx).order_by(traces.c.id)
    return [TraceRow(**row._mapping) for row in await conn.execute(asked)]


async def add_trace(
    conn: AsyncConnection, pbx: str, *, title: str, asked: str, expected: str, user_id: int | None, now: float
) -> int:
    """Save one; its id."""
    row = {"pbx": pbx, "title": title, "asked": asked, "expected": expected, "user_id": user_id, "at": now}
    return int((await conn.execute(insert(traces).values(**row).returning(traces.c.id))).scalar_one())


async def expect(conn: AsyncConnection, pbx: str, id_: int, expected: str, *, user_id: int | None, now: float) -> None:
    """From now on these steps are expected."""
    mine = (traces.c.pbx == pbx) & (traces.c.id == id_)
    await conn.execute(update(traces).where(mine).values(expected=expected, user_id=user_id, at=now))


async def drop_trace(conn: AsyncConnection, pbx: str, id_: int) -> bool:
    """Forget one; whether there was such a one."""
    return (await conn.execute(delete(traces).where(traces.c.pbx == pbx, traces.c.id == id_))).rowcount == 1
