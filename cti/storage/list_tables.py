"""Black and white lists of numbers, as a table."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, UniqueConstraint

from cti.storage.schema import metadata

number_lists = Table(
    "number_lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(40), nullable=False),  # E.164, or its beginning
    Column("beginning", Boolean, nullable=False),
    Column("list", String(5), nullable=False),  # black, white
    Column("reason", String(200), nullable=False),
    Column("until", Float),
    Column("created_at", Float, nullable=False),
    Column("created_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("ended_at", Float),  # taken off by hand: may be put back for a while
    UniqueConstraint("number", "beginning"),
)
