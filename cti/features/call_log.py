"""The journal: one row per logical call with its legs, written as the call goes, final when it is over.

Every write goes through the spool: in order, retried while the database is locked or full, so a call is never lost to
a busy disk and stays one row through a restart of the server. Notes belong to a call and the person who wrote them and
are written at once: what the agent was told is saved is saved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cti.access import Person
from cti.clients.masking import restored
from cti.directory import DeviceFinder
from cti.errors import NotAllowed, Refused
from cti.storage import calls, clients, lookup, marks, merges
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool
from cti.telephony.commands import MOVES
from cti.telephony.events import CallCleared, CallEvent, CallMerged, CallRecord, SnapshotTaken
from cti.telephony.numbering import NumberPlan, read

NOTE_LIMIT = 20_000
MARK_LIMIT = 500
MOST_MARKS = 100  # of one call
WRITTEN_S = 2.0  # whoever writes about a call waits so long for its row


class CallLog:
    """Calls into rows. record_of: the tracker's account of an open call, None when over; plan_of, pbx_of: by call.

    noted: told in which call somebody wrote something.
    """

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        directory: DeviceFinder,
        plan_of: Callable[[str], NumberPlan],
        clock: Callable[[], float],
        record_of: Callable[[str], CallRecord | None],
        pbx_of: Callable[[str], str] = lambda call: "",
        noted: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._db = db
        self._spool = spool
        self._directory = directory
        self._plan_of = plan_of
        self._clock = clock
        self._record_of = record_of
        self._pbx_of = pbx_of
        self._noted = noted

    async def changed(self, event: CallEvent, _received_at: float) -> None:
        """Something worth a line happened: write the call as it stands."""
        record = self._record_of(event.call)
        if record is not None:
            self._save(record)

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """Write the final account."""
        self._save(event.record)

    async def call_merged(self, event: CallMerged, _received_at: float) -> None:
        """A consultation joined the client's call: one row, with what was written to either."""
        record = self._record_of(event.into)
        if record is not None:
            self._save(record)
        self._spool.put(lambda conn: calls.merge(conn, event.call, event.into))

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Calls that the PBX no longer has are over; how they ended nobody saw."""
        now = self._clock()
        self._spool.put(lambda conn: _close(conn, event.open_calls, now, event.prefix))

    async def note(self, person: Person, call_id: str, text: str) -> None:
        """Save what the person wrote about the call; empty text removes the note. NotAllowed for strangers' calls."""
        call_id = self.current(call_id)
        await self._written(person, call_id)
        async with self._db.write() as conn:
            if not await calls.takes_part(conn, call_id, person.id):
                raise NotAllowed("Only people who had this call may write its note; ask a supervisor.")
            own = [one.text for one in await calls.notes(conn, call_id) if one.user_id == person.id]
            await calls.set_note(conn, call_id, person.id, restored(text[:NOTE_LIMIT], own), self._clock())
        if self._noted is not None:
            await self._noted(call_id)

    async def mark(self, person: Person, call_id: str, text: str) -> int:
        """Mark this moment of the person's call; returns the mark's id. Raises NotAllowed, Refused."""
        at, call_id = self._clock(), self.current(call_id)
        await self._written(person, call_id)
        async with self._db.write() as conn:
            if not await calls.takes_part(conn, call_id, person.id):
                if await calls.get(conn, call_id) is None:
                    raise Refused("no-call", "There is no such call.")
                raise NotAllowed("Only people who had this call may mark it.")
            if len(await marks.of_call(conn, call_id)) >= MOST_MARKS:
                raise Refused("too-many-marks", "A call has at most 100 marks.")
            return await marks.add(conn, call_id, person.id, at, text[:MARK_LIMIT])

    async def change_mark(self, person: Person, call_id: str, mark_id: int, text: str | None) -> None:
        """Say something else of a mark of one's own; None takes it away. Raises NotAllowed."""
        async with self._db.write() as conn:
            own = {one.id: one for one in await marks.of_call(conn, self.current(call_id)) if one.user_id == person.id}
            if mark_id not in own:
                if await calls.get(conn, self.current(call_id)) is None:
                    raise Refused("no-call", "There is no such call.")
                raise NotAllowed("Only who set a mark may change it.")
            if text is None:
                await marks.remove(conn, mark_id)
            else:
                await marks.change(conn, mark_id, restored(text[:MARK_LIMIT], own[mark_id].text))

    async def choose_client(self, person: Person, call_id: str, client_id: int) -> None:
        """The person says who is calling: the call is that client's, and the choice is remembered for the number."""
        call_id = self.current(call_id)
        await self._written(person, call_id)
        async with self._db.write() as conn:
            if not await calls.takes_part(conn, call_id, person.id):
                raise NotAllowed("Only people who had this call may say whose it is; ask a supervisor.")
            client_id = await merges.kept_id(conn, client_id)
            await calls.set_client(conn, call_id, client_id, person.id, self._clock())
            number = await calls.number_of(conn, call_id)
            if number:
                await clients.remember_choice(conn, number, person.id, client_id, self._clock())

    async def _written(self, person: Person, call_id: str) -> None:
        """Where the journal does not know him in the call: what waits for the database, its row maybe, comes first."""
        async with self._db.read() as conn:
            known = await calls.takes_part(conn, call_id, person.id)
        if not known:
            await self._spool.written(WRITTEN_S)

    def current(self, call_id: str) -> str:
        """The id of a call whose consultation has joined the client's call meanwhile."""
        record = self._record_of(call_id)
        return record.call if record is not None else call_id

    def _save(self, record: CallRecord) -> None:
        if (record.placed_by or "").startswith(MOVES):
            return  # the way of a call to another phone of the same person, no call of its own
        outside = read(
            record.called if record.direction == "outbound" else record.caller.number, self._plan_of(record.call)
        )
        users = {leg.leg_id: row.user_id for leg in record.legs if (row := self._directory.by_device(leg.device))}
        speakers = [users.get(leg.leg_id) for pair in record.talked for leg in record.legs if leg.leg in pair]
        talked = [user for user in speakers if user is not None]
        placed = self._directory.by_device(record.caller.device)
        user_id = talked[-1] if talked else placed.user_id if placed else None

        pbx = self._pbx_of(record.call)

        async def write(conn: Connection) -> None:
            await calls.save(
                conn, record, pbx=pbx, number=outside.e164, client_id=await _only(conn, outside.e164), user_id=user_id,
                legs_users=users,
            )  # fmt: skip

        self._spool.put(write)


async def _only(conn: Connection, e164: str | None) -> int | None:
    """The client of a number that belongs to exactly one."""
    found = await lookup.clients_of(conn, e164, limit=2) if e164 else []
    return found[0] if len(found) == 1 else None


async def _close(conn: Connection, still_open: frozenset[str], now: float, prefix: str) -> None:
    await calls.close_unfinished(conn, still_open, now, "gap", prefix)
