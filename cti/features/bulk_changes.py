"""Changes of many clients as people ask for them in the panel: chosen ones, or all that a search and filters find.

A few are changed at once; many in a process of its own (`cti/jobs.py`), one change after the other. How far a change is
and what came of it is its row in the base: it can be looked at, stopped and taken back after the page, or the server,
was started anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from cti.access import Person, may
from cti.errors import CtiError, NotAllowed, Refused
from cti.jobs import Jobs
from cti.storage import runs
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.runs import OPEN, Run

FEW = 100  # are changed by the server itself, in one transaction
LOST = "The work was interrupted: try again."
WORKING = {"change": ("waiting", "running"), "undo": ("undoing",)}  # states in which it may fail
Change = Callable[..., Awaitable[Any]]
log = structlog.get_logger()


class BulkChanges:
    """Changes of many. change: of ClientBase, for a few."""

    def __init__(self, *, db: Database, jobs: Jobs, change: Change, clock: Callable[[], float]) -> None:
        self._db = db
        self._jobs = jobs
        self._change = change
        self._clock = clock
        self._asked: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._undone: dict[str, tuple[int, int]] = {}  # of those that are taken back: so many of so many

    async def start(self) -> None:
        """After a start: what ran or waited has failed."""
        async with self._db.write() as conn:
            await runs.interrupt(conn, "change", self._clock())

    async def run(self) -> None:
        """Do what is asked, one after the other, until cancelled."""
        while True:
            what, job = await self._asked.get()
            await self._do(what, job)

    async def begin(
        self,
        person: Person,
        fields: Mapping[str, Any],
        *,
        ids: Sequence[int] = (),
        found: Mapping[str, Any] | None = None,
    ) -> str:
        """Begin a change; returns its batch. fields: settable ones. found: {q, filters}, in place of ids."""
        _allowed(person)
        batch, now = secrets.token_hex(8), self._clock()
        few = found is None and 0 < len(ids) <= FEW
        title = msgspec.json.encode(fields).decode()
        async with self._db.write() as conn:
            await runs.begin(
                conn, "change", batch, user_id=person.id, title=_short(title), now=now,
                state="running" if few else "waiting", total=None if found is not None else len(ids),
            )  # fmt: skip
        if few:
            await self._at_once(person, ids, fields, batch)
        else:
            job = {"batch": batch, "person": person, "fields": fields, "ids": list(ids), "found": found}
            self._asked.put_nowait(("change", job))
        return batch

    async def _at_once(self, person: Person, ids: Sequence[int], fields: Mapping[str, Any], batch: str) -> None:
        async def counted(conn: Connection, done: Any) -> None:
            await runs.count(conn, batch, done.counts, done.faults)
            await runs.become(conn, batch, "done", was=OPEN, now=self._clock())

        try:
            await self._change(person, ids, fields, batch, after_part=counted)
        except BaseException:
            await self._failed(batch, LOST, was=WORKING["change"])
            raise

    async def cancel(self, person: Person, batch: str) -> None:
        """Stop after the present part; what was done stays and may be taken back."""
        run = await self._mine(person, batch)
        async with self._db.write() as conn:
            if not await runs.become(conn, run.batch, "cancelled", was=OPEN, now=self._clock()):
                raise Refused("not-running", "This does not run any more.")

    async def undo(self, person: Person, batch: str) -> None:
        """Begin to take a change back; what was changed since stays."""
        run = await self._mine(person, batch)
        async with self._db.write() as conn:
            if not run.may_undo or not await runs.become(conn, batch, "undoing", was=[run.state], now=self._clock()):
                raise Refused("nothing-to-undo", "There is nothing to take back here.")
        self._asked.put_nowait(("undo", {"batch": batch, "person": person}))

    def undone(self, batch: str) -> tuple[int, int]:
        """How far the taking back is: so many clients of so many."""
        return self._undone.get(batch, (0, 0))

    async def _mine(self, person: Person, batch: str) -> Run:
        """A change that the person may stop or take back: his own; a supervisor's is any."""
        _allowed(person)
        async with self._db.read() as conn:
            run = await runs.get(conn, batch)
        if run is None or run.kind != "change" or not sees(person, run):
            raise Refused("no-run", "There is no such change.")
        return run

    async def _do(self, what: str, job: dict[str, Any]) -> None:
        batch = job["batch"]
        async with self._db.read() as conn:
            run = await runs.get(conn, batch)
        if run is None or run.state not in OPEN:  # stopped while it waited
            return
        try:
            async for said in self._jobs.run(what, **job):
                if what == "undo" and "total" in said:
                    self._undone[batch] = (said["rows"], said["total"])
        except CtiError as error:
            await self._failed(batch, str(error), was=WORKING[what])
        except Exception:  # a bug of ours ends this change, not those after it
            log.error("change of many failed", exc_info=True)
            await self._failed(batch, LOST, was=WORKING[what])
        finally:
            self._undone.pop(batch, None)

    async def _failed(self, batch: str, message: str, *, was: Sequence[str]) -> None:
        """Whoever stopped it has said so in its row already, and it may be taken back by now."""
        async with self._db.write() as conn:
            await runs.become(conn, batch, "failed", was=was, now=self._clock(), message=message)


def sees(person: Person, run: Run) -> bool:
    """Whether a run is the person's to see: his own; who may import sees everybody's."""
    return run.user_id == person.id or may(person, "clients.import")


def _short(title: str) -> str:
    """What is set, short enough for its row: a long text is not repeated there."""
    return title if len(title) <= 400 else msgspec.json.encode(dict.fromkeys(msgspec.json.decode(title))).decode()[:400]


def _allowed(person: Person) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")
