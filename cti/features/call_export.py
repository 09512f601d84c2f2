"""The list of calls as a file: the same filters, order and columns; runs in a process of its own (`cti/cli/work.py`).

Numbers are masked where they are hidden from who asks. A client whose data are restricted leaves no name, number or
note: his calls are counted and tell nothing of him.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cti.errors import Refused, reason_needed
from cti.sheets.cells import Cell
from cti.sheets.feed import fed
from cti.sheets.write import EXCEL_ROWS, write_marked
from cti.storage import dispositions, journal, recordings, restrictions
from cti.storage.call_asked import CallsAsked, Hears
from cti.storage.database import Database
from cti.storage.journal import CallRow
from cti.storage.view import View

AT_ONCE = 500
COLUMNS = (
    "when", "direction", "outcome", "queue", "client", "number", "line", "agent", "waited", "talked", "result", "note",
    "recording", "call",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CallsWanted:
    """What is exported. user_id, team_id: of whom alone. headings: of COLUMNS; words: of directions and outcomes."""

    format: Literal["xlsx", "csv"]
    asked: CallsAsked
    hears: Hears
    user_id: int | None
    team_id: int | None
    headings: tuple[str, ...]
    words: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Whom a file of calls holds. lines: calls. clients: their ids; persons: they, and numbers that are nobody's."""

    lines: int
    clients: tuple[int, ...]
    persons: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Calls with what stands beside them. restricted: clients, and calls with their numbers.
    persons: clients, and numbers that are nobody's."""

    rows: Sequence[CallRow]
    results: Mapping[str, Sequence[str]]
    heard: frozenset[str]
    restricted: frozenset[int | str]
    persons: frozenset[int | str]


class CallExport:
    """db: as who asked sees it, whole: as it is; zone: of moments."""

    def __init__(self, *, db: Database | View, whole: Database, zone: ZoneInfo) -> None:
        self._db = db
        self._whole = whole
        self._zone = zone

    async def write(self, path: Path, wanted: CallsWanted, *, mark: str = "", most: int | None = None) -> Held:
        """Write the file. mark: who made it and when. most: of more persons than these nothing is written.

        Raises Refused.
        """
        lines, whom, clients = 0, set[int | str](), dict[int, None]()

        async def counted() -> AsyncIterator[list[tuple[CallRow, _Part]]]:
            nonlocal lines
            async for part in self._parts(wanted):
                lines += len(part.rows)
                whom.update(part.persons)
                clients.update((row.client_id, None) for row in part.rows if row.client_id)
                if most is not None and len(whom) > most:
                    raise reason_needed()
                if wanted.format == "xlsx" and lines > EXCEL_ROWS:
                    raise Refused("too-many-rows", "Excel holds a million rows: narrow the period, or take a csv.")
                yield [(row, part) for row in part.rows]

        def write(found: Iterable[tuple[CallRow, _Part]]) -> None:
            write_marked(path, wanted.headings, (self._row(row, part, wanted) for row, part in found), mark)

        await fed(counted(), write)
        return Held(lines=lines, clients=tuple(clients), persons=len(whom))

    async def _parts(self, wanted: CallsWanted) -> AsyncIterator[_Part]:
        cursor: str | None = None
        while True:
            async with self._db.read() as conn:
                page = await journal.journal(
                    conn, wanted.asked, user_id=wanted.user_id, team_id=wanted.team_id, limit=AT_ONCE, cursor=cursor,
                    counted=False,
                )  # fmt: skip
                ids = [row.id for row in page.rows]
                results = await dispositions.of_calls(conn, ids)
                heard = await recordings.heard_in(conn, ids, wanted.hears)
            async with self._whole.read() as conn:
                bare = await journal.by_ids(conn, ids)  # a number that is hidden is not known again
                numbers = await restrictions.numbers(conn, {row.number for row in bare.values() if row.number})
                clients = await restrictions.restricted(conn, (row.client_id for row in page.rows))
            stopped: frozenset[int | str] = frozenset(
                (*clients, *(row.id for row in bare.values() if row.number in numbers))
            )
            persons = frozenset(one for row in bare.values() if (one := row.client_id or row.number))
            if page.rows:
                yield _Part(
                    rows=page.rows, results=results, heard=frozenset(heard), restricted=stopped, persons=persons
                )
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def _row(self, row: CallRow, part: _Part, wanted: CallsWanted) -> list[Cell]:
        stopped = row.client_id in part.restricted or row.id in part.restricted
        waited = (row.answered_at or row.ended_at or row.started_at) - row.started_at
        talked = row.ended_at - row.answered_at if row.answered_at and row.ended_at else None
        outside = row.called if row.direction == "outbound" else row.caller_number
        cells: dict[str, Cell] = {
            "when": datetime.fromtimestamp(row.started_at, self._zone).replace(microsecond=0),
            "direction": wanted.words.get(row.direction or "", ""),
            "outcome": wanted.words.get("open" if row.open else row.outcome or "", ""),
            "queue": row.queue,
            "client": "" if stopped else row.client_name or row.caller_name,
            "number": "" if stopped else row.number or outside,
            "line": row.called if row.direction == "inbound" else "",
            "agent": row.user_name,
            "waited": round(waited),
            "talked": None if talked is None else round(talked),
            "result": ", ".join(part.results.get(row.id, ())),
            "note": "" if stopped else row.note,
            "recording": wanted.words["recording"] if row.id in part.heard else "",
            "call": row.id,
        }
        return [cells[name] for name in COLUMNS]
