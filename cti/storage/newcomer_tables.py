"""Links that are shown once: a newcomer's first way in, and the settings that a telephone fetches. Hashes only."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Integer, String, Table

from cti.storage.schema import metadata

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("until", Float, nullable=False),
)

phone_links = Table(
    "phone_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("pbx", String(31), nullable=False),
    Column("device", String(80), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("mac", String(12), nullable=False, server_default=""),
    Column("left", Integer, nullable=False),  # how often it may be fetched yet
    Column("until", Float, nullable=False),
    Column("fetched_at", Float),
    CheckConstraint("kind in ('yealink', 'grandstream', 'linphone')", name="kind"),
)
