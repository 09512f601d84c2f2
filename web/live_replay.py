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

from cti.desktop import ScreenPop
from cti.errors import StorageError
from cti.storage import calls, desktop_events
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

REPLAY = 200
FRESH = 50  # how far back a new page looks for calls that still ring

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """pops: each with whether its call is over. seq: where the browser then stands. complete: nothing is left out.

    painted: seqs of those that were on the agent's screen before.
    """

    pops: list[tuple[ScreenPop, bool]]
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
            known = {pop.seq for pop in stored}
            pops = sorted([*stored, *(pop for pop in late if pop.seq not in known)], key=lambda pop: pop.seq)
            marked = [(pop, await _is_over(conn, pop.call.id)) for pop in pops]
    except StorageError:
        log.warning("missed events cannot be read now", agent=agent_id)
        return _from_memory(late, after, fresh=fresh)
    seq = max((pop.seq for pop in pops), default=after)
    return Missed(pops=[(pop, over) for pop, over in marked if not (fresh and over)], seq=seq, painted=painted)


def _from_memory(late: list[ScreenPop], after: int, *, fresh: bool) -> Missed:
    """Without the database: what is in memory, up to the first gap, so that no event is passed over for good."""
    pops: list[tuple[ScreenPop, bool]] = []
    for pop in late:
        if not fresh and pop.seq != after + len(pops) + 1:
            break
        pops.append((pop, False))
    return Missed(pops=pops, seq=after if fresh else after + len(pops), complete=False)


async def _stored(conn: Connection, agent_id: int, after: int) -> tuple[list[ScreenPop], frozenset[int]]:
    """Cards, and the seqs of those that were painted."""
    painted: set[int] = set()
    newest: deque[ScreenPop] = deque(maxlen=REPLAY)
    while page := await desktop_events.since(conn, agent_id, after, REPLAY):
        after = page[-1].seq
        for event in page:
            try:
                newest.append(msgspec.json.decode(event.payload, type=ScreenPop))
                painted |= {event.seq} if event.shown_at is not None else set()
            except msgspec.DecodeError:
                log.warning("stored event cannot be read", agent=agent_id, seq=event.seq)
        if len(page) < REPLAY:
            break
    return list(newest), frozenset(painted)


async def _is_over(conn: Connection, call_id: str) -> bool:
    row = await calls.get(conn, call_id)
    return row is not None and not row.open
