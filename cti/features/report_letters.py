"""Reports that leave the panel: as a file that somebody takes, and by letter on a schedule.

Rules kept here: a report tells what its owner may see at the moment of sending; where he may no longer, nothing leaves
and the schedule says so. A run and the letter it queues are one transaction, and the letter's key names the run: none
goes twice, whenever the server is killed. Runs that were missed while it was down are one letter when it is back. Each
file that leaves is one line of the audit journal.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, may, scope
from cti.errors import Conflicts, CtiError, NotAllowed, Refused, StorageError
from cti.messages.letter import SUBJECT_CHARS, Attachment
from cti.messages.outgoing import ADDRESS, party
from cti.reports.schedule import EVERY, SPANS, next_run
from cti.storage import mailboxes, outbox, scheduled_reports, sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.scheduled_reports import Scheduled

LOOK_S = 15.0
MOST_PEOPLE, MOST_SCHEDULES = 50, 100
FORMATS = ("xlsx", "pdf")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeReport:
    """A report as a file, and the words of its letter."""

    file: str
    media_type: str
    data: bytes
    subject: str
    text: str


Make = Callable[[Person, Scheduled], Awaitable[MadeReport]]


class ReportLetters:
    """Reports on their way out. make: the report as its owner sees it; known: reports there are, with their rights.

    place, keep: where a letter's file is written, and put it under its hash; wake: the outbox has something to send.
    """

    make: Make

    def __init__(
        self,
        *,
        db: Database,
        zone: ZoneInfo,
        place: Callable[[], Awaitable[Path]],
        keep: Callable[[Path, str], Awaitable[None]],
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._zone = zone
        self._place = place
        self._keep = keep
        self._wake = wake
        self._clock = clock

    async def took(self, person: Person, file: str) -> None:
        """Somebody takes a report as a file; said before it leaves."""
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), person.id, "report-file", file)

    # As people set them ----------------------------------------------------------------------------------------------
    async def save(self, person: Person, one: Scheduled) -> int:
        """A new schedule (id 0), or all that is said of one; its id. Raises Refused, Conflicts, NotAllowed."""
        _sends(person)
        self._check(one)
        now = self._clock()
        one = replace(one, name=" ".join(one.name.split())[:120], user_id=person.id)
        one = replace(one, next_at=next_run(one.every, one.day, one.minute, self._zone, now))
        async with self._db.write() as conn:
            box = await mailboxes.get(conn, one.mailbox_id or 0)
            if box is None or box.kind != "shared":
                raise Refused("no-report-mailbox", "Say from which shared mailbox the report goes.")
            if one.id:
                await self._own(conn, person, one.id)
                if not await scheduled_reports.change(conn, one):
                    raise Conflicts()
                made = one.id
            else:
                if len(await scheduled_reports.every(conn)) >= MOST_SCHEDULES:
                    raise Refused("too-many-schedules", "There are 100 scheduled reports: delete some first.")
                made = await scheduled_reports.add(conn, one, now)
            await sessions.note(conn, now, person.id, "report-schedule", one.name, ", ".join(one.people))
        return made

    def _check(self, one: Scheduled) -> None:
        if not one.name.strip():
            raise Refused("no-schedule-name", "Give the schedule a name.")
        if not one.people or len(one.people) > MOST_PEOPLE:
            raise Refused("no-report-people", "Give 1 to 50 addresses, one a line.")
        wrong = next((address for address in one.people if not ADDRESS.fullmatch(address)), "")
        if wrong:
            raise Refused("bad-report-address", "This is no address.", where=wrong[:80])
        days = {"day": range(0, 32), "week": range(1, 8), "month": range(1, 32)}
        sound = one.every in EVERY and one.span in SPANS and one.format in FORMATS and 0 <= one.minute < 1440
        if not sound or one.day not in days[one.every]:
            raise Refused("bad-schedule", "Say how often, on which day and at what time.")

    async def pause(self, person: Person, id_: int, *, paused: bool) -> None:
        """Stop it for a while, or let it go on from its next time."""
        now = self._clock()
        async with self._db.write() as conn:
            one = await self._own(conn, person, id_)
            after = next_run(one.every, one.day, one.minute, self._zone, now)
            await scheduled_reports.note(conn, id_, paused_at=now if paused else None, next_at=after)

    async def remove(self, person: Person, id_: int) -> None:
        """Forget a schedule; what it has queued is sent all the same."""
        async with self._db.write() as conn:
            one = await self._own(conn, person, id_)
            await scheduled_reports.remove(conn, id_)
            await sessions.note(conn, self._clock(), person.id, "report-schedule-drop", one.name)

    async def send_now(self, person: Person, id_: int) -> str:
        """Send it once beside its schedule; the result, as `last_result` has it."""
        async with self._db.read() as conn:
            one = await self._own(conn, person, id_)
        return await self._send(one, self._clock(), by_hand=True)

    async def _own(self, conn: Connection, person: Person, id_: int) -> Scheduled:
        _sends(person)
        one = await scheduled_reports.get(conn, id_)
        if one is None or not (one.user_id == person.id or scope(person, "settings.manage") == "all"):
            raise Refused("no-schedule", "There is no such scheduled report any more.")
        return one

    # As they go ------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("scheduled reports cannot be sent now", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Send what is due; how many runs were taken."""
        now = self._clock()
        async with self._db.read() as conn:
            due = await scheduled_reports.due(conn, now)
        for one in due:
            await self._send(one, now)
        return len(due)

    async def _send(self, one: Scheduled, now: float, *, by_hand: bool = False) -> str:
        """Make it and queue its letter; the result."""
        made, result = None, ""
        try:
            made = await self._made(one)
        except NotAllowed:
            result = "not-allowed"
        except CtiError as error:
            log.warning("a scheduled report could not be made", schedule=one.id, reason=type(error).__name__)
            result = "not-made"
        except Exception:
            log.exception("a scheduled report failed", schedule=one.id)
            result = "not-made"
        file = await self._stored(made) if made else None
        async with self._db.write() as conn:
            if not by_hand:
                after = next_run(one.every, one.day, one.minute, self._zone, now)
                if not await scheduled_reports.moved(conn, one, after):
                    return ""
            if made and file:
                run = f"{now}:now" if by_hand else f"{one.next_at}"
                result = await self._queue(conn, one, made, file, run, now)
            await scheduled_reports.note(conn, one.id, last_at=now, last_result=result)
        self._wake()
        return result

    async def _made(self, one: Scheduled) -> MadeReport:
        """The report as its owner may see it now. Raises NotAllowed where he is gone or may not."""
        async with self._db.read() as conn:
            owner = await users.by_id(conn, one.user_id)
        if owner is None or owner.blocked_at is not None:
            raise NotAllowed("Whose report it is may not sign in.")
        person = owner.person
        _sends(person)
        return await self.make(person, one)

    async def _stored(self, made: MadeReport) -> Attachment:
        sha256 = hashlib.sha256(made.data).hexdigest()
        path = await self._place()
        await asyncio.to_thread(path.write_bytes, made.data)
        await self._keep(path, sha256)
        return Attachment(name=made.file, media_type=made.media_type, size=len(made.data), sha256=sha256)

    async def _queue(
        self, conn: Connection, one: Scheduled, made: MadeReport, file: Attachment, run: str, now: float
    ) -> str:
        box = await mailboxes.get(conn, one.mailbox_id or 0)
        if box is None or box.paused_at is not None:
            return "no-mailbox"
        values = {
            "key": hashlib.sha256(f"report:{one.id}:{run}".encode()).hexdigest(),
            "mailbox_id": box.id,
            "state": "waiting",
            "user_id": one.user_id,
            "message_id": outbox.new_message_id(box.address),
            "subject": made.subject[:SUBJECT_CHARS],
            "html": "".join(f"<p>{escape(line)}</p>" for line in made.text.splitlines()),
            "automatic": 1,
            "send_at": now,
            "next_at": now,
        }
        letter_id = await outbox.add(conn, values, [party("to", one_, "") for one_ in one.people], now)
        if letter_id is None:
            return "queued"
        await outbox.add_file(conn, letter_id, file)
        await scheduled_reports.note(conn, one.id, outbox_id=letter_id)
        await sessions.note(conn, now, one.user_id, "report-sent", made.file, ", ".join(one.people))
        return "queued"


def _sends(person: Person) -> None:
    if not may(person, "reports.send"):
        raise NotAllowed("Your role may not send reports by letter; ask an admin.")
