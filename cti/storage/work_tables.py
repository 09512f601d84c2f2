"""What waits to be done: call-backs that were ordered on the company's site, and what people said of missed calls."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from cti.storage.schema import metadata

callback_keys = Table(
    "callback_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("queue", String(80), nullable=False, server_default=""),  # whose orders they are: "" for everybody's
    Column("team_id", ForeignKey("teams.id", ondelete="SET NULL")),
    Column("origins", Text, nullable=False, server_default=""),  # pages of which sites may send, one a line
    Column("per_minute", Integer, nullable=False),
    Column("per_number", Integer, nullable=False),  # an hour
    Column("created_at", Float, nullable=False),
    Column("created_by", Integer),
    Column("revoked_at", Float),
    Column("used_at", Float),
)

callback_orders = Table(
    "callback_orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_id", ForeignKey("callback_keys.id", ondelete="CASCADE"), nullable=False),
    Column("client_key", String(64), nullable=False),  # made by the sender: a repeated order is one
    Column("number", String(40), nullable=False, index=True),  # E.164
    Column("name", String(160), nullable=False, server_default=""),
    Column("comment", String(1000), nullable=False, server_default=""),
    Column("page", String(400), nullable=False, server_default=""),
    Column("wished_at", Float),
    Column("created_at", Float, nullable=False),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("taken_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("taken_until", Float),
    Column("later_until", Float),
    Column("closed_at", Float),
    Column("closed_by", Integer),
    Column("why", String(200), nullable=False, server_default=""),
    UniqueConstraint("key_id", "client_key"),
    Index(None, "key_id", "created_at"),  # the limits of a key: each order counts those of the last minute and hour
    Index(
        "ix_callback_orders_open",
        "created_at",
        sqlite_where=Column("closed_at").is_(None),
        postgresql_where=Column("closed_at").is_(None),
    ),
)

kept_places = Table(
    "kept_places",
    metadata,
    Column("order_id", ForeignKey("callback_orders.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("call_id", String(80), nullable=False),  # in which he asked
    Column("prefix", String(40), nullable=False),  # of the PBX's ids
    Column("queue", String(80), nullable=False),
    Column("joined_at", Float, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, nullable=False, server_default="0"),
    Column("placed", String(40), nullable=False, server_default=""),  # request id of the call on its way
    Column("placed_at", Float),
    Column("given_up_at", Float),  # agents call by hand
)

missed_marks = Table(
    "missed_marks",
    metadata,
    Column("call_id", String(80), primary_key=True),  # the last try as it then was; the newest mark of a client counts
    Column("at", Float, nullable=False),
    Column("taken_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("taken_until", Float),
    Column("later_until", Float),
    Column("closed_at", Float),
    Column("closed_by", Integer),
    Column("why", String(200), nullable=False, server_default=""),
)
