"""The journal: one row per logical call with its legs, written as often as the call changes.

Rules kept here: a write repeated or out of order does no harm: a call that is over stays over, a known value is never
replaced by nothing, who was said to be calling stays said. A call that ended while nobody looked has an outcome and
no end time: none is invented. So *open* means: no outcome.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage import waits
from cti.storage.corrections import correct
from cti.storage.journal import CallRow, LegRow, NoteRow, get, journal, notes
from cti.storage.search import Page, clean
from cti.storage.tables import calls
from cti.telephony.events import CallRecord, Conference, LegRecord, Party, Transfer, Wait

__all__ = [
    "CallRow", "LegRow", "NoteRow", "Page", "close_unfinished", "get", "journal", "last_queue_with", "merge", "notes",
    "number_of", "open_records", "save", "set_client", "set_note", "takes_part", "values_of",
]  # fmt: skip

_SAVE = text(
    "INSERT INTO calls (id, pbx, direction, caller_number, caller_name, caller_device, called, number, queue,"
    " started_at, queued_at, answered_at, ended_at, outcome, reason, client_id, user_id, request_id, details,"
    " released_by, released_leg, cause, unseen_since, unseen_until)"
    " VALUES (:id, :pbx, :direction, :caller_number, :caller_name, :caller_device, :called, :number, :queue,"
    " :started_at, :queued_at, :answered_at, :ended_at, :outcome, :reason, :client_id, :user_id, :request_id, :details,"
    " :released_by, :released_leg, :cause, :unseen_since, :unseen_until)"
    " ON CONFLICT (id) DO UPDATE SET"
    " direction = COALESCE(excluded.direction, calls.direction),"
    " caller_number = COALESCE(excluded.caller_number, calls.caller_number),"
    " caller_name = COALESCE(excluded.caller_name, calls.caller_name),"
    " caller_device = COALESCE(excluded.caller_device, calls.caller_device),"
    " called = COALESCE(excluded.called, calls.called),"
    " queue = COALESCE(excluded.queue, calls.queue),"
    " started_at = CASE WHEN excluded.started_at < calls.started_at THEN excluded.started_at ELSE calls.started_at END,"
    " queued_at = COALESCE(excluded.queued_at, calls.queued_at),"
    " answered_at = COALESCE(excluded.answered_at, calls.answered_at),"
    " ended_at = COALESCE(excluded.ended_at, calls.ended_at),"
    " reason = CASE WHEN excluded.outcome IS NOT NULL AND excluded.outcome <> 'unfinished' THEN excluded.reason"
    "   ELSE COALESCE(excluded.reason, calls.reason) END,"
    " outcome = CASE WHEN excluded.outcome = 'unfinished' THEN COALESCE(calls.outcome, excluded.outcome)"
    "   ELSE COALESCE(excluded.outcome, calls.outcome) END,"
    # the caller became better known: whose number it was does not count any more
    " client_id = CASE WHEN excluded.number <> calls.number THEN excluded.client_id"
    "   ELSE COALESCE(calls.client_id, excluded.client_id) END,"
    " number = COALESCE(excluded.number, calls.number),"
    " user_id = COALESCE(excluded.user_id, calls.user_id),"
    " request_id = COALESCE(excluded.request_id, calls.request_id),"
    " released_by = COALESCE(excluded.released_by, calls.released_by),"
    " released_leg = COALESCE(excluded.released_leg, calls.released_leg),"
    " cause = COALESCE(excluded.cause, calls.cause),"
    " unseen_since = CASE WHEN excluded.outcome <> 'unfinished' THEN NULL"
    "   ELSE COALESCE(excluded.unseen_since, calls.unseen_since) END,"
    " unseen_until = CASE WHEN excluded.outcome <> 'unfinished' THEN NULL"
    "   ELSE COALESCE(excluded.unseen_until, calls.unseen_until) END,"
    " details = CASE WHEN length(excluded.details) < length(calls.details) THEN calls.details"  # both only grow
    "   ELSE excluded.details END"
)
_SAVE_LEG = text(
    "INSERT INTO legs (call_id, leg_id, leg, device, user_id, rang_at, answered_at, ended_at, result, cause,"
    " talk_s, hold_s, talking_since)"
    " VALUES (:call_id, :leg_id, :leg, :device, :user_id, :rang, :answered, :ended, :result, :cause,"
    " :talk, :hold, :since)"
    " ON CONFLICT (call_id, leg_id) DO UPDATE SET leg = excluded.leg,"
    " device = COALESCE(excluded.device, legs.device), user_id = COALESCE(excluded.user_id, legs.user_id),"
    " rang_at = COALESCE(excluded.rang_at, legs.rang_at),"
    " answered_at = COALESCE(excluded.answered_at, legs.answered_at),"
    " ended_at = COALESCE(excluded.ended_at, legs.ended_at),"
    " result = COALESCE(excluded.result, legs.result), cause = COALESCE(excluded.cause, legs.cause),"
    # the clocks of a leg that is over have stopped: an older account of it knows less
    " talk_s = CASE WHEN legs.result IS NULL OR excluded.result IS NOT NULL THEN excluded.talk_s ELSE legs.talk_s END,"
    " hold_s = CASE WHEN legs.result IS NULL OR excluded.result IS NOT NULL THEN excluded.hold_s ELSE legs.hold_s END,"
    " talking_since = CASE WHEN legs.result IS NULL THEN excluded.talking_since END"
)


async def save(
    conn: AsyncConnection,
    record: CallRecord,
    *,
    pbx: str = "",
    number: str | None = None,
    client_id: int | None = None,
    user_id: int | None = None,
    legs_users: Mapping[str, int] | None = None,
) -> None:
    """Write a call as it stands. number: E.164 of the outside party; legs_users: who sits behind which leg id."""
    values = values_of(record, pbx=pbx, number=number, client_id=client_id, user_id=user_id)
    if record.outcome is not None and record.outcome != "unfinished":
        before = (await conn.execute(text("SELECT outcome FROM calls WHERE id = :id"), {"id": record.call})).scalar()
        if before is not None:
            await correct(conn, record.call, "outcome", before, record.outcome, time.time(), None)
    await conn.execute(_SAVE, values)
    users = legs_users or {}
    legs = [{**structs.asdict(leg), "call_id": record.call, "user_id": users.get(leg.leg_id)} for leg in record.legs]
    if legs:
        await conn.execute(_SAVE_LEG, legs)
    await waits.save(conn, record)


def values_of(
    record: CallRecord, *, pbx: str, number: str | None, client_id: int | None, user_id: int | None
) -> dict[str, Any]:
    """A call's row, column by column."""
    return {
        "id": record.call,
        "pbx": pbx,
        "direction": record.direction,
        "caller_number": _cut(record.caller.number, 80),
        "caller_name": _cut(record.caller.name, 160),
        "caller_device": record.caller.device,
        "called": _cut(record.called, 80),
        "number": number,
        "queue": _cut(record.queue, 80),
        "started_at": _started(record),
        "queued_at": record.queued,
        "answered_at": record.answered,
        "ended_at": record.ended,
        "outcome": record.outcome,
        "reason": record.reason,
        "client_id": client_id,
        "user_id": user_id,
        "request_id": _cut(record.placed_by, 64),
        "details": _details(record),
        "released_by": record.release.side if record.release else None,
        "released_leg": _cut(record.release.leg, 120) if record.release else None,
        "cause": record.release.cause if record.release else None,
        "unseen_since": record.unseen[0] if record.unseen else None,
        "unseen_until": record.unseen[1] if record.unseen else None,
    }


async def open_records(conn: AsyncConnection) -> list[CallRecord]:
    """The calls that were not over when last written, oldest first: what the tracker goes on from after a restart."""
    rows = (
        await conn.execute(text("SELECT * FROM calls WHERE outcome IS NULL AND ended_at IS NULL ORDER BY started_at"))
    ).all()
    if not rows:
        return []
    legs: dict[str, list[LegRecord]] = {}
    statement = text("SELECT * FROM legs WHERE call_id IN :ids ORDER BY rang_at, leg_id")
    statement = statement.bindparams(bindparam("ids", expanding=True))
    for leg in await conn.execute(statement, {"ids": [row.id for row in rows]}):
        legs.setdefault(leg.call_id, []).append(_leg(leg))
    stays = await waits.of_calls(conn, [row.id for row in rows])
    return [_record(row, tuple(legs.get(row.id, ())), waits.as_records(stays.get(row.id, ()))) for row in rows]


async def close_unfinished(
    conn: AsyncConnection, ids_to_keep_open: Iterable[str], now: float, reason: str, prefix: str = ""
) -> int:
    """Calls open in the journal and unknown to the PBX (asked at `now`) are over; how they ended nobody saw.

    prefix: with what the PBX's ids begin (lower-case letters, digits, `-` and `:`); others are left alone.
    """
    keep = list(ids_to_keep_open) or [""]
    statement = text(
        "UPDATE calls SET outcome = 'unfinished', reason = :reason,"
        " unseen_since = COALESCE(answered_at, queued_at, started_at), unseen_until = :now"
        " WHERE outcome IS NULL AND ended_at IS NULL AND started_at <= :now AND id NOT IN :keep AND id LIKE :mine"
    ).bindparams(bindparam("keep", expanding=True))
    return (await conn.execute(statement, {"reason": reason, "now": now, "keep": keep, "mine": f"{prefix}%"})).rowcount


async def last_queue_with(conn: AsyncConnection, client_id: int | None = None, number: str | None = None) -> str | None:
    """The queue of the newest call with the client, or with the number."""
    for column, key in ((calls.c.client_id, client_id), (calls.c.number, number)):
        if key is None:
            continue
        with_queue = select(calls.c.queue).where(column == key, calls.c.queue.is_not(None))
        queue = (await conn.execute(with_queue.order_by(calls.c.started_at.desc()).limit(1))).scalar()
        if queue is not None:
            return str(queue)
    return None


async def number_of(conn: AsyncConnection, call_id: str) -> str | None:
    """E.164 of a call's outside party."""
    return (await conn.execute(text("SELECT number FROM calls WHERE id = :id"), {"id": call_id})).scalar()


async def takes_part(conn: AsyncConnection, call_id: str, user_id: int) -> bool:
    """Whether the person had anything to do with the call: talked, rang, placed it, or was given its card."""
    found = await conn.execute(
        text(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM calls WHERE id = :call AND user_id = :user)"
            " OR EXISTS (SELECT 1 FROM legs WHERE call_id = :call AND user_id = :user)"
            " OR EXISTS (SELECT 1 FROM desktop_events WHERE call_id = :call AND agent_id = :user)"
        ),
        {"call": call_id, "user": user_id},
    )
    return found.first() is not None


async def set_client(conn: AsyncConnection, call_id: str, client_id: int, user_id: int, now: float) -> bool:
    """Somebody says whose call it is; later writes of the call leave it so. False: no such call yet."""
    before = (await conn.execute(text("SELECT client_id FROM calls WHERE id = :id"), {"id": call_id})).one_or_none()
    if before is not None:
        was = str(before[0]) if before[0] is not None else None
        await correct(conn, call_id, "client", was, str(client_id), now, user_id)
    result = await conn.execute(
        text("UPDATE calls SET client_id = :client WHERE id = :call"), {"client": client_id, "call": call_id}
    )
    return result.rowcount == 1


async def set_note(conn: AsyncConnection, call_id: str, user_id: int, note: str, now: float) -> None:
    """The person's note to the call; empty removes it."""
    if not note.strip():
        await conn.execute(
            text("DELETE FROM call_notes WHERE call_id = :call AND user_id = :user"), {"call": call_id, "user": user_id}
        )
        return
    await conn.execute(
        text(
            "INSERT INTO call_notes (call_id, user_id, text, updated_at) VALUES (:call, :user, :text, :now)"
            " ON CONFLICT (call_id, user_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at"
        ),
        {"call": call_id, "user": user_id, "text": clean(note), "now": now},
    )


def _started(record: CallRecord) -> float:
    """When the call began; attached to in the middle, the first thing known of it."""
    if record.started is not None:
        return record.started
    known = (record.queued, *(leg.rang for leg in record.legs), record.answered, record.ended)
    return min((at for at in known if at is not None), default=time.time())


async def merge(conn: AsyncConnection, call_id: str, into: str) -> None:
    """Two calls turned out to be one: the younger row goes, what people wrote to it stays with the other; of two
    outcomes that one person said, the newer."""
    moved = {"call": call_id, "into": into}
    for statement in (
        "UPDATE call_notes SET call_id = :into WHERE call_id = :call AND user_id NOT IN"
        " (SELECT user_id FROM call_notes WHERE call_id = :into AND user_id IS NOT NULL)",
        "UPDATE call_answers SET call_id = :into WHERE call_id = :call AND NOT EXISTS (SELECT 1 FROM call_answers k"
        " WHERE k.call_id = :into AND k.script_id = call_answers.script_id"
        " AND k.question_id = call_answers.question_id)",
        "DELETE FROM call_dispositions WHERE call_id = :into AND EXISTS (SELECT 1 FROM call_dispositions k"
        " WHERE k.call_id = :call AND k.user_id = call_dispositions.user_id AND k.at > call_dispositions.at)",
        "DELETE FROM call_dispositions WHERE call_id = :call AND user_id IN"
        " (SELECT user_id FROM call_dispositions WHERE call_id = :into AND user_id IS NOT NULL)",
        "UPDATE call_dispositions SET call_id = :into WHERE call_id = :call",
        "UPDATE call_marks SET call_id = :into WHERE call_id = :call",
        "UPDATE call_scores SET call_id = :into WHERE call_id = :call"
        " AND NOT EXISTS (SELECT 1 FROM call_scores k WHERE k.call_id = :into)",
        "UPDATE recordings SET call_id = :into WHERE call_id = :call",
        "UPDATE call_variables SET call_id = :into WHERE call_id = :call AND name NOT IN"
        " (SELECT name FROM call_variables WHERE call_id = :into)",
        "DELETE FROM call_variables WHERE call_id = :call",
        "UPDATE desktop_events SET call_id = :into WHERE call_id = :call",
        "UPDATE trace SET call_id = :into WHERE call_id = :call",
        "UPDATE call_corrections SET call_id = :into WHERE call_id = :call",
        "DELETE FROM call_waits WHERE call_id = :call AND EXISTS (SELECT 1 FROM calls WHERE id = :into)",
        "DELETE FROM legs WHERE call_id = :call AND EXISTS (SELECT 1 FROM calls WHERE id = :into)",
        "DELETE FROM calls WHERE id = :call AND EXISTS (SELECT 1 FROM calls k WHERE k.id = :into)",
    ):
        await conn.execute(text(statement), moved)


def _cut(value: str | None, length: int) -> str | None:
    """Fields from the wire have any length, and PostgreSQL's have a limit."""
    return clean(value)[:length] if value is not None else None


def _details(record: CallRecord) -> str:
    details: dict[str, Any] = {}
    if record.talked:
        details["talked"] = record.talked
    if record.transfers:
        details["transfers"] = record.transfers
    if record.conferences:
        details["conferences"] = record.conferences
    return msgspec.json.encode(details).decode()


class _Details(msgspec.Struct, frozen=True):
    talked: tuple[tuple[str, str], ...] = ()
    transfers: tuple[Transfer, ...] = ()
    conferences: tuple[Conference, ...] = ()


def _leg(row: Any) -> LegRecord:
    return LegRecord(
        leg=row.leg,
        leg_id=row.leg_id,
        device=row.device,
        rang=row.rang_at,
        answered=row.answered_at,
        ended=row.ended_at,
        result=row.result,
        cause=row.cause,
        talk=row.talk_s,
        hold=row.hold_s,
        since=row.talking_since,
    )


def _record(row: Any, legs: tuple[LegRecord, ...], stays: tuple[Wait, ...]) -> CallRecord:
    details = msgspec.json.decode(row.details, type=_Details)
    return CallRecord(
        call=row.id,
        direction=row.direction,
        caller=Party(number=row.caller_number, name=row.caller_name, device=row.caller_device),
        called=row.called,
        queue=row.queue,
        started=row.started_at,
        queued=row.queued_at,
        answered=row.answered_at,
        ended=row.ended_at,
        outcome=row.outcome,
        reason=row.reason,
        talked=details.talked,
        transfers=details.transfers,
        conferences=details.conferences,
        legs=legs,
        placed_by=row.request_id,
        waits=stays,
    )
