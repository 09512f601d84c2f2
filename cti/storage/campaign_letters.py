"""Letters of campaigns as rows of the outbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.outgoing import party
from cti.storage import outbox
from cti.storage.campaign_texts import Text
from cti.storage.mailboxes import Mailbox
from cti.storage.sending_tables import outbox as rows


async def add(
    conn: AsyncConnection, text: Text, mailbox: Mailbox, now: float, *, key: str, to: str, **values: Any
) -> int | None:
    """A letter that waits to be sent; None where its key has one."""
    row = {
        "key": key,
        "mailbox_id": mailbox.id,
        "state": "waiting",
        "template_id": text.template_id,
        "message_id": outbox.new_message_id(mailbox.address),
        "subject": text.subject,
        "html": text.body + mailbox.signature,
        "digest": text.digest,
        "send_at": now,
        "next_at": now,
    }
    row_id = await outbox.add(conn, row | values, [party("to", to)], now)
    for file in text.files if row_id else ():
        await outbox.add_file(conn, row_id or 0, file)
    return row_id


async def call_back(conn: AsyncConnection, campaign_id: int, now: float) -> int:
    """Letters of a campaign that have not left do not leave; how many."""
    waiting = (rows.c.campaign_id == campaign_id) & (rows.c.state == "waiting")
    values = {"state": "canceled", "next_at": None, "changed_at": now, "why": "called-back"}
    return (await conn.execute(update(rows).where(waiting).values(values))).rowcount
