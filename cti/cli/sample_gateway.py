"""The sample SMS gateway that works: an SMSC on this machine, where the lab runs one."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet
from sqlalchemy import func, insert, select, update

from cti.messages.gateways import SmppGiven
from cti.messages.http_gateways import Secrets
from cti.passwords import installation_key
from cti.storage.desktop_events import Connection
from cti.storage.sms_tables import sms_gateways, sms_routes

NAME, HOST, SYSTEM_ID = "Демо SMSC", "127.0.0.1", "trubka"


async def open_at(conn: Connection, port: int, password: str, data: Path) -> None:
    """Have it, at the port where its SMSC listens today."""
    given = SmppGiven(host=HOST, port=port, system_id=SYSTEM_ID, window=20)
    kept = msgspec.json.encode(Secrets(login=SYSTEM_ID, password=password))
    where = {
        "given": msgspec.json.encode(given).decode(),
        "secret": Fernet(installation_key(data)).encrypt(kept).decode(),
        "trouble": "",
        "trouble_at": None,
    }
    ours = (sms_gateways.c.name == NAME) & (sms_gateways.c.kind == "smpp")
    if (await conn.execute(update(sms_gateways).where(ours).values(where))).rowcount:
        return
    values = {"name": NAME, "kind": "smpp", "sender": "Trubka", "rate": 50, "price": 350, "created_at": time.time()}
    made = await conn.execute(insert(sms_gateways).values(values | where).returning(sms_gateways.c.id))
    last = (await conn.execute(select(func.max(sms_routes.c.position)))).scalar() or 0
    await conn.execute(insert(sms_routes).values(prefix="", gateway_id=made.scalar_one(), position=last + 1))
