"""Recordings of calls: what the dialplan told of each, what was found of its file, and the chain of their hashes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, false

from cti.storage.schema import metadata

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(32), primary_key=True),  # of chance: who may not hear it cannot guess it either
    Column("call_id", String(80), nullable=False, index=True),  # no key: it may come before the call's row is written
    Column("pbx", String(32), nullable=False, server_default=""),
    Column("file", String(200), nullable=False),  # below the PBX's folder of recordings
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("announced", Boolean, nullable=False, server_default=false()),
    Column("demanded", Boolean, nullable=False, server_default=false()),  # by a key in the call
    Column("state", String(12), nullable=False, server_default="preparing"),  # preparing | there | absent | deleted
    Column("why", String(12), nullable=False, server_default=""),  # why absent or deleted
    Column("size", Integer),
    Column("duration_s", Float),
    Column("sha256", String(64), nullable=False, server_default=""),
    Column("peaks", Text, nullable=False, server_default=""),  # how loud each piece is: a letter each
    Column("gone_at", Float),  # deleted, and its file is off the disk
    Column("held_at", Float),  # from then on nothing deletes it
    Column("held_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("held_until", Float),  # None: until somebody says otherwise
    Column("held_why", String(400), nullable=False, server_default=""),
    Column("leg", String(120), nullable=False, server_default=""),  # the channel that is recorded
    Column("kept_as", String(220), nullable=False, server_default=""),  # its file now, where it is not `file` any more
    Column("made_from", String(64), nullable=False, server_default=""),  # SHA-256 of what it was converted from
    Column("archived_at", Float),  # it lies in the archive, no more in the PBX's folder
    Column("left_file", String(220), nullable=False, server_default=""),  # what is still to go from the PBX's folder
    UniqueConstraint("pbx", "file"),
    Index("ix_recordings_of_state", "state", "started_at"),
)

recording_gaps = Table(
    "recording_gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float),  # None: it is paused now
    Column("why", String(8), nullable=False),  # agent | field
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
)

recording_chain = Table(
    "recording_chain",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day", String(10), nullable=False, index=True),
    Column("recording_id", String(32), nullable=False, index=True),  # no key: the hash outlives the row
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("chain", String(64), nullable=False),
    Column("made_from", String(64), nullable=False, server_default=""),  # a file converted: the hash of the one before
)

recording_rules = Table(
    "recording_rules",
    metadata,
    Column("queue", String(80), primary_key=True),  # "": all that have none of their own
    Column("keep_days", Integer),  # None: for good
    Column("demanded", Boolean, nullable=False, server_default=false()),  # each talk ought to be recorded
    Column("since", Float, nullable=False),  # nothing is deleted by it before
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
)
