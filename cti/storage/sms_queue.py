"""The queue of SMS as rows: what is due, claimed before it leaves, what gateways answered to it.

A row keeps `next_at` while it is on its way, so that those which a process left behind are found by the same index.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.deliveries import Choice
from cti.storage.sms_tables import sms, sms_parts

_FIELDS = (
    "id", "key", "number", "text", "parts", "purpose", "client_id", "contact_id", "user_id", "rule_id", "campaign_id",
    "call_id", "automatic", "tries", "attempt", "gateway_id", "price", "currency", "send_at", "created_at", "why",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A message of the queue. tries: hand-overs that certainly failed; attempt: hand-overs that gateways took.

    gateway_id: the last it was given to. price: all of it, as it was chosen last, hundredths.
    """

    id: int
    key: str
    number: str
    text: str = field(repr=False)
    parts: int
    purpose: str
    client_id: int | None
    contact_id: int | None
    user_id: int | None
    rule_id: int | None
    campaign_id: int | None
    call_id: str
    automatic: bool
    tries: int
    attempt: int
    gateway_id: int | None
    price: int
    currency: str
    send_at: float | None
    created_at: float
    why: str


async def due(conn: AsyncConnection, now: float, limit: int) -> list[Waiting]:
    """What is to be sent now, what people wrote first; at most so many."""
    first = select(sms.c.id).where(sms.c.state == "queued", sms.c.next_at <= now)
    first = first.order_by(sms.c.campaign_id.is_not(None), sms.c.next_at, sms.c.id).limit(limit)
    rows = await conn.execute(_WHOLE.where(sms.c.id.in_(first.scalar_subquery())))
    found = [_waiting(row) for row in rows]
    return sorted(found, key=lambda one: (one.campaign_id is not None, one.send_at or one.created_at, one.id))


async def next_due(conn: AsyncConnection, now: float) -> float | None:
    """When the next message after now is to be sent."""
    later = select(func.min(sms.c.next_at)).where(sms.c.next_at > now, sms.c.state == "queued")
    found: float | None = (await conn.execute(later)).scalar()
    return found


async def claim(conn: AsyncConnection, chosen: Sequence[tuple[Waiting, Choice]], now: float) -> set[int]:
    """Take messages, each for its gateway; the ids of those that were there to be taken still."""
    groups: dict[Choice, list[int]] = {}
    for one, choice in chosen:
        groups.setdefault(choice, []).append(one.id)
    taken: set[int] = set()
    for choice, ids in groups.items():
        values = {
            "ids": ids, "gateway": choice.gateway_id, "name": choice.sender, "now": now, "each": choice.price,
            "money": choice.currency,
        }  # fmt: skip
        taken.update((await conn.execute(_CLAIM, values)).scalars())
    return taken


# Statements of the queue's own ways are built once: whoever has SQLite's one writer is to be done soon.
_CLAIM = (
    update(sms)
    .where(sms.c.id.in_(bindparam("ids", expanding=True)), sms.c.state == "queued")
    .values(
        state="sending", gateway_id=bindparam("gateway"), sender=bindparam("name"), claimed_at=bindparam("now"),
        price=sms.c.parts * bindparam("each", type_=sms.c.price.type), currency=bindparam("money"),
    )
    .returning(sms.c.id)
)  # fmt: skip


async def left_behind(conn: AsyncConnection, besides: Collection[int]) -> list[Waiting]:
    """Messages on their way that nobody here has claimed."""
    lost = _WHOLE.where(sms.c.next_at.is_not(None), sms.c.state == "sending", sms.c.id.not_in(list(besides)))
    return [_waiting(row) for row in await conn.execute(lost)]


_ENDS = ("state", "next_at", "why", "said", "tries", "attempt", "accepted_at", "settled_at", "told_at")
_END = (
    update(sms)
    .where(sms.c.id == bindparam("of"), sms.c.state == bindparam("since"))
    .values({name: bindparam(f"new_{name}") for name in _ENDS} | {"claimed_at": None})
)


async def end(conn: AsyncConnection, rows: Sequence[dict[str, Any]], since: str = "sending") -> None:
    """What became of messages in one state: id, and each of state, next_at, why, said and so on, None where unset."""
    if rows:
        blank = dict.fromkeys(_ENDS) | {"why": "", "said": ""}
        some = [{f"new_{name}": one.get(name, blank[name]) for name in _ENDS} for one in rows]
        await conn.execute(_END, [new | {"of": one["id"], "since": since} for new, one in zip(some, rows, strict=True)])


async def keep_parts(conn: AsyncConnection, parts: Sequence[dict[str, Any]]) -> None:
    """What gateways call the parts of messages: sms_id, attempt, part, gateway_id, far_id, state each."""
    if parts:
        await conn.execute(_PART, list(parts))


async def tried(conn: AsyncConnection, sms_id: int) -> frozenset[int]:
    """The gateways that have had a message."""
    mine = select(sms_parts.c.gateway_id).where(sms_parts.c.sms_id == sms_id).distinct()
    return frozenset((await conn.execute(mine)).scalars())


_PART = text(  # told twice, it does no harm
    "INSERT INTO sms_parts (sms_id, attempt, part, gateway_id, far_id, state)"
    " VALUES (:sms_id, :attempt, :part, :gateway_id, :far_id, :state) ON CONFLICT DO NOTHING"
)
_WHOLE = select(*(sms.c[name] for name in _FIELDS))


def _waiting(row: Any) -> Waiting:
    return Waiting(**{name: getattr(row, name) for name in _FIELDS})
