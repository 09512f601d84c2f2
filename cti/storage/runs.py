"""What was done with many clients at once, as rows: imports and changes of many; who, how far, what came of it.

Each part writes its counts in its own transaction, and only while the run is still `running`: whoever takes that word
away (a cancel, the next start after a crash) stops it, and the counts are those of what is in the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.importing import Fault
from cti.clients.masking import Holds, Sight, Words
from cti.storage.client_work_tables import client_runs
from cti.storage.sight import seen
from cti.storage.tables import users

SHOWN = 50  # runs in the list
COUNTS = ("rows", "created", "updated", "unchanged", "refused")
OPEN = ("waiting", "running", "undoing")
INTERRUPTED = "interrupted"
Kind = Literal["import", "change"]


def _title_seen(sight: Sight, title: str, run: Any) -> str:
    if run.kind == "import":
        return sight.words(title)
    told = msgspec.json.decode(title, type=dict[str, Any])
    return msgspec.json.encode({field: sight.value(field, value) for field, value in told.items()}).decode()


def faults_seen(sight: Sight, faults: Sequence[Fault], _of: object = None) -> tuple[Fault, ...]:
    """Refused rows as somebody is shown them: their reasons quote cells."""
    told = [{name: sight.words(text) for name, text in one.args.items()} for one in faults]
    return tuple(one._replace(args=args) for one, args in zip(faults, told, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run. state: waiting, running, done, cancelled, failed, undoing, undone. message: why it failed, a code or a
    sentence. faults: the first refused rows; of a change, `row` is the client.
    """

    batch: str
    kind: Kind
    user_id: int | None
    user_name: str
    title: Annotated[str, Holds(_title_seen)]
    state: str
    rows: int
    total: int | None
    created: int
    updated: int
    unchanged: int
    refused: int
    faults: Annotated[tuple[Fault, ...], Holds(faults_seen)]
    message: Words
    started_at: float
    ended_at: float | None
    undone_at: float | None

    @property
    def may_undo(self) -> bool:
        """Whether there is something to take back, and nothing runs."""
        return self.state in ("done", "cancelled", "failed") and self.created + self.updated > 0


async def begin(
    conn: AsyncConnection,
    kind: Kind,
    batch: str,
    *,
    user_id: int | None,
    title: str,
    now: float,
    state: str = "running",
    total: int | None = None,
) -> None:
    """A new run. title: as the table says."""
    row = {"batch": batch, "kind": kind, "user_id": user_id, "title": title[:400], "state": state, "total": total}
    await conn.execute(insert(client_runs), [{**row, "started_at": now}])


async def measure(conn: AsyncConnection, batch: str, total: int) -> bool:
    """A waiting run begins, and it is known how much there is to do; False when it may not."""
    mine = (client_runs.c.batch == batch) & client_runs.c.state.in_(("waiting", "running"))
    values = {"state": "running", "total": total}
    return (await conn.execute(update(client_runs).where(mine).values(values))).rowcount == 1


async def count(conn: AsyncConnection, batch: str, counts: Mapping[str, int], faults: Sequence[Fault]) -> bool:
    """How far a running one is; False when it may not go on."""
    values: dict[str, Any] = {name: counts[name] for name in COUNTS}
    values["faults"] = msgspec.json.encode(faults).decode()
    mine = (client_runs.c.batch == batch) & (client_runs.c.state == "running")
    return (await conn.execute(update(client_runs).where(mine).values(values))).rowcount == 1


async def become(
    conn: AsyncConnection, batch: str, state: str, *, was: Sequence[str], now: float, message: str = ""
) -> bool:
    """Change a run's state; False when it was in none of `was`."""
    values: dict[str, Any] = {"state": state, "message": message[:400]}
    values["undone_at" if state == "undone" else "ended_at"] = None if state in OPEN else now
    mine = (client_runs.c.batch == batch) & client_runs.c.state.in_(was)
    return (await conn.execute(update(client_runs).where(mine).values(values))).rowcount == 1


async def interrupt(conn: AsyncConnection, kind: Kind, now: float) -> int:
    """What was running when the server died, or its database, has failed; returns how many there were."""
    values = {"state": "failed", "message": INTERRUPTED, "ended_at": now}
    lost = (client_runs.c.kind == kind) & client_runs.c.state.in_(OPEN)
    return (await conn.execute(update(client_runs).where(lost).values(values))).rowcount


async def every(conn: AsyncConnection, kind: Kind, *, user_id: int | None = None) -> list[Run]:
    """The newest runs, newest first. user_id: that person's alone."""
    statement = _RUNS.where(client_runs.c.kind == kind)
    if user_id is not None:
        statement = statement.where(client_runs.c.user_id == user_id)
    newest = statement.order_by(client_runs.c.started_at.desc(), client_runs.c.batch).limit(SHOWN)
    return seen(conn, [_run(row) for row in await conn.execute(newest)])


async def get(conn: AsyncConnection, batch: str) -> Run | None:
    """One run."""
    row = (await conn.execute(_RUNS.where(client_runs.c.batch == batch))).one_or_none()
    return seen(conn, _run(row)) if row is not None else None


_RUNS = select(client_runs, users.c.name.label("user_name")).outerjoin(users, users.c.id == client_runs.c.user_id)


def _run(row: Row[Any]) -> Run:
    values = row._asdict()
    faults = msgspec.json.decode(values.pop("faults"), type=tuple[Fault, ...])
    return Run(**{**values, "user_name": values["user_name"] or ""}, faults=faults)
