"""Segments as people make them: an expression that is checked, counted, saved, frozen; none asks for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from cti.access import Person, hides, may
from cti.clients.segments import HIGHEST_PRIORITY, TAG, Group, Segment, fault
from cti.errors import NotAllowed, Refused
from cti.storage import properties, segments
from cti.storage.conditions import Conditions
from cti.storage.database import Database, TooLong, within
from cti.storage.desktop_events import Connection

COUNT_S = 5.0  # a count that takes longer is not live


class ClientSegments:
    """Writes segments. zone: where a day begins."""

    def __init__(self, *, db: Database, zone: ZoneInfo, clock: Callable[[], float]) -> None:
        self._db = db
        self._zone = zone
        self._clock = clock

    async def save(
        self,
        person: Person,
        name: str,
        expression: Group,
        segment_id: int | None = None,
        *,
        tag: str = "",
        priority: int = 0,
    ) -> int:
        """A new segment, or all that is said of one; returns its id. Raises NotAllowed or Refused.

        tag, priority: what a dialplan is told of its clients; without a tag nothing.
        """
        _check(person)
        name, tag = name.strip(), tag.strip()
        if not name:
            raise Refused("no-segment-name", "A segment needs a name.")
        if (tag and not re.fullmatch(TAG, tag)) or not 0 <= priority <= HIGHEST_PRIORITY:
            raise Refused(
                "bad-tag", "The dialplan takes a short word of small Latin letters and a priority of 0 to 100."
            )
        now = self._clock()
        async with self._db.write() as conn:
            known = {one.id: one for one in await segments.every(conn)}
            if segment_id is not None and segment_id not in known:
                raise Refused("no-segment", "There is no such segment.")
            wrong = fault(expression, own=segment_id, known=known)
            if wrong:
                raise Refused(wrong, "This expression cannot be saved.")
            if any(one.name.casefold() == name.casefold() and one.id != segment_id for one in known.values()):
                raise Refused("segment-name-taken", "There is a segment of this name already.")
            (await self._conditions(conn, person)).group(expression)  # fields, operators and values that there are
            segment = Segment(
                id=segment_id or 0, name=name, expression=expression, tag=tag, priority=priority if tag else 0
            )
            if segment_id is None:
                return await segments.add(conn, segment, person.id, now)
            await segments.change(conn, segment, now)
            if known[segment_id].frozen_at is not None:
                await segments.freeze(conn, segment, await self._conditions(conn), now)
        return segment_id

    async def freeze(self, person: Person, segment_id: int) -> int:
        """Keep its clients as they are now; returns how many."""
        _check(person)
        async with self._db.write() as conn:
            segment = await _known(conn, segment_id)
            return await segments.freeze(conn, segment, await self._conditions(conn), self._clock())

    async def thaw(self, person: Person, segment_id: int) -> None:
        """Find its clients anew each time again."""
        _check(person)
        async with self._db.write() as conn:
            await _known(conn, segment_id)
            await segments.thaw(conn, segment_id)

    async def remove(self, person: Person, segment_id: int) -> None:
        """Delete it, unless another segment asks for it."""
        _check(person)
        async with self._db.write() as conn:
            segment = await _known(conn, segment_id)
            for other in await segments.every(conn):
                if other.id != segment_id and fault(other.expression, own=segment_id) == "segment-of-itself":
                    raise Refused("segment-in-use", f"The segment “{other.name}” asks for this one.", where=other.name)
            await segments.remove(conn, segment.id)

    async def count(self, person: Person, expression: Group) -> int:
        """How many clients an expression has that is not saved. Raises Refused for what cannot be asked."""
        wrong = fault(expression)
        if wrong:
            raise Refused(wrong, "This expression cannot be counted.")
        try:
            async with self._db.read(slow=True) as conn, within(conn, COUNT_S):
                return await segments.count(conn, expression, await self._conditions(conn, person))
        except TooLong:
            raise Refused(
                "too-long-to-count", "This takes too long to count live: save it and open the list."
            ) from None

    async def _conditions(self, conn: Connection, person: Person | None = None) -> Conditions:
        """person: whose expression it is; one that stands in the base is nobody's question."""
        return Conditions(
            await properties.every(conn),
            zone=self._zone,
            sqlite=conn.dialect.name == "sqlite",
            segments=await segments.every(conn),
            now=self._clock(),
            whole=person is not None and hides(person),
        )


def _check(person: Person) -> None:
    if not may(person, "segments.write"):
        raise NotAllowed("Your role may not change segments; ask an admin.")


async def _known(conn: Connection, segment_id: int) -> Segment:
    found = next((one for one in await segments.every(conn) if one.id == segment_id), None)
    if found is None:
        raise Refused("no-segment", "There is no such segment.")
    return found
