"""A mailbox that a person of the cast writes from."""

from __future__ import annotations

from typing import Any

from cti.storage import mailboxes
from tests.web.panel import Panel

SALES = "sales@romashka.example"


async def a_mailbox(desk: Panel, *people: int, address: str = SALES, **more: Any) -> int:
    """A shared mailbox with these people; nothing listens where it says it lies."""
    values = {
        "name": "Продажи",
        "address": address,
        "sender_name": "Ромашка, отдел продаж",
        "kind": "shared",
        "imap_host": "127.0.0.1",
        "imap_port": 9,
        "smtp_host": "127.0.0.1",
        "smtp_port": 9,
        "login": address,
        **more,
    }
    async with desk.services.db.write() as conn:
        return await mailboxes.add(conn, values, people, desk.services.clock()) or 0
