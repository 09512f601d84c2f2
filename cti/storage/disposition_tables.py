"""What came of a conversation, as its person says it: the lists offered and what was said."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from cti.storage.schema import metadata

dispositions = Table(
    "dispositions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("queue", String(80), nullable=False, server_default=""),  # "": of every queue, and of calls without one
    Column("name", String(80), nullable=False),
    Column("color", String(8), nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("retired_at", Float),
    Column("next_step", String(8), nullable=False, server_default=""),  # what it asks for: callback | task
    UniqueConstraint("queue", "name"),
)

call_dispositions = Table(
    "call_dispositions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),  # no key: it may be said before the call's row is written
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("disposition_id", Integer, index=True),
    Column("name", String(80), nullable=False),  # as it was called then
    Column("at", Float, nullable=False, index=True),
    Column("queue", String(80), nullable=False, server_default=""),  # of the call, "": none; triggers keep it (0073)
    UniqueConstraint("call_id", "user_id"),
    Index("ix_call_dispositions_said", "name", "user_id", "at"),
    Index("ix_call_dispositions_queue", "queue", "name", "at", "user_id"),
)
