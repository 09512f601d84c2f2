"""Reading the access journal: who saw or took out whose data, as numbers and as files, and whether it is whole.

A million lines are read in a process of their own. Who may read only of his team reads only its lines.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, hides, scope
from cti.clients.exporting import mark_of
from cti.clients.seen import ids_of
from cti.errors import NotAllowed, Refused
from cti.jobs import Jobs
from cti.reports.access import Review, Tally
from cti.sheets.feed import fed
from cti.sheets.write import Cell, write_marked
from cti.storage import access_log, cards
from cti.storage.access_log import Asked, Checked, Kept
from cti.storage.database import Database
from cti.storage.view import View

WITHIN_S = 300.0
RUNNING_MOST = 2
NAMED_AT_ONCE = 500
LISTED = 50  # clients of a line that a file repeats
Of = Literal["lines", "clients"]


class AccessReview:
    """What a reader of the journal may ask."""

    def __init__(self, *, jobs: Jobs, zone: ZoneInfo, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._zone = zone
        self._clock = clock
        self._running = 0

    async def review(self, person: Person, asked: Asked) -> Review:
        """Counted by person and by client. Raises Refused."""
        return msgspec.convert(await self._done("access-review", asked=reach(person, asked)), Review)

    async def check(self, person: Person) -> Checked:
        """Whether no line was touched; all of them are looked at. Raises Refused."""
        reach(person, Asked())
        return msgspec.convert(await self._done("access-check"), Checked)

    async def write(
        self, person: Person, asked: Asked, path: Path, *, of: Of, headings: Sequence[str], words: Mapping[str, str]
    ) -> int:
        """Lines or clients as a file, xlsx or csv by its name; returns how many. words: of the actions."""
        now = datetime.fromtimestamp(self._clock(), self._zone)
        mark = mark_of(person.login, person.id, now.isoformat(" ", "seconds"))
        more: dict[str, Any] = {"path": str(path), "of": of, "headings": headings, "words": words, "mark": mark}
        more["hides"] = hides(person)
        return int((await self._done("access-file", asked=reach(person, asked), **more))["rows"])

    async def _done(self, what: str, **job: Any) -> Any:
        if self._running >= RUNNING_MOST:
            raise Refused("journal-is-read", "Others are counting in the journal just now: try again in a minute.")
        self._running += 1
        try:
            async with asyncio.timeout(WITHIN_S), contextlib.aclosing(self._jobs.run(what, **job)) as said:
                return [one["done"] async for one in said if "done" in one][-1]
        except TimeoutError:
            raise Refused("journal-too-long", "The journal is too long for this: ask for a shorter period.") from None
        finally:
            self._running -= 1


def reach(person: Person, asked: Asked) -> Asked:
    """What is asked, as far as the person may read. Raises NotAllowed."""
    far = scope(person, "access.read")
    if far == "none":
        raise NotAllowed("Your role may not read the access journal; ask an admin.")
    if far == "team" and person.team_id is not None:
        return replace(asked, team_id=person.team_id)
    return asked if far == "all" else replace(asked, user_id=person.id)


async def count(db: Database | View, asked: Asked) -> Tally:
    """Lines counted, some thousand at a time."""
    tally = Tally()
    async with db.read() as conn:
        async for lines in access_log.parts(conn, asked):
            for line in lines:
                tally.add(line)
    return tally


async def write_lines(
    db: Database,
    asked: Asked,
    path: Path,
    *,
    headings: Sequence[str],
    mark: str,
    words: Mapping[str, str],
    zone: ZoneInfo,
) -> int:
    """Lines as a file; returns how many."""
    rows = 0

    async def parts() -> AsyncIterator[list[list[Cell]]]:
        nonlocal rows
        async with db.read() as conn:
            async for lines in access_log.parts(conn, asked):
                rows += len(lines)
                if lines:
                    yield [_row(one, words, zone) for one in lines]

    await fed(parts(), lambda found: write_marked(path, headings, found, mark))
    return rows


def _row(one: Kept, words: Mapping[str, str], zone: ZoneInfo) -> list[Cell]:
    listed = [str(id_) for id_, _ in zip(ids_of(one.clients), range(LISTED + 1), strict=False)]
    whom = ", ".join(listed[:LISTED]) + (", …" if len(listed) > LISTED else "")
    at = datetime.fromtimestamp(one.at, zone).replace(tzinfo=None, microsecond=0)
    said = words.get(one.action, one.action)
    return [one.id, at, one.login, said, one.thing, one.count, whom, one.address, one.why, one.chain]


async def write_clients(db: View, asked: Asked, path: Path, *, headings: Sequence[str], mark: str) -> int:
    """Clients as a file, those who left in files first; returns how many."""
    met = list((await count(db, asked)).met())

    async def parts() -> AsyncIterator[list[list[Cell]]]:
        for start in range(0, len(met), NAMED_AT_ONCE):
            some = met[start : start + NAMED_AT_ONCE]
            async with db.read() as conn:
                names = await cards.names(conn, [one.client_id for one in some])
            yield [[one.client_id, names.get(one.client_id, ""), one.exported, one.shown, one.people] for one in some]

    await fed(parts(), lambda found: write_marked(path, headings, found, mark))
    return len(met)
