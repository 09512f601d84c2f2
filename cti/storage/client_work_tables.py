"""What people do with many clients: segments, imports, likely duplicates and merges."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from cti.storage.schema import metadata

segments = Table(
    "segments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("expression", Text, nullable=False),  # JSON of clients/segments.py
    Column("frozen_at", Float),  # its clients stand in segment_clients since then; None: found anew each time
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("tag", String(32), nullable=False, server_default=""),  # the dialplan is told of its clients by this word
    Column("priority", Integer, nullable=False, server_default="0"),  # of its clients' calls in queues
)

segment_clients = Table(
    "segment_clients",
    metadata,
    Column("segment_id", ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True),
)

import_mappings = Table(
    "import_mappings",
    metadata,
    Column("headings", String(64), primary_key=True),  # sha256 of a file's headings, folded
    Column("fields", Text, nullable=False),  # JSON: the field of each column
    Column("keys", String(60), nullable=False),  # by what clients are known again, comma between
    Column("user_id", Integer),
    Column("used_at", Float, nullable=False),
)

client_runs = Table(
    "client_runs",
    metadata,
    Column("batch", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),  # import | change
    Column("user_id", Integer),
    Column("title", String(400), nullable=False),  # an import's file; what a change sets, JSON: {field: value}
    Column("state", String(12), nullable=False),  # waiting | running | done | cancelled | failed | undoing | undone
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("total", Integer),  # None: nobody knows
    Column("created", Integer, nullable=False, server_default="0"),
    Column("updated", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("faults", Text, nullable=False, server_default="[]"),  # JSON: [row or client, field, what is wrong]
    Column("message", String(400), nullable=False, server_default=""),
    Column("started_at", Float, nullable=False, index=True),
    Column("ended_at", Float),
    Column("undone_at", Float),
)

duplicate_pairs = Table(
    "duplicate_pairs",
    metadata,
    Column("one_id", ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),  # the lower id of the two
    Column("two_id", ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("score", Float, nullable=False, index=True),
    Column("reasons", Text, nullable=False),  # JSON: [[reason, equal value], ...]
    Column("found_at", Float, nullable=False),
    Column("dismissed_at", Float),  # a person says that they are two
    Column("dismissed_by", Integer),
)

client_merges = Table(
    "client_merges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kept_id", Integer, nullable=False, index=True),
    Column("gone_id", Integer, nullable=False, index=True),  # no client now; its address leads to kept_id
    Column("at", Float, nullable=False),
    Column("user_id", Integer),
    Column("record", Text, nullable=False),  # JSON: all that is needed to take it back
    Column("undone_at", Float),
)
