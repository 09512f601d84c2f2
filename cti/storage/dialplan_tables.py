"""Dialplans: of each PBX its mode, a draft with the steps that can be taken back, versions, traces, secrets."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cti.storage.schema import metadata

PBX = 31  # letters of a PBX's name in the settings

dialplan_modes = Table(
    "dialplan_modes",
    metadata,
    Column("pbx", String(PBX), primary_key=True),
    Column("mode", String(8), nullable=False),  # no row: guest
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    CheckConstraint("mode in ('guest', 'owner')", name="mode"),
)

dialplan_drafts = Table(
    "dialplan_drafts",
    metadata,
    Column("pbx", String(PBX), primary_key=True),
    Column("body", Text, nullable=False),  # JSON of cti/plan_json.py
    Column("revision", Integer, nullable=False),
    Column("base", Integer, nullable=False, server_default="0"),  # the version it was made of, 0: of none
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("changed_at", Float, nullable=False),
)

dialplan_steps = Table(  # what a draft was before each of its last changes
    "dialplan_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String(PBX), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("base", Integer, nullable=False, server_default="0"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
)

dialplan_versions = Table(
    "dialplan_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String(PBX), nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("digests", Text, nullable=False, server_default="{}"),  # JSON: SHA-256 of each file by its name
    Column("state", String(12), nullable=False),  # publishing, running, replaced, undone
    Column("note", String(500), nullable=False, server_default=""),
    Column("of", Integer, nullable=False, server_default="0"),  # the version that was gone back to
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("author", String(120), nullable=False, server_default=""),  # who has no account: the login of a console
    Column("at", Float, nullable=False),
    Column("took_ms", Integer, nullable=False, server_default="0"),
    Column("why", String(16), nullable=False, server_default=""),  # code of why it was undone
    Column("said", String(1000), nullable=False, server_default=""),  # and what about it
    UniqueConstraint("pbx", "number"),
    CheckConstraint("state in ('publishing', 'running', 'replaced', 'undone')", name="state"),
)
Index(
    "ix_dialplan_versions_running",
    dialplan_versions.c.pbx,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

dialplan_traces = Table(
    "dialplan_traces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String(PBX), nullable=False, index=True),
    Column("title", String(120), nullable=False),
    Column("asked", Text, nullable=False),  # JSON: the call
    Column("expected", Text, nullable=False),  # JSON: the steps it takes
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
)

dialplan_secrets = Table(
    "dialplan_secrets",
    metadata,
    Column("pbx", String(PBX), primary_key=True),
    Column("name", String(80), primary_key=True),  # an endpoint, or `box-` and a mailbox
    Column("sealed", Text, nullable=False),
)
