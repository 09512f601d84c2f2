"""Addresses that letters came back from: what is known of them, and which letter of ours it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.messages.letter import Letter
from cti.storage.client_tables import client_emails
from cti.storage.contact_tables import contact_clients, contact_emails
from cti.storage.mail_tables import letters
from cti.storage.sending_tables import bounced_addresses, outbox
from cti.storage.sight import seen

WHY_CHARS = 400
RETURNED = "returned"  # among the oddities of a letter
MOST = 100
UNNAMED_S = 7 * 86400.0  # a bounce that names no letter is of one sent within that time


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounced:
    """An address that a letter came back from. lasting: it will again; why: the mail server's words."""

    folded: Words
    lasting: bool
    why: Words
    at: float
    letter_id: int | None = None


async def mark(
    conn: AsyncConnection, folded: str, *, lasting: bool, why: str, at: float, letter_id: int | None = None
) -> None:
    """A letter came back from the address; what is lasting stays so."""
    values = {"why": why[:WHY_CHARS], "at": at, "letter_id": letter_id} | ({"lasting": True} if lasting else {})
    known = update(bounced_addresses).where(bounced_addresses.c.folded == folded).values(values)
    if not (await conn.execute(known)).rowcount:
        await conn.execute(insert(bounced_addresses).values(values | {"folded": folded, "lasting": lasting}))


async def of(conn: AsyncConnection, folded: Iterable[str]) -> list[Bounced]:
    """What is known of these addresses; at most a few hundred."""
    asked = {one for one in folded if one}
    if not asked:
        return []
    rows = await conn.execute(select(bounced_addresses).where(bounced_addresses.c.folded.in_(asked)))
    return seen(conn, [Bounced(**row._mapping) for row in rows])


async def of_client(conn: AsyncConnection, client_id: int) -> list[Bounced]:
    """What is known of a client's addresses and of his contact persons'."""
    rows = await conn.execute(select(bounced_addresses).where(bounced_addresses.c.folded.in_(_his(client_id))))
    return seen(conn, [Bounced(**row._mapping) for row in rows])


async def clear_client(conn: AsyncConnection, client_id: int) -> None:
    """A client's addresses are good again, as a person says."""
    await conn.execute(delete(bounced_addresses).where(bounced_addresses.c.folded.in_(_his(client_id))))


def _his(client_id: int) -> Any:
    own = select(client_emails.c.folded).where(client_emails.c.client_id == client_id)
    of_people = select(contact_emails.c.folded).join(
        contact_clients, contact_clients.c.contact_id == contact_emails.c.contact_id
    )
    return union(own, of_people.where(contact_clients.c.client_id == client_id))


async def clear(conn: AsyncConnection, folded: str, *, before: float) -> None:
    """The address is good again: a letter from it shows it."""
    known = (bounced_addresses.c.folded == folded) & (bounced_addresses.c.at < before)
    await conn.execute(delete(bounced_addresses).where(known))


async def keep(conn: AsyncConnection, letter: Letter, letter_id: int, at: float) -> None:
    """A letter that says what came back: of letters of ours alone, whoever wrote it. The row of the outbox says so."""
    for one in letter.bounces[:MOST]:
        row_id, sent_id = await _sent(conn, one.message_id, one.address, at)
        if row_id is None and sent_id is None:
            continue
        if sent_id is not None and one.lasting:
            await _returned(conn, sent_id)
        await mark(conn, one.address, lasting=one.lasting, why=one.why, at=at, letter_id=letter_id)
        if row_id is not None and one.lasting:
            back = update(outbox).where(outbox.c.id == row_id, outbox.c.why == "")
            await conn.execute(back.values(why="returned", said=one.why[:WHY_CHARS]))


async def _sent(conn: AsyncConnection, message_id: str, folded: str, at: float) -> tuple[int | None, int | None]:
    """What came back, if we sent it: its row of the outbox, and the letter it became.

    A bounce that names none is one of the last letter to the address.
    """
    rows = select(outbox.c.id, outbox.c.letter_id)
    if message_id:
        row = (await conn.execute(rows.where(outbox.c.message_id == message_id))).one_or_none()
        ours = select(letters.c.id).where(letters.c.message_id == message_id, letters.c.direction == "out")
        letter_id = (await conn.execute(ours.limit(1))).scalar()
        return (row.id, row.letter_id or letter_id) if row else (None, letter_id)
    mine = (outbox.c.to_folded == folded) & outbox.c.sent_at.between(at - UNNAMED_S, at)
    row = (await conn.execute(rows.where(mine).order_by(outbox.c.sent_at.desc()).limit(1))).one_or_none()
    return (row.id, row.letter_id) if row else (None, None)


async def _returned(conn: AsyncConnection, letter_id: int) -> None:
    """The letter itself says in its conversation that it came back."""
    odd = str((await conn.execute(select(letters.c.oddities).where(letters.c.id == letter_id))).scalar() or "").split()
    if RETURNED not in odd:
        said = " ".join([RETURNED, *odd])[:200]
        await conn.execute(update(letters).where(letters.c.id == letter_id).values(oddities=said))
