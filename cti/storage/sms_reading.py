"""SMS as people read them: of a client, those that came and wait for an answer, those that did not go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Telephone, Words
from cti.storage.client_tables import clients
from cti.storage.sight import seen
from cti.storage.sms_tables import sms
from cti.storage.tables import calls, users

View = Literal["unread", "mine", "in", "out", "decide"]
MOST = 200
DECIDED: tuple[str, ...] = ("unknown", "undeliverable", "expired", "rejected")
WAITS: tuple[str, ...] = ("queued", "sending", "accepted", "sent")
_owners = users.alias("sms_owners")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRow:
    """An SMS. direction: in or out; state: of messages/deliveries.py, received of one that came. user: its author, or
    who answers it. price: all of it, hundredths. why: a code; said: the gateway's words."""

    id: int
    direction: str
    state: str
    number: Telephone
    sender: str
    text: Words
    purpose: str
    parts: int
    price: int
    currency: str
    client_id: int | None
    client_name: Words
    user_id: int | None
    user: str
    rule_id: int | None
    campaign_id: int | None
    send_at: float | None
    next_at: float | None
    why: str
    said: Words
    settled_at: float | None
    read_at: float | None
    done_at: float | None
    automatic: bool
    created_at: float

    @property
    def must_be_decided(self) -> bool:
        """Whether a person says what becomes of it."""
        return self.direction == "out" and self.state in DECIDED and self.done_at is None


async def by_ids(conn: AsyncConnection, ids: Collection[int]) -> dict[int, TextRow]:
    """Those of these that there are."""
    rows = await conn.execute(_whole().where(sms.c.id.in_(list(ids)))) if ids else ()
    return {row.id: row for row in seen(conn, [_row(one) for one in rows])}


async def one(conn: AsyncConnection, sms_id: int) -> TextRow | None:
    """One of them. An id from an address may be any number."""
    return (await by_ids(conn, [sms_id])).get(sms_id) if 0 < sms_id < 2**31 else None


async def listed(
    conn: AsyncConnection, view: View, user_id: int, *, client_id: int | None = None, before: int = 0, limit: int = 100
) -> list[TextRow]:
    """Of one view, the latest first. before: only those of lower ids."""
    mine = _whole().where(_of_view(view, user_id))
    if client_id is not None:
        mine = mine.where(sms.c.client_id == client_id)
    if before:
        mine = mine.where(sms.c.id < before)
    return seen(conn, [_row(row) for row in await conn.execute(mine.order_by(sms.c.id.desc()).limit(limit))])


async def of_caller(
    conn: AsyncConnection, call_id: str, between: tuple[float, float], limit: int = 50
) -> list[TextRow]:
    """What went to the number of a call and came from it then, the oldest first; the newest `limit` of it."""
    number = select(calls.c.number).where(calls.c.id == call_id).scalar_subquery()
    mine = _whole().where(sms.c.number == number, sms.c.created_at.between(*between))
    rows = await conn.execute(mine.order_by(sms.c.created_at.desc(), sms.c.id.desc()).limit(limit))
    return seen(conn, [_row(row) for row in rows])[::-1]


async def counts(conn: AsyncConnection, user_id: int) -> dict[str, int]:
    """How many there are to be read, answered or decided, by view; those that wait longer than others are no more."""
    found: dict[str, int] = {}
    views: tuple[View, ...] = ("unread", "mine", "decide")
    for view in views:
        some = select(sms.c.id).where(_of_view(view, user_id)).limit(MOST).subquery()
        found[view] = int((await conn.execute(select(func.count()).select_from(some))).scalar_one())
    return found


async def unread(conn: AsyncConnection) -> dict[int | None, int]:
    """How many that came nobody has read, by who answers them; None: nobody in particular."""
    mine = (sms.c.state == "received", sms.c.done_at.is_(None), sms.c.read_at.is_(None))
    counted = select(sms.c.user_id, func.count()).where(*mine).group_by(sms.c.user_id)
    return {row[0]: row[1] for row in await conn.execute(counted)}


async def read(conn: AsyncConnection, ids: Sequence[int], now: float) -> bool:
    """Somebody has read them."""
    new = (sms.c.id.in_(list(ids)), sms.c.state == "received", sms.c.read_at.is_(None))
    return (await conn.execute(update(sms).where(*new).values(read_at=now))).rowcount > 0


async def answered(conn: AsyncConnection, number: str, client_id: int | None, now: float) -> None:
    """What came from a number, or a client, is answered."""
    whose: ColumnElement[bool] = sms.c.number == number
    if client_id is not None:
        whose = or_(whose, sms.c.client_id == client_id)
    mine = (whose, sms.c.state == "received", sms.c.done_at.is_(None))
    values = {"done_at": now, "read_at": func.coalesce(sms.c.read_at, now)}
    await conn.execute(update(sms).where(*mine).values(values))


def _of_view(view: View, user_id: int) -> ColumnElement[bool]:
    came, waits = sms.c.state == "received", sms.c.done_at.is_(None)
    match view:
        case "unread":
            return and_(came, waits, sms.c.read_at.is_(None))
        case "mine":
            return and_(came, waits, sms.c.user_id == user_id)
        case "in":
            return came
        case "decide":
            return and_(sms.c.state.in_(DECIDED), waits, sms.c.campaign_id.is_(None))
    return sms.c.direction == "out"


def _whole() -> Select[Any]:
    columns = [sms.c[name] for name in TextRow.__slots__ if name in sms.c]
    joined = sms.outerjoin(clients, clients.c.id == sms.c.client_id).outerjoin(_owners, _owners.c.id == sms.c.user_id)
    named = (clients.c.name.label("client_name"), _owners.c.name.label("user"))
    return select(*columns, *named).select_from(joined)


def _row(row: Any) -> TextRow:
    values = dict(row._mapping)
    return TextRow(**values | {"client_name": row.client_name or "", "user": row.user or ""})
