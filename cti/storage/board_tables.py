"""How people have set up their live boards."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from cti.storage.schema import metadata

board_layouts = Table(
    "board_layouts",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("layout", String(1000), nullable=False),  # JSON of cti/board.py, Layout
)
