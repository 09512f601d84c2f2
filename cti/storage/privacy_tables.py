"""Personal data: who looked at whom, and whose data was erased."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from cti.storage.schema import metadata

access_log = Table(
    "access_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("user_id", Integer),
    Column("login", String(64), nullable=False),  # as it was then
    Column("action", String(12), nullable=False),  # view | search | export | print | change | log | spy
    Column("thing", String(120), nullable=False),  # client:12, clients, call:ID, access-log
    Column("count", Integer, nullable=False, server_default="1"),  # how many persons' data it showed
    Column("clients", Text, nullable=False, server_default=""),  # their ids, comma between, as far as they are told
    Column("address", String(45), nullable=False, server_default=""),
    Column("why", String(400), nullable=False, server_default=""),
    Column("chain", String(64), nullable=False),  # sha256 of the line and of the line before
    Index(None, "user_id", "at"),
)

access_head = Table(  # one row: the last line, so that one cut off at the end is missed
    "access_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("chain", String(64), nullable=False),
    Column("alarmed", Integer, nullable=False),  # up to this line admins were told of large exports
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("user_id", Integer),
    Column("client_id", Integer, nullable=False),
    Column("reason", String(400), nullable=False),
    Column("act", Text, nullable=False),  # JSON: what was erased, by kind and count
)

erased_letters = Table(  # which letters of the erased are not taken in again (storage/erased_letters.py)
    "erased_letters",
    metadata,
    Column("mark", String(32), primary_key=True),  # a keyed hash
    Column("at", Float, nullable=False),
)
