"""SMS that come: pieces of long ones kept until all are there, whose a number is, and what came once already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientDraft, Phone
from cti.clients.changes import as_fields, differences
from cti.storage import changes, clients
from cti.storage.lookup import Caller, callers
from cti.storage.sms_tables import sms, sms_pieces
from cti.storage.tables import calls

SAME_S = 60.0  # the same text from one number within this is one message told twice
_PIECE = text(
    "INSERT INTO sms_pieces (gateway_id, number, ref, part, parts, sender, text, at)"
    " VALUES (:gateway_id, :number, :ref, :part, :parts, :sender, :text, :at) ON CONFLICT DO NOTHING"
)


async def known(conn: AsyncConnection, key: str, number: str, said: str, at: float) -> bool:
    """Whether a message came already. key: "" where the gateway gives it no id."""
    if key:
        return (await conn.execute(select(sms.c.id).where(sms.c.key == key))).first() is not None
    near = sms.c.created_at.between(at - SAME_S, at + SAME_S)
    mine = select(sms.c.id).where(sms.c.number == number, near, sms.c.direction == "in", sms.c.text == said)
    return (await conn.execute(mine.limit(1))).first() is not None


async def keep(conn: AsyncConnection, row: dict[str, Any]) -> int:
    """A message that came; its id."""
    whole = {"direction": "in", "state": "received"} | row
    return int((await conn.execute(insert(sms).values(whole).returning(sms.c.id))).scalar_one())


async def piece(conn: AsyncConnection, row: dict[str, Any]) -> list[Any]:
    """A part of a long message; all its parts in their order once the last is there, else []."""
    await conn.execute(_PIECE, row)
    whole = [sms_pieces.c[name] == row[name] for name in ("gateway_id", "number", "ref")]
    found = list(await conn.execute(select(sms_pieces).where(*whole).order_by(sms_pieces.c.part)))
    if len(found) < row["parts"]:
        return []
    await conn.execute(delete(sms_pieces).where(*whole))
    return found


async def left_pieces(conn: AsyncConnection, before: float) -> list[list[Any]]:
    """Parts of messages whose others never came, since then; they are taken out."""
    rows = await conn.execute(
        select(sms_pieces).order_by(sms_pieces.c.gateway_id, sms_pieces.c.number, sms_pieces.c.ref, sms_pieces.c.part)
    )
    by: dict[tuple[int, str, int], list[Any]] = {}
    for row in rows:
        by.setdefault((row.gateway_id, row.number, row.ref), []).append(row)
    old = [some for some in by.values() if max(row.at for row in some) < before]
    for some in old:
        one = some[0]
        await conn.execute(
            delete(sms_pieces).where(
                sms_pieces.c.gateway_id == one.gateway_id,
                sms_pieces.c.number == one.number,
                sms_pieces.c.ref == one.ref,
            )
        )
    return old


async def are_part(conn: AsyncConnection, parts: Sequence[Any]) -> bool:
    """Whether parts belong to a message that is whole already: they were told twice."""
    since = parts[0].at - 86400.0
    mine = select(sms.c.text).where(sms.c.number == parts[0].number, sms.c.direction == "in", sms.c.created_at >= since)
    lately = (await conn.execute(mine.order_by(sms.c.id.desc()).limit(50))).scalars()
    return any(all(part.text in text for part in parts) for text in lately)


async def owner(conn: AsyncConnection, number: str) -> Caller | None:
    """The client who has a number: of several, the one with whom we talked or wrote by it last."""
    found = await callers(conn, number)
    if len(found) < 2:
        return found[0] if found else None
    ids = [one.id for one in found]
    wrote = select(sms.c.client_id, sms.c.created_at.label("at")).where(
        sms.c.number == number, sms.c.client_id.in_(ids)
    )
    talked = select(calls.c.client_id, calls.c.started_at.label("at")).where(
        calls.c.number == number, calls.c.client_id.in_(ids)
    )
    last = [
        (await conn.execute(some.order_by(some.selected_columns.at.desc()).limit(1))).one_or_none()
        for some in (wrote, talked)
    ]
    latest = max((row for row in last if row is not None), key=lambda row: row.at, default=None)
    return next((one for one in found if latest is not None and one.id == latest.client_id), found[0])


async def writer(conn: AsyncConnection, number: str, client_id: int | None) -> int | None:
    """Who wrote last to a number, or its client."""
    whose = or_(sms.c.number == number, sms.c.client_id == client_id) if client_id else sms.c.number == number
    last = select(sms.c.user_id).where(whose, sms.c.direction == "out", sms.c.user_id.is_not(None))
    found: int | None = (await conn.execute(last.order_by(sms.c.id.desc()).limit(1))).scalar()
    return found


async def new_client(conn: AsyncConnection, number: str, shown: str, now: float) -> int:
    """A client of whom nothing is known but his number, named by it."""
    draft = ClientDraft(name=shown, kind="person", phones=(Phone(typed=number, e164=number),))
    client_id = await clients.insert(conn, draft, now)
    made = differences(as_fields(ClientDraft(name="")), as_fields(draft))
    await changes.write(conn, client_id, made, at=now, user_id=None, version=1)
    return client_id
