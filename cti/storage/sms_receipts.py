"""What gateways tell of messages they have: found by their ids in whatever form, kept where it comes too early.

A receipt belongs to a part; a message is as its parts are together. Of a message that was given to two gateways, one
after the other, it is enough that one of them delivered it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.deliveries import FINAL, LATE_S, Receipt, State, becomes, id_keys, together
from cti.storage.sms_tables import sms, sms_parts, sms_receipts

ACCEPTED: tuple[State, ...] = ("accepted", "sent", "unknown", "delivered", "undeliverable", "expired", "rejected")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A message that is in another state now. delivered: parts of its last attempt that were."""

    id: int
    was: State
    state: State
    number: str
    purpose: str
    user_id: int | None
    client_id: int | None
    campaign_id: int | None
    attempt: int
    created_at: float
    why: str = ""
    delivered: int = 0


async def hear(conn: AsyncConnection, gateway_id: int, receipts: Sequence[Receipt], now: float) -> list[Change]:
    """Write down what a gateway tells; the messages that are in another state for it."""
    keys = {one: id_keys(one.far_id) for one in receipts}
    known = await _parts(conn, gateway_id, {key for some in keys.values() for key in some})
    too_early: list[Receipt] = []
    raised: dict[tuple[int, int, int], State] = {}
    said: dict[int, str] = {}
    named: list[dict[str, Any]] = []
    for receipt in receipts:
        part = next((known[key] for key in keys[receipt] if key in known), None)
        if part is None:
            too_early += [receipt] if keys[receipt] else []
            continue
        place = (part.sms_id, part.attempt, part.part)
        if receipt.named:
            named.append(_place(place) | {"new": id_keys(receipt.named)[0]})
        before = raised.get(place, part.state)
        after = becomes(before, receipt.state)
        if after != before:
            raised[place] = after
            said[part.sms_id] = " ".join(receipt.said.split())[:200]
    await _keep(conn, gateway_id, too_early)
    changes = await _raise(conn, raised, said, now)
    if named:
        await conn.execute(_NAMED, named)
        waited = await early(conn, gateway_id, [one["new"] for one in named])
        changes += await hear(conn, gateway_id, waited, now) if waited else []
    return changes


async def early(conn: AsyncConnection, gateway_id: int, far_ids: Iterable[str]) -> list[Receipt]:
    """Receipts that came before these ids were known; they are taken out."""
    keys = {key for one in far_ids for key in id_keys(one)}
    rows = list(await conn.execute(_EARLY, {"of": gateway_id, "keys": list(keys)})) if keys else []
    if rows:
        await conn.execute(delete(sms_receipts).where(sms_receipts.c.id.in_([row.id for row in rows])))
    return [Receipt(far_id=row.far_id, state=row.state, said=row.said, at=row.at) for row in rows]


async def forget_old(conn: AsyncConnection, now: float) -> None:
    """Receipts of what never became known."""
    await conn.execute(delete(sms_receipts).where(sms_receipts.c.at < now - LATE_S))


async def silent(conn: AsyncConnection, before: float, now: float, limit: int = 500) -> list[Change]:
    """Messages taken by a gateway before then of which nothing was heard since: they are unknown from now on."""
    open_ = (sms.c.accepted_at.is_not(None), sms.c.settled_at.is_(None), sms.c.accepted_at < before)
    rows = list(await conn.execute(_ROW.where(*open_, sms.c.state.in_(("accepted", "sent"))).limit(limit)))
    values = {"state": "unknown", "why": "no-receipt", "settled_at": now}
    ids = [row.id for row in rows]
    await conn.execute(update(sms).where(sms.c.id.in_(ids), sms.c.state.in_(("accepted", "sent"))).values(values))
    return [_change(row, "unknown", "no-receipt", 0) for row in rows]


async def _parts(conn: AsyncConnection, gateway_id: int, keys: set[str]) -> dict[str, Any]:
    """Parts by what the gateway calls them: of those called the same, the latest."""
    rows = await conn.execute(_PARTS, {"of": gateway_id, "keys": list(keys)})
    return {row.far_id: row for row in rows}


async def _keep(conn: AsyncConnection, gateway_id: int, receipts: Sequence[Receipt]) -> None:
    rows = [
        {
            "gateway_id": gateway_id, "far_id": id_keys(one.far_id)[0], "state": one.state,
            "said": " ".join(one.said.split())[:200], "at": one.at,
        }
        for one in receipts
    ]  # fmt: skip
    if rows:
        await conn.execute(insert(sms_receipts), rows)


_ONE_PART = update(sms_parts).where(
    sms_parts.c.sms_id == bindparam("of"),
    sms_parts.c.attempt == bindparam("in_attempt"),
    sms_parts.c.part == bindparam("in_part"),
)
_RAISED = _ONE_PART.values(state=bindparam("new"))
_NAMED = _ONE_PART.values(far_id=bindparam("new"))
_SETTLED = (
    update(sms)
    .where(sms.c.id == bindparam("of"))
    .values(
        state=bindparam("new"), why=bindparam("new_why"), said=bindparam("new_said"), settled_at=bindparam("new_at"),
        next_at=bindparam("new_next"),
    )
)  # fmt: skip


def _place(place: tuple[int, int, int]) -> dict[str, Any]:
    return dict(zip(("of", "in_attempt", "in_part"), place, strict=True))


async def _raise(
    conn: AsyncConnection, raised: dict[tuple[int, int, int], State], said: dict[int, str], now: float
) -> list[Change]:
    """Write parts' states down, and those of their messages."""
    if not raised:
        return []
    await conn.execute(_RAISED, [_place(place) | {"new": new} for place, new in raised.items()])
    ids = {of for of, _, _ in raised}
    by: dict[int, dict[int, list[State]]] = {}
    for part in await conn.execute(_OF_THESE, {"ids": list(ids)}):
        by.setdefault(part.sms_id, {}).setdefault(part.attempt, []).append(part.state)
    changes: list[Change] = []
    new: list[dict[str, Any]] = []
    for row in await conn.execute(_ROWS, {"ids": list(ids)}):
        attempts = by[row.id]
        state, last = _state(row, attempts), attempts.get(row.attempt, [])
        if state == row.state:
            continue
        why = state if state in FINAL and state != "delivered" else ""
        changes.append(_change(row, state, why, last.count("delivered")))
        new.append(
            {
                "of": row.id, "new": state, "new_why": why, "new_said": said.get(row.id, ""),
                "new_at": now if state in FINAL else None, "new_next": None,
            }
        )  # fmt: skip
    if new:
        await conn.execute(_SETTLED, new)
    return changes


def _state(row: Any, attempts: dict[int, list[State]]) -> State:
    """A message's state by the parts of each time that a gateway took it."""
    now: State = row.state
    each = {attempt: together(states) for attempt, states in attempts.items()}
    if "delivered" in each.values():
        return "delivered"
    if now not in ACCEPTED or row.attempt not in each:  # it waits for another gateway, or was called back
        return now
    return each[row.attempt]


_ROW = select(
    *(
        sms.c[name]
        for name in ("id", "state", "number", "purpose", "user_id", "client_id", "campaign_id", "attempt", "created_at")
    )
)


# Built once: they stand on the way of each receipt.
_ROWS = _ROW.where(sms.c.id.in_(bindparam("ids", expanding=True))).order_by(sms.c.id)
_OF_THESE = select(sms_parts).where(sms_parts.c.sms_id.in_(bindparam("ids", expanding=True)))
_PARTS = (
    select(sms_parts)
    .where(sms_parts.c.gateway_id == bindparam("of"), sms_parts.c.far_id.in_(bindparam("keys", expanding=True)))
    .order_by(sms_parts.c.sms_id, sms_parts.c.attempt)
)

_EARLY = (
    select(sms_receipts)
    .where(sms_receipts.c.gateway_id == bindparam("of"), sms_receipts.c.far_id.in_(bindparam("keys", expanding=True)))
    .order_by(sms_receipts.c.id)
)


def _change(row: Any, state: State, why: str, delivered: int) -> Change:
    return Change(
        id=row.id, was=row.state, state=state, number=row.number, purpose=row.purpose, user_id=row.user_id,
        client_id=row.client_id, campaign_id=row.campaign_id, attempt=row.attempt, created_at=row.created_at, why=why,
        delivered=delivered,
    )  # fmt: skip
