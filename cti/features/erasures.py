"""Erasures as people ask for them in the panel: what would go, the erasure itself, acts, and the base's cleaning.

One runs at a time. Nobody is erased while he calls or while an import runs: both would write him anew. What this
process keeps of him in memory, and files that wait to be fetched, go with him; so do the cards on screens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog

from cti.access import Person, may
from cti.desktop import AgentDesktop, Erased
from cti.errors import CtiError, NotAllowed, Refused
from cti.jobs import Jobs
from cti.storage import clients, contacts, erasing, erasures, who
from cti.storage.database import Database
from cti.storage.erasures import Act
from cti.storage.search import fold
from cti.storage.who import Person as Subject
from cti.telephony.numbering import NumberPlan

SMALL_BYTES = 256 << 20  # cleaned in some seconds, at once; a larger base at night
NIGHT_H = 3
AGAIN_S = 600.0
SETTLE_S = 5.0
SHOWN_S = 3 * 86_400.0
REASON_CHARS = 400
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Beforehand:
    """What an erasure would do. name: to be typed by who does it; counts: rows by table; files: on the disk."""

    name: str
    counts: dict[str, int]
    merged: int
    people: int
    files: int
    numbers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the rest of the server does for an erasure. written: all that waited is in the base; importing: an import
    runs; forget: each lets go of what it keeps of him."""

    written: Callable[[float], Awaitable[bool]]
    importing: Callable[[], bool]
    forget: Sequence[Callable[[Erased], Awaitable[None]]]


class Erasures:
    """Erasures of one installation. zone: when it is night."""

    def __init__(
        self,
        *,
        db: Database,
        jobs: Jobs,
        plan: NumberPlan,
        desktop: AgentDesktop,
        around: Surroundings,
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._plan = plan
        self._desktop = desktop
        self._around = around
        self._zone = zone
        self._clock = clock
        self._one = asyncio.Lock()
        self._running: set[asyncio.Task[int]] = set()
        self._due = asyncio.Event()
        self._lately: list[tuple[float, Erased]] = []

    async def start(self) -> None:
        """Whom screens may still show, and whether the base is to be cleaned."""
        async with self._db.read() as conn:
            acts = await erasures.since(conn, self._clock() - SHOWN_S)
            listed = await erasures.listed(conn)
        self._lately = [(act.entry.at, shown_by(act)) for act in acts]
        if any(one.act.cleaned_at is None for one in listed):
            self._due.set()

    async def watch(self) -> None:
        """Clean the base when that is due, until cancelled."""
        while True:
            await self._due.wait()
            await asyncio.sleep(await self._until_clean_s())
            self._due.clear()
            try:
                async with self._one:
                    await self._jobs.done("clean")
                log.info("base cleaned of what was erased")
            except CtiError as error:
                log.warning("base not cleaned of what was erased", reason=str(error))
                self._due.set()
                await asyncio.sleep(AGAIN_S)

    def lately(self) -> Erased:
        """Whom a page that was open all the time may still show."""
        self._lately = [one for one in self._lately if one[0] >= self._clock() - SHOWN_S]
        return sum((one for _, one in self._lately), Erased())

    async def beforehand(self, person: Person, kind: str, subject_id: int) -> Beforehand | None:
        """What is held and would go; None where there is nobody. Raises NotAllowed."""
        if not may(person, "clients.erase") and not may(person, "privacy.export"):
            raise NotAllowed("Your role may not see all that is held on a person; ask an admin.")
        async with self._db.read() as conn:
            subject = await self._subject(conn, kind, subject_id)
            if subject is None:
                return None
            counts = await erasing.held(conn, subject.who)
            name = await _name(conn, kind, subject_id)
        return Beforehand(
            name=name,
            counts={table: count for table, count in counts.items() if count},
            merged=max(len(subject.who.clients) - 1, 0),
            people=len(subject.who.people) if kind == "client" else 0,
            files=len(subject.stored),
            numbers=len(subject.who.numbers),
        )

    async def erase(self, person: Person, kind: str, subject_id: int, *, reason: str, name: str) -> int:
        """Erase a person; returns the act's id. It goes on when whoever asked leaves. Raises NotAllowed, Refused."""
        if not may(person, "clients.erase"):
            raise NotAllowed("Your role may not erase people; ask an admin.")
        if not reason.strip():
            raise Refused("no-reason", "Say why this person is erased: the act needs the reason.")
        if self._one.locked():
            raise Refused("erasure-runs", "Somebody is being erased just now: try again in a minute.")
        task = asyncio.create_task(
            self._erase(person, kind, subject_id, reason.strip()[:REASON_CHARS], name), name="erase"
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _erase(self, person: Person, kind: str, subject_id: int, reason: str, name: str) -> int:
        async with self._one:
            if not await self._around.written(SETTLE_S):
                raise Refused("saving-late", "The database is late: try again when it is in time.")
            if self._around.importing():
                raise Refused("import-runs", "Another import is running: wait until it is over, or cancel it.")
            async with self._db.read() as conn:
                subject = await self._subject(conn, kind, subject_id)
                if subject is None:
                    raise Refused("no-client", "There is no such client.")
                if fold(name.strip()) != fold(await _name(conn, kind, subject_id)):
                    raise Refused("other-name", "The name is not this one's: nothing was erased.")
                if await erasing.is_calling(conn, subject.who):
                    raise Refused("is-calling", "A call with this person is going on: erase him when it is over.")
            said = await self._jobs.done(
                "erase", kind=kind, id=subject_id, reason=reason, user_id=person.id, by=person.name
            )
            act = msgspec.convert(said["act"], Act)
            view = shown_by(act)
            self._lately.append((act.entry.at, view))
            for forget in self._around.forget:
                await forget(view)
            await self._desktop.erased(view)
        self._due.set()
        log.info("person erased", act=said["id"], events=len(act.events))
        return int(said["id"])

    async def _subject(self, conn: Any, kind: str, subject_id: int) -> Subject | None:
        if kind == "contact":
            if await contacts.get(conn, subject_id) is None:
                return None
            return await who.erased(conn, (), self._plan, people=[subject_id])
        if await clients.get(conn, subject_id) is None:
            return None
        return await who.erased(conn, await who.cards_of(conn, subject_id), self._plan)

    async def _until_clean_s(self) -> float:
        """How long the cleaning waits: a small base not at all, a larger one till the night."""
        if await self._db.size_bytes() <= SMALL_BYTES:
            return 0.0
        now = datetime.fromtimestamp(self._clock(), self._zone)
        night = now.replace(hour=NIGHT_H, minute=0, second=0, microsecond=0)
        return ((night if now < night else night + timedelta(days=1)) - now).total_seconds()


def shown_by(act: Act) -> Erased:
    """Whom and what of an act screens may still show."""
    entry = act.entry
    return Erased(
        clients=tuple(id_ for id_, _ in entry.clients), people=tuple(id_ for id_, _ in entry.people), calls=act.calls
    )


async def _name(conn: Any, kind: str, subject_id: int) -> str:
    one = await (contacts if kind == "contact" else clients).get(conn, subject_id)
    return one.name if one is not None else ""
