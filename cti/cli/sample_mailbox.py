"""The sample mailbox that works: of a mail server on this machine, where the lab runs one."""

from __future__ import annotations

import time
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import select, update

from cti.passwords import installation_key
from cti.storage import mailboxes
from cti.storage.desktop_events import Connection
from cti.storage.mail_tables import mailboxes as mailbox_table
from cti.storage.tables import users

ADDRESS, NAME = "support@trubka.example", "Поддержка"
PEOPLE = ("anna", "boris", "clara")
HOST = "127.0.0.1"


async def open_at(conn: Connection, imap: int, smtp: int, password: str, data: Path) -> None:
    """Have it, at the ports where its mail server listens today."""
    sealed = Fernet(installation_key(data)).encrypt(password.encode()).decode()
    where = {"imap_port": imap, "smtp_port": smtp, "secret": sealed, "trouble": "", "trouble_at": None}
    known = update(mailbox_table).where(mailbox_table.c.address == ADDRESS, mailbox_table.c.imap_host == HOST)
    if (await conn.execute(known.values(where))).rowcount:
        return
    values = where | {
        "address": ADDRESS, "name": NAME, "kind": "shared", "login": ADDRESS, "sender_name": "«Трубка», поддержка",
        "imap_host": HOST, "imap_security": "none", "smtp_host": HOST, "smtp_security": "none",
        "reply_target_s": 4 * 3600, "signature": "<p>С уважением,<br>отдел поддержки</p>",
    }  # fmt: skip
    people = (await conn.execute(select(users.c.id).where(users.c.login.in_(PEOPLE)))).scalars()
    await mailboxes.add(conn, values, people, time.time())
