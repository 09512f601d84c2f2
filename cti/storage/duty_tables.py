"""What people were for the queues, every change of it, and the reasons they may give."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from cti.storage.schema import metadata

agent_states = Table(
    "agent_states",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String(12), nullable=False),  # logged-off | not-ready | ready | after-call
    Column("reason", String(80), nullable=False, server_default=""),  # as it was called then
    Column("said_by", String(12), nullable=False),  # person | supervisor | pbx | server
    Column("by_user_id", Integer),
    Column("until", Float),
    Column("back", String(12), nullable=False, server_default="ready"),
    Column("back_reason", String(80), nullable=False, server_default=""),
    Column("queue", String(80), nullable=False, server_default=""),
    Column("call_id", String(80), nullable=False, server_default=""),
    Column("held", Boolean, nullable=False, server_default="0"),
    Column("desk", String(80), nullable=False, server_default=""),  # the shared desk phone at which he sat
    Column("past_id", Integer),  # the import that told of it; None: it was seen
    Index(None, "user_id", "at"),
    Index(None, "call_id"),
    Index(
        "ix_agent_states_past",
        "past_id",
        sqlite_where=Column("past_id").is_not(None),
        postgresql_where=Column("past_id").is_not(None),
    ),
)

agent_state_corrections = Table(
    "agent_state_corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state_id", ForeignKey("agent_states.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("user_id", Integer),  # who corrects
    Column("state", String(12), nullable=False),  # what it really was
    Column("reason", String(80), nullable=False, server_default=""),
    Column("why", String(400), nullable=False),
)

pause_reasons = Table(
    "pause_reasons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("work", Boolean, nullable=False, server_default="0"),  # working time (training, letters), not a break
    Column("retired_at", Float),
)

queue_settings = Table(
    "queue_settings",
    metadata,
    Column("queue", String(80), primary_key=True),
    Column("wrap_up_s", Integer),  # None: agents.wrap_up_s of the settings
    Column("disposition_required", Boolean, nullable=False, server_default="0"),
)

pop_rules = Table(
    "pop_rules",
    metadata,
    Column("queue", String(80), primary_key=True),  # "": calls without a queue
    Column("at", String(8), nullable=False),  # ring | answer | hand
    Column("none", String(8), nullable=False),
    Column("one", String(8), nullable=False),
    Column("several", String(8), nullable=False),
)

outside_page = Table(
    "outside_page",
    metadata,
    Column("id", Integer, primary_key=True),  # 1: there is one, or none
    Column("template", String(1000), nullable=False),
    Column("opens", String(8), nullable=False),  # button | auto | instead
)
