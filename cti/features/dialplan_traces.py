"""Calls walked through a plan, and saved walks: what a plan must go on doing, looked at before each publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.storage import dialplan_versions as stored
from cti.storage.database import Database
from cti.storage.dialplan_versions import TraceRow
from dialplan.plan import Plan
from dialplan.theirs import NONE, Theirs
from dialplan.trace import Asked, Taken, trace

MOST_TRACES = 500
TITLE_CHARS = 120
Steps = tuple[tuple[str, str], ...]  # the step's id, why it led on


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A saved trace as a plan has it now. expected, takes: steps; taken: those of now with all that is known."""

    id: int
    title: str
    asked: Asked
    expected: Steps
    takes: Steps
    taken: tuple[Taken, ...]
    author: str
    at: float

    @property
    def changed(self) -> bool:
        """Whether the call takes another way than expected."""
        return self.expected != self.takes


class Traces:
    """All of it. zone: of the house, for a time that says none; theirs: the admin's own extensions at a PBX."""

    def __init__(
        self,
        *,
        db: Database,
        zone: ZoneInfo,
        clock: Callable[[], float],
        theirs: Callable[[str], Theirs] = lambda _pbx: NONE,
    ) -> None:
        self._db = db
        self._theirs = theirs
        self._zone = zone
        self._clock = clock

    async def walk(self, pbx: str, plan: Plan, asked: Asked) -> tuple[Taken, ...]:
        """The way of a call through a plan, with the admin's own extensions before it."""
        return await asyncio.to_thread(lambda: trace(plan, asked, self._theirs(pbx)))

    async def look(self, pbx: str, plan: Plan) -> list[Saved]:
        """All saved traces of a PBX, walked through a plan."""
        async with self._db.read() as conn:
            rows = await stored.every_trace(conn, pbx)
        if not rows:
            return []
        theirs = await asyncio.to_thread(self._theirs, pbx)
        return await asyncio.to_thread(lambda: [self._walked(row, plan, theirs) for row in rows])

    async def save(self, actor: Person, pbx: str, plan: Plan, asked: Asked, title: str = "") -> int:
        """Keep a call and the way it takes in this plan. Raises Refused, NotAllowed."""
        _writes(actor)
        title = " ".join(title.split())[:TITLE_CHARS] or f"{asked.number} {asked.at:%Y-%m-%d %H:%M}"
        expected = _steps_written(steps_of(await self.walk(pbx, plan, asked)))
        async with self._db.write() as conn:
            if len(await stored.every_trace(conn, pbx)) >= MOST_TRACES:
                raise Refused("too-many-traces", f"There are {MOST_TRACES} saved calls: remove some first.")
            said = {"asked": _written(asked), "expected": expected}
            return await stored.add_trace(conn, pbx, title=title, **said, user_id=actor.id or None, now=self._clock())

    async def accept(self, actor: Person, pbx: str, plan: Plan, id_: int) -> None:
        """The way a call takes in this plan is right from now on. Raises Refused, NotAllowed."""
        _writes(actor)
        theirs = await asyncio.to_thread(self._theirs, pbx)
        async with self._db.write() as conn:
            row = next((one for one in await stored.every_trace(conn, pbx) if one.id == id_), None)
            if row is None:
                raise _none()
            expected = _steps_written(self._walked(row, plan, theirs).takes)
            await stored.expect(conn, pbx, id_, expected, user_id=actor.id or None, now=self._clock())

    async def remove(self, actor: Person, pbx: str, id_: int) -> None:
        """Forget one. Raises Refused, NotAllowed."""
        _writes(actor)
        async with self._db.write() as conn:
            if not await stored.drop_trace(conn, pbx, id_):
                raise _none()

    def _walked(self, row: TraceRow, plan: Plan, theirs: Theirs) -> Saved:
        asked = self._read(msgspec.json.decode(row.asked))
        taken = trace(plan, asked, theirs)
        return Saved(
            id=row.id,
            title=row.title,
            asked=asked,
            expected=msgspec.json.decode(row.expected, type=Steps),
            takes=steps_of(taken),
            taken=taken,
            author=row.author,
            at=row.at,
        )

    def _read(self, said: Mapping[str, Any]) -> Asked:
        known = {name: value for name, value in said.items() if name in Asked.__dataclass_fields__}
        return msgspec.convert(known, Asked)


def steps_of(taken: tuple[Taken, ...]) -> Steps:
    """What of a walk is expected to stay."""
    return tuple((one.node, one.why) for one in taken)


def asked_at(at: str, zone: ZoneInfo, now: float) -> datetime:
    """`2026-11-29 19:30` on the clock of a zone; "": now. Raises Refused `bad-time`."""
    if not at:
        return datetime.fromtimestamp(now, zone)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Refused("bad-time", "Write a time as 2026-11-29 19:30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _written(asked: Asked) -> str:
    built = msgspec.to_builtins(asked)
    sets = {name: sorted(value) for name, value in built.items() if isinstance(value, (set, frozenset))}
    return msgspec.json.encode({**built, **sets}).decode()


def _steps_written(steps: Steps) -> str:
    return msgspec.json.encode(steps).decode()


def _none() -> Refused:
    return Refused("no-trace", "There is no such saved call.")


def _writes(actor: Person) -> None:
    if not may(actor, "dialplan.write"):
        raise NotAllowed("Your role may not change dialplans.")
