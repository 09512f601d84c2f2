"""The registry of recordings as rows: begun, ended, found or not, held, deleted; and the chain of their hashes.

Deleting is a mark here first and then done on the disk (`to_remove`, `removed`): what a crash cut off is found again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, case, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.call_asked import Hears, heard
from cti.storage.recording_tables import recording_chain, recordings
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import calls, legs, user_queues, users

State = Literal["preparing", "there", "absent", "deleted"]
AT_ONCE = 200

_BEGIN = text(
    "INSERT INTO recordings (id, call_id, pbx, file, started_at, announced, demanded, leg)"
    " VALUES (:id, :call, :pbx, :file, :at, :announced, :demanded, :leg) ON CONFLICT (pbx, file) DO NOTHING"
)
_REFUSED = text(
    "INSERT INTO recordings (id, call_id, pbx, file, started_at, announced, state, why, gone_at)"
    " VALUES (:id, :call, :pbx, :file, :at, true, 'deleted', 'refused', :at) ON CONFLICT (pbx, file) DO NOTHING"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One recording. peaks: a letter for the loudness of each piece. held_*: nothing deletes it until then.

    file: as the PBX has made it; name: as it is now. made_from: SHA-256 of what it was converted from.
    """

    id: str
    call_id: str
    pbx: str
    file: str
    started_at: float
    ended_at: float | None
    announced: bool
    demanded: bool
    state: str
    why: str
    size: int | None
    duration_s: float | None
    sha256: str
    peaks: str
    gone_at: float | None
    held_at: float | None
    held_until: float | None
    held_why: Words
    kept_as: str
    made_from: str
    archived_at: float | None
    held_by: str

    @property
    def name(self) -> str:
        """Its file below the PBX's folder, or below the PBX's name in the archive."""
        return self.kept_as or self.file


@dataclass(frozen=True, kw_only=True, slots=True)
class Remains:
    """A deleted one whose file is still there."""

    id: str
    pbx: str
    name: str
    left_file: str
    sha256: str
    is_archived: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One whose file was not found yet. over_at: when its call was over, as far as is known."""

    id: str
    pbx: str
    file: str
    started_at: float
    over_at: float


_ROWS = select(
    *[column for column in recordings.c if column.name not in ("held_by", "leg", "left_file")],
    func.coalesce(users.c.name, "").label("held_by"),
).outerjoin(users, users.c.id == recordings.c.held_by)


async def begin(
    conn: AsyncConnection,
    call_id: str,
    pbx: str,
    file: str,
    at: float,
    *,
    announced: bool,
    demanded: bool,
    leg: str = "",
) -> None:
    """A recording began; told twice, it is one."""
    row = {"id": secrets.token_hex(12), "call": call_id, "pbx": pbx, "file": file, "at": at, "leg": leg[:120]}
    await conn.execute(_BEGIN, {**row, "announced": announced, "demanded": demanded})


async def refuse(conn: AsyncConnection, call_id: str, pbx: str, file: str, at: float) -> None:
    """The client said no. What was begun is deleted; where nothing was, the call is marked so all the same."""
    row = {"id": secrets.token_hex(12), "call": call_id, "pbx": pbx, "file": file, "at": at}
    await conn.execute(_REFUSED, row)
    await end(conn, pbx, file, at, refused=True)


async def end(conn: AsyncConnection, pbx: str, file: str, at: float, *, refused: bool) -> None:
    """It ended before its call. refused: nothing of it may stay."""
    this = (recordings.c.pbx == pbx, recordings.c.file == file)
    over = {"ended_at": case((recordings.c.ended_at.is_(None), at), else_=recordings.c.ended_at)}
    await conn.execute(update(recordings).where(*this).values(over))
    if refused:
        await conn.execute(update(recordings).where(*this, not_held(at)).values(state="deleted", why="refused"))


async def of_call(conn: AsyncConnection, call_id: str) -> list[Recording]:
    """All of a call, in order."""
    rows = await conn.execute(_ROWS.where(recordings.c.call_id == call_id).order_by(recordings.c.started_at))
    return seen(conn, [Recording(**row._mapping) for row in rows])


async def get(conn: AsyncConnection, recording_id: str) -> Recording | None:
    """One recording."""
    row = (await conn.execute(_ROWS.where(recordings.c.id == recording_id))).one_or_none()
    return None if row is None else seen(conn, Recording(**row._mapping))


async def heard_in(conn: AsyncConnection, call_ids: Sequence[str], hears: Hears) -> set[str]:
    """Which of the calls have a recording that somebody can hear and may."""
    those = select(recordings.c.call_id).where(recordings.c.call_id.in_(call_ids), recordings.c.state == "there")
    mine = those.join(calls, calls.c.id == recordings.c.call_id).where(heard(hears))
    return set((await conn.execute(mine)).scalars()) if call_ids else set()


async def reached(conn: AsyncConnection, call_id: str, user_id: int, team_id: int | None) -> frozenset[str]:
    """By which scopes a person may hear a call: he talked in it, one of his team did, it came by a queue of his."""
    was_up = or_(legs.c.answered_at.is_not(None), legs.c.result.in_(("talked", "transferred")))
    talked = select(legs.c.user_id).where(legs.c.call_id == call_id, was_up)
    last = select(calls.c.user_id).where(calls.c.id == call_id)
    people = {one for one in (await conn.execute(talked.union(last))).scalars() if one is not None}
    team = select(users.c.id).where(users.c.id.in_(people), users.c.team_id == team_id)
    queue = select(calls.c.id).join(user_queues, user_queues.c.queue == calls.c.queue)
    found = {"own"} if user_id in people else set()
    if people and team_id is not None and (await conn.execute(team.limit(1))).first():
        found.add("team")
    if (await conn.execute(queue.where(calls.c.id == call_id, user_queues.c.user_id == user_id).limit(1))).first():
        found.add("queue")
    return frozenset(found)


async def waiting(conn: AsyncConnection, *, limit: int = AT_ONCE) -> list[Waiting]:
    """Those whose call is over, or who ended before it, and whose file is still looked for; oldest first."""
    over_at = func.coalesce(
        recordings.c.ended_at, calls.c.ended_at, calls.c.unseen_until, recordings.c.started_at
    ).label("over_at")
    row = recordings.c
    asked = (
        select(row.id, row.pbx, row.file, row.started_at, over_at)
        .join_from(recordings, calls, calls.c.id == row.call_id, isouter=True)
        .where(row.state == "preparing", or_(row.ended_at.is_not(None), calls.c.outcome.is_not(None)))
    )
    rows = await conn.execute(asked.order_by(row.started_at).limit(limit))
    return [Waiting(**one._mapping) for one in rows]


async def found(
    conn: AsyncConnection,
    recording_id: str,
    *,
    size: int,
    sha256: str,
    duration_s: float | None,
    peaks: str,
    ended_at: float,
    day: str,
) -> None:
    """Its file is there and whole: the row says so, and its hash is chained to the one before."""
    ended = case((recordings.c.ended_at.is_(None), ended_at), else_=recordings.c.ended_at)
    told = {"state": "there", "why": "", "size": size, "sha256": sha256, "duration_s": duration_s, "peaks": peaks}
    this = (recordings.c.id == recording_id, recordings.c.state.in_(("preparing", "absent")))
    if (await conn.execute(update(recordings).where(*this).values(**told, ended_at=ended))).rowcount != 1:
        return
    await chain(conn, {"day": day, "recording_id": recording_id, "size": size, "sha256": sha256, "made_from": ""})


async def chain(conn: AsyncConnection, link: dict[str, Any]) -> None:
    """Chain a hash to the one before."""
    last = select(recording_chain.c.chain).order_by(recording_chain.c.id.desc()).limit(1)
    before = (await conn.execute(last.with_for_update())).scalar() or ""
    await conn.execute(insert(recording_chain).values(**link, chain=chained(before, link)))


def chained(before: str, link: dict[str, Any]) -> str:
    """What chains a hash to the one before."""
    told = (before, link["day"], link["recording_id"], str(link["size"]), link["sha256"], link["made_from"])
    return hashlib.sha256("\n".join(told if link["made_from"] else told[:-1]).encode()).hexdigest()


async def missed(conn: AsyncConnection, recording_id: str, why: str) -> None:
    """Its file is not there: `missing`, `empty`, `no-folder`, or `lost` where it once was."""
    was = ("there",) if why == "lost" else ("preparing",)
    this = (recordings.c.id == recording_id, recordings.c.state.in_(was))
    await conn.execute(update(recordings).where(*this).values(state="absent", why=why))


async def hold(
    conn: AsyncConnection, recording_id: str, *, now: float, user_id: int, until: float | None, why: str
) -> None:
    """Nothing deletes it from now on."""
    values = {"held_at": now, "held_by": user_id, "held_until": until, "held_why": clean(why)[:400]}
    await conn.execute(update(recordings).where(recordings.c.id == recording_id).values(values))


async def release(conn: AsyncConnection, recording_id: str) -> None:
    """It is deleted again when its time is over."""
    values = {"held_at": None, "held_by": None, "held_until": None, "held_why": ""}
    await conn.execute(update(recordings).where(recordings.c.id == recording_id).values(values))


def not_held(now: float) -> Any:
    """Condition: nobody holds it as of now."""
    return or_(
        recordings.c.held_at.is_(None), and_(recordings.c.held_until.is_not(None), recordings.c.held_until < now)
    )


async def to_remove(conn: AsyncConnection, *, limit: int = AT_ONCE) -> list[Remains]:
    """Deleted ones whose files are still there."""
    row = recordings.c
    asked = select(row.id, row.pbx, row.file, row.kept_as, row.left_file, row.sha256, row.archived_at)
    asked = asked.where(row.state == "deleted", row.gone_at.is_(None)).order_by(row.started_at)
    return [
        Remains(id=id_, pbx=pbx, name=kept or file, left_file=left, sha256=sha256, is_archived=archived is not None)
        for id_, pbx, file, kept, left, sha256, archived in await conn.execute(asked.limit(limit))
    ]


async def removed(conn: AsyncConnection, ids: Iterable[str], now: float) -> None:
    """Their files are off the disk."""
    gone = {"gone_at": now, "peaks": "", "left_file": ""}
    await conn.execute(update(recordings).where(recordings.c.id.in_([*ids])).values(gone))
