"""What a browser missed: stored events after its last one, and those still on their way to the disk.

In order, each once; a pop whose call is over is marked so: it becomes an entry, not a window. More than REPLAY are not
replayed: older ones stand in the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import structlog

from cti.desktop import Notice, ScreenPop, in_call
from cti.errors import StorageError
from cti.storage import calls, desktop_events
from cti.storage.database import Database
from cti.storage.desktop_events import Connection, StoredEvent
from web.live_browser import Stored

REPLAY = 200
FRESH = 50  # how far back a new page looks for calls that still ring

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """events: each with whether it is over: the call of a card is. seq: where the browser then stands.

    complete: nothing is left out. painted: seqs of those that were on the agent's screen before.
    """

    events: list[tuple[Stored, bool]]
    seq: int
    complete: bool = True
    painted: frozenset[int] = frozenset()


async def missed_events(
    db: Database, agent_id: int, last_seq: int | None, newest: int, recent: Iterable[ScreenPop]
) -> Missed:
    """Events after last_seq (None, or a number we never gave: a new page). recent: pops of now, in order."""
    fresh = last_seq is None or last_seq > newest
    after = max(0, newest - FRESH) if fresh or last_seq is None else last_seq
    late = [pop for pop in recent if pop.seq > after]
    try:
        async with db.read() as conn:
            stored, painted = await _stored(conn, agent_id, after)
            unseen = [_decoded(row) for row in await desktop_events.unshown(conn, agent_id, "message") if fresh]
            known = {event.seq: event for event in [*late, *(one for one in unseen if one is not None), *stored]}
            events = [known[seq] for seq in sorted(known)]
            marked = [(event, await _is_over(conn, event)) for event in events]
    except StorageError:
        log.warning("missed events cannot be read now", agent=agent_id)
        return _from_memory(late, after, fresh=fresh)
    wanted = [one for one in marked if not (fresh and one[1]) and not _was_seen(one[0], painted)]
    return Missed(events=wanted, seq=max(known, default=after), painted=painted)


def _was_seen(event: Stored, painted: frozenset[int]) -> bool:
    """A notice stays only until somebody says that he has seen it."""
    return isinstance(event, Notice) and event.seq in painted


def _from_memory(late: list[ScreenPop], after: int, *, fresh: bool) -> Missed:
    """Without the database: what is in memory, up to the first gap, so that no event is passed over for good."""
    events: list[tuple[Stored, bool]] = []
    for pop in late:
        if not fresh and pop.seq != after + len(events) + 1:
            break
        events.append((pop, False))
    return Missed(events=events, seq=after if fresh else after + len(events), complete=False)


async def _stored(conn: Connection, agent_id: int, after: int) -> tuple[list[Stored], frozenset[int]]:
    """Events, and the seqs of those that were painted."""
    painted: set[int] = set()
    newest: deque[Stored] = deque(maxlen=REPLAY)
    while page := await desktop_events.since(conn, agent_id, after, REPLAY):
        after = page[-1].seq
        painted |= {row.seq for row in page if row.shown_at is not None}
        newest.extend(event for event in map(_decoded, page) if event is not None)
        if len(page) < REPLAY:
            break
    return list(newest), frozenset(painted)


def _decoded(row: StoredEvent) -> Stored | None:
    try:
        if row.kind == "message":
            return msgspec.json.decode(row.payload, type=Notice)
        return in_call(msgspec.json.decode(row.payload, type=ScreenPop), row.call_id)
    except msgspec.DecodeError:
        log.warning("stored event cannot be read", agent=row.agent_id, seq=row.seq)
        return None


async def _is_over(conn: Connection, event: Stored) -> bool:
    row = await calls.get(conn, event.call.id) if isinstance(event, ScreenPop) else None
    return row is not None and not row.open


def last_seq_of(body: object) -> int | None:
    """Where a browser says it stands; None for a new page."""
    last = body.get("last_seq") if isinstance(body, dict) else None
    return last if type(last) is int and 0 <= last < 2**31 else None
