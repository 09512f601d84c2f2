"""How people have set up their live boards, and the links by which screens without a person show one."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from cti.storage.schema import metadata

board_layouts = Table(
    "board_layouts",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("layout", String(1000), nullable=False),  # JSON of cti/board.py, Layout
)

board_links = Table(
    "board_links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),  # with whose eyes
    Column("name", String(80), nullable=False),
    Column("look", Text, nullable=False),  # JSON of cti/board.py, ScreenLook
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("revoked_at", Float),
    Column("seen_at", Float),
)
