"""Where should this call go? What a dialplan is told of its caller: list, name, manager who is free, tags, priority.

Rules kept here: only an exact number tells anything, a hidden one nothing; a number of several clients has no name and
no tags, and a manager only where all of them have the same one; a client whose data may not be used is not told of;
a manager is told while his phone can be rung. Every answer leaves rows in the call's trace: why it went there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from cti.channels.base import RouteAnswer, RouteQuestion
from cti.clients.number_lists import Listing, day_of
from cti.clients.properties import Property
from cti.clients.segments import Judge, Segment
from cti.storage import facts, lookup, number_lists, properties, segments, traces
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.directory import DeviceRow
from cti.storage.lookup import Caller
from cti.storage.spool import Spool
from cti.storage.traces import Step
from cti.telephony.numbering import NumberPlan, read

TOGETHER_S = 0.25  # what was told is written to the traces so often, not with a commit for each call
FRESH_S = 5.0  # so long after a change of a segment the dialplan may still be told the old one


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """The PBX that asks. prefix: with what its ids begin."""

    prefix: str
    plan: NumberPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class _Segments:
    """All segments, and those that tell the dialplan, as of one moment."""

    read_at: float
    every: Mapping[int, Segment]
    telling: tuple[Segment, ...]
    properties: Mapping[int, Property]


class Routing:
    """Answers dialplans. asker_of: a PBX by the name it gave itself, "" where there is one; None: which it is cannot be
    told, so no phone is. free_device: where a person can be rung now.
    """

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        asker_of: Callable[[str], Asker | None],
        free_device: Callable[[int], DeviceRow | None],
        default_plan: NumberPlan,
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._spool = spool
        self._asker_of = asker_of
        self._free_device = free_device
        self._default_plan = default_plan
        self._zone = zone
        self._clock = clock
        self._segments: _Segments | None = None
        self._untold: list[Step] = []

    async def route(self, asked: RouteQuestion) -> RouteAnswer:
        """What is known of the caller. Raises StorageError."""
        asker = self._asker_of(asked.pbx)
        number = read(asked.number, asker.plan if asker else self._default_plan)
        if number.e164 is None:
            return RouteAnswer(steps=(("route-no-number", {}),))
        async with self._db.read() as conn:
            answer = await self._caller(conn, number.e164, asker)
            listing = await number_lists.found(conn, number.e164, self._clock())
        if listing is None:
            return answer
        return replace(answer, listed=listing.list, steps=(self._listed(listing), *answer.steps))

    async def _caller(self, conn: Connection, number: str, asker: Asker | None) -> RouteAnswer:
        callers = await lookup.callers(conn, number)
        if not callers:
            return RouteAnswer(caller="unknown", steps=(("route-unknown", {"number": number}),))
        if any(one.restricted for one in callers):
            return RouteAnswer(steps=(("route-restricted", {}),))
        answer = self._manager(callers, asker)
        if len(callers) > 1:
            return replace(answer, caller="several")
        return await self._told_of(conn, callers[0], answer)

    def _listed(self, listing: Listing) -> tuple[str, Mapping[str, str]]:
        day = day_of(listing.until, self._zone)
        args = {"reason": listing.reason} | ({"until": f"{day[8:]}.{day[5:7]}.{day[:4]}"} if day else {})
        return f"route-{listing.list}{'-until' if day else ''}", args

    def settled(self, asked: RouteQuestion, answer: RouteAnswer | None) -> None:
        """Keep in the call's trace what the dialplan was told."""
        asker, now = self._asker_of(asked.pbx), self._clock()
        steps = answer.steps if answer else (("route-late", {}),)
        call = (asker.prefix if asker else "") + asked.call
        if not self._untold:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._write)
        self._untold += [Step(call_id=call, at=now, step=step, args=args) for step, args in steps]

    def _write(self) -> None:
        rows, self._untold = self._untold, []
        self._spool.put(lambda conn: traces.add(conn, rows))

    def _manager(self, callers: list[Caller], asker: Asker | None) -> RouteAnswer:
        found: tuple[str, Mapping[str, str]] = ("route-client", {})
        if len(callers) > 1:
            found = ("route-several", {"count": str(len(callers))})
        people = {one.responsible_id for one in callers}
        person = people.pop() if len(people) == 1 else None
        if person is None:
            return RouteAnswer(steps=(found, ("route-no-manager", {})))
        name = callers[0].responsible
        device = self._free_device(person)
        if device is None:
            return RouteAnswer(steps=(found, ("route-manager-away", {"name": name})))
        if asker is None or not device.name.startswith(asker.prefix):
            return RouteAnswer(steps=(found, ("route-manager-elsewhere", {"name": name})))
        told = ("route-manager", {"name": name, "extension": device.extension})
        own = device.name.removeprefix(asker.prefix)
        return RouteAnswer(extension=device.extension, device=own, steps=(found, told))

    async def _told_of(self, conn: Connection, caller: Caller, answer: RouteAnswer) -> RouteAnswer:
        known = await self._known(conn)
        answer = replace(answer, caller="client", name=caller.name)
        if not known.telling:
            return answer
        known_of = await facts.of(conn, [caller.id], tuple(known.properties.values()))
        judge = Judge(properties=known.properties, segments=known.every, zone=self._zone, now=self._clock())
        inside = [one for one in known.telling for fact in known_of if judge.inside(one, fact)]
        if not inside:
            return answer
        tags = tuple(dict.fromkeys(one.tag for one in inside))
        priority = max(one.priority for one in inside)
        step = ("route-tags", {"tags": ", ".join(tags), "priority": str(priority)})
        return replace(answer, tags=tags, priority=priority, steps=(*answer.steps, step))

    async def _known(self, conn: Connection) -> _Segments:
        now = self._clock()
        if self._segments is None or not 0 <= now - self._segments.read_at < FRESH_S:
            every = await segments.every(conn)
            self._segments = _Segments(
                read_at=now,
                every={one.id: one for one in every},
                telling=tuple(one for one in every if one.tag),
                properties={one.id: one for one in await properties.every(conn)},
            )
        return self._segments
