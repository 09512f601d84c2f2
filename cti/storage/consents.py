"""The register of consents as rows: only ever added to; the latest word for an address or a client holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, false, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.consent import EVERY, Kind, Purpose, Source, stands
from cti.storage.campaign_tables import consents


class Wish(NamedTuple):
    """To whom one wants to write, for what. address: E.164, or folded."""

    kind: Kind
    address: str
    purpose: Purpose
    client_id: int | None = None


async def say(
    conn: AsyncConnection,
    *,
    kind: Kind,
    address: str,
    purpose: Purpose | Literal[""],
    given: bool,
    source: Source,
    at: float,
    proof: str = "",
    client_id: int | None = None,
    contact_id: int | None = None,
    text_id: int | None = None,
    user_id: int | None = None,
) -> int:
    """Write down that a consent was given or withdrawn; the row's id."""
    row = {
        "kind": kind, "address": address, "purpose": purpose, "given": given, "source": source, "at": at,
        "proof": proof[:200], "client_id": client_id, "contact_id": contact_id, "text_id": text_id, "user_id": user_id,
    }  # fmt: skip
    return int((await conn.execute(insert(consents).values(row).returning(consents.c.id))).scalar_one())


async def refusal(
    conn: AsyncConnection, *, kind: Kind, address: str, purpose: Purpose, client_id: int | None = None
) -> str:
    """Why nothing may be sent to an address for a purpose: `no-consent`, `withdrawn`; "": it may."""
    return (await refusals(conn, [Wish(kind, address, purpose, client_id)]))[0]


async def refusals(conn: AsyncConnection, wishes: Sequence[Wish]) -> list[str]:
    """The same of some hundreds at once, in their order."""
    said: dict[tuple[str, str], list[Any]] = {}
    mine: dict[int, list[Any]] = {}
    rows = (await conn.execute(select(consents).where(_of(wishes)).order_by(consents.c.at, consents.c.id))).all()
    for row in rows:
        if row.address:
            said.setdefault((row.kind, row.address), []).append(row)
        if row.client_id is not None and (not row.given or not row.address):
            mine.setdefault(row.client_id, []).append(row)
    return [_refusal(one, said, mine) for one in wishes]


def _of(wishes: Sequence[Wish]) -> ColumnElement[bool]:
    addresses = {one.address for one in wishes if one.address}
    clients = {one.client_id for one in wishes if one.client_id is not None}
    whole = consents.c.client_id.in_(clients) & (consents.c.given.is_(False) | (consents.c.address == ""))
    purposes = {one.purpose for one in wishes} | {EVERY}
    reached = or_(consents.c.address.in_(addresses), whole if clients else false())
    return and_(reached, consents.c.purpose.in_(purposes))


def _refusal(wish: Wish, said: dict[tuple[str, str], list[Any]], mine: dict[int, list[Any]]) -> str:
    rows = {row.id: row for row in said.get((wish.kind, wish.address), [])}
    rows |= {row.id: row for row in mine.get(wish.client_id or 0, []) if not row.given or row.kind == wish.kind}
    word: bool | None = None
    every = False
    for row in sorted(rows.values(), key=lambda one: (one.at, one.id)):
        if row.purpose == EVERY:
            every = not row.given
            word = None if every else word  # what was given before STOP does not outlive it
        elif row.purpose == wish.purpose:
            word = row.given
    return stands(wish.purpose, word, every)
