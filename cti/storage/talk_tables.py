"""What is kept with a conversation: marks that people set in it, what the dialplan said of it."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, UniqueConstraint

from cti.storage.schema import metadata

call_marks = Table(
    "call_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False, index=True),  # no key: it may come before the call's row is written
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    Column("text", String(500), nullable=False, server_default=""),
)

call_variables = Table(
    "call_variables",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("name", String(40), nullable=False),
    Column("value", String(200), nullable=False),
    UniqueConstraint("call_id", "name"),
)
