"""Imports as rows: what ran, how far, what came of it; and how columns of a file like this one were read last time.

Each part of an import writes its counts in its own transaction, and only while the run is still `running`: whoever
takes that word away (a cancel, the next start after a crash) stops it, and the counts are those of what is in the base.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.importing import Fault, folded
from cti.storage.client_work_tables import import_mappings, import_runs
from cti.storage.tables import users

SHOWN = 50  # runs in the list
COUNTS = ("rows", "created", "updated", "unchanged", "refused")
OPEN = ("running", "undoing")
INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One import. state: running, done, cancelled, failed, undoing, undone. message: why it failed, a code or a
    sentence. faults: the first refused rows.
    """

    batch: str
    user_id: int | None
    user_name: str
    file_name: str
    state: str
    rows: int
    created: int
    updated: int
    unchanged: int
    refused: int
    faults: tuple[Fault, ...]
    message: str
    started_at: float
    ended_at: float | None
    undone_at: float | None

    @property
    def may_undo(self) -> bool:
        """Whether there is something to take back, and nothing runs."""
        return self.state in ("done", "cancelled", "failed") and self.created + self.updated > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a file with the same headings was read."""

    fields: tuple[str, ...]
    keys: tuple[str, ...]


async def begin(conn: AsyncConnection, batch: str, *, user_id: int | None, file_name: str, now: float) -> None:
    """A new run."""
    row = {"batch": batch, "user_id": user_id, "file_name": file_name[:200], "state": "running", "started_at": now}
    await conn.execute(insert(import_runs), [row])


async def count(conn: AsyncConnection, batch: str, counts: Mapping[str, int], faults: Sequence[Fault]) -> bool:
    """How far a running import is; False when it may not go on."""
    values: dict[str, Any] = {name: counts[name] for name in COUNTS}
    values["faults"] = msgspec.json.encode(faults).decode()
    mine = (import_runs.c.batch == batch) & (import_runs.c.state == "running")
    return (await conn.execute(update(import_runs).where(mine).values(values))).rowcount == 1


async def become(
    conn: AsyncConnection, batch: str, state: str, *, was: Sequence[str], now: float, message: str = ""
) -> bool:
    """Change a run's state; False when it was in none of `was`."""
    values: dict[str, Any] = {"state": state, "message": message[:400]}
    values["undone_at" if state == "undone" else "ended_at"] = None if state in OPEN else now
    mine = (import_runs.c.batch == batch) & import_runs.c.state.in_(was)
    return (await conn.execute(update(import_runs).where(mine).values(values))).rowcount == 1


async def interrupt(conn: AsyncConnection, now: float) -> int:
    """What was running when the server died, or its database, has failed; returns how many there were."""
    values = {"state": "failed", "message": INTERRUPTED, "ended_at": now}
    return (await conn.execute(update(import_runs).where(import_runs.c.state.in_(OPEN)).values(values))).rowcount


async def every(conn: AsyncConnection) -> list[Run]:
    """The newest runs, newest first."""
    statement = _RUNS.order_by(import_runs.c.started_at.desc(), import_runs.c.batch).limit(SHOWN)
    return [_run(row) for row in await conn.execute(statement)]


async def get(conn: AsyncConnection, batch: str) -> Run | None:
    """One run."""
    row = (await conn.execute(_RUNS.where(import_runs.c.batch == batch))).one_or_none()
    return _run(row) if row is not None else None


async def remembered(conn: AsyncConnection, headers: Sequence[str]) -> Reading | None:
    """How a file with these headings was read last time."""
    asked = select(import_mappings.c["fields"], import_mappings.c["keys"]).where(
        import_mappings.c.headings == _mark(headers)
    )
    row = (await conn.execute(asked)).one_or_none()
    if row is None:
        return None
    return Reading(
        fields=tuple(msgspec.json.decode(row._mapping["fields"])), keys=tuple(row._mapping["keys"].split(","))
    )


async def remember(
    conn: AsyncConnection,
    headers: Sequence[str],
    fields: Sequence[str],
    keys: Sequence[str],
    *,
    user_id: int,
    now: float,
) -> None:
    """Keep how a file is read, for the next one with these headings."""
    mark = _mark(headers)
    row = {"headings": mark, "fields": msgspec.json.encode(list(fields)).decode(), "keys": ",".join(keys)}
    await conn.execute(delete(import_mappings).where(import_mappings.c.headings == mark))
    await conn.execute(insert(import_mappings), [{**row, "user_id": user_id, "used_at": now}])


def _mark(headers: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(map(folded, headers)).encode()).hexdigest()


_RUNS = select(import_runs, users.c.name.label("user_name")).outerjoin(users, users.c.id == import_runs.c.user_id)


def _run(row: Row[Any]) -> Run:
    values = row._asdict()
    faults = msgspec.json.decode(values.pop("faults"), type=tuple[Fault, ...])
    return Run(**{**values, "user_name": values["user_name"] or ""}, faults=faults)
