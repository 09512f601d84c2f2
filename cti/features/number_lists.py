"""Black and white lists of numbers: who puts whom there, for how long and why; each change is a line of the journal.

The dialplan is told by the routing answer; what it does with it says its plan.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from cti.access import Person, hides, may
from cti.clients.number_lists import (
    LEAST_DIGITS,
    LISTS,
    LONGEST_S,
    MOST_DIGITS,
    MOST_LINES,
    REASON_CHARS,
    Draft,
    List,
    day_of,
    end_of,
)
from cti.errors import NotAllowed, Refused
from cti.sheets.cells import bare, inert
from cti.storage import number_lists, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read

MOST = 20_000


class NumberLists:
    """plan: how numbers are written where people sit; opened: a masked number that the server sealed, as it was."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        opened: Callable[[str], str],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._plan = plan
        self._opened = opened
        self._zone = zone
        self._clock = clock

    async def put(self, actor: Person, draft: Draft) -> int:
        """A number is on a list from now on; the id of its line. Raises Refused, NotAllowed."""
        _may_write(actor)
        async with self._db.write() as conn:
            await number_lists.sweep(conn, self._clock())
            return await self._put(conn, actor, draft)

    async def take_in(self, actor: Person, text: str) -> int:
        """All lines of a file, or none; how many. Raises Refused with the line in `where`, NotAllowed."""
        _may_write(actor)
        done = 0
        async with self._db.write() as conn:
            for place, draft in _lines(text, self._zone):
                try:
                    await self._put(conn, actor, draft)
                except Refused as error:
                    raise Refused(error.code, str(error), where=str(place)) from None
                done += 1
        return done

    async def file(self, actor: Person) -> str:
        """All lines as a file that `take_in` reads back. Raises Refused, NotAllowed."""
        _may_write(actor)
        if hides(actor):
            raise Refused("hidden-file", "This file has whole numbers in it, which are hidden from you.")
        async with self._db.read() as conn:
            rows = await number_lists.every(conn)
        made = io.StringIO()
        writer = csv.writer(made, delimiter=";", lineterminator="\r\n")
        writer.writerow(("number", "list", "reason", "until"))
        for row in rows:
            cells = (row.number + "*" * row.beginning, row.list, row.reason, day_of(row.until, self._zone))
            writer.writerow([inert(cell) for cell in cells])
        return made.getvalue()

    async def take_off(self, actor: Person, listing_id: int) -> None:
        """The number is on no list any more. Raises Refused, NotAllowed."""
        await self._end(actor, listing_id, self._clock(), "list-drop")

    async def put_back(self, actor: Person, listing_id: int) -> None:
        """What was taken off holds again. Raises Refused, NotAllowed."""
        await self._end(actor, listing_id, None, "list-back")

    async def _put(self, conn: Connection, actor: Person, draft: Draft) -> int:
        now = self._clock()
        number, beginning = _number(self._opened(draft.number), self._plan)
        reason = _reason(draft, now)
        if await number_lists.count(conn) >= MOST:
            raise Refused("too-many-listed", "The lists are full: take off some numbers first.")
        said = {"list": draft.list, "reason": reason, "until": draft.until, "created_by": actor.id}
        made = await number_lists.put(conn, number, beginning=beginning, now=now, **said)
        await sessions.note(conn, now, actor.id, f"list-{draft.list}", f"listing:{made}", "")
        return made

    async def _end(self, actor: Person, listing_id: int, at: float | None, what: str) -> None:
        _may_write(actor)
        async with self._db.write() as conn:
            if await number_lists.end(conn, listing_id, at) is None:
                raise Refused("unknown", "There is no such line any more.")
            await sessions.note(conn, self._clock(), actor.id, what, f"listing:{listing_id}", "")


def _may_write(actor: Person) -> None:
    if not may(actor, "lists.write"):
        raise NotAllowed("Your role may not change the black and white lists.")


def _number(text: str, plan: NumberPlan) -> tuple[str, bool]:
    """What was typed as E.164, or as a beginning of it, and whether it is one."""
    text = text.strip()
    if text.endswith("*"):
        digits = "".join(one for one in text if one.isascii() and one.isdigit())
        if not text.startswith("+") or not LEAST_DIGITS <= len(digits) <= MOST_DIGITS:
            raise Refused("bad-beginning", "A beginning is written +7 495*, with three digits at least.")
        return f"+{digits}", True
    found = read(text[:80], plan)
    if found.e164 is None:
        raise Refused("not-a-number", "This is not a telephone number.")
    return found.e164, False


def _reason(draft: Draft, now: float) -> str:
    """Its reason on one line; the term is looked at too."""
    reason = " ".join(draft.reason.split())[:REASON_CHARS]
    if not reason:
        raise Refused("no-list-reason", "Say why: whoever sees the call reads it.")
    if draft.until is not None and not now < draft.until < now + LONGEST_S:
        raise Refused("bad-term", "The term ends after now, and within ten years.")
    return reason


def _lines(text: str, zone: ZoneInfo) -> Iterator[tuple[int, Draft]]:
    """Lines of a file, `number;list;reason;until`, each with its place."""
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    if len(rows) > MOST_LINES:
        raise Refused("too-many-lines", "A file has at most 2,000 lines.")
    for place, row in enumerate(rows, 1):
        number, kind, reason, day = [bare(cell.strip()) for cell in row[:4]] + [""] * (4 - len(row[:4]))
        if not number or (place == 1 and kind == "list"):
            continue  # headings
        if kind not in LISTS:
            raise Refused("bad-list-word", "The second column says black or white.", where=str(place))
        named: List = "black" if kind == "black" else "white"
        yield place, Draft(number=number, list=named, reason=reason, until=_end(day, zone, place))


def _end(day: str, zone: ZoneInfo, place: int) -> float | None:
    try:
        return end_of(day, zone) if day else None
    except (ValueError, OverflowError):
        raise Refused("bad-day", "A day is written 2026-11-23.", where=str(place)) from None
