"""Version 24: call-backs ordered on the company's site with their keys, and what people said of missed calls."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add three tables."""
    op.create_table(
        "callback_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=80), server_default="", nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("origins", sa.Text(), server_default="", nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("per_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_callback_keys_team_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_callback_keys_token_hash")),
    )
    op.create_table(
        "callback_orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=160), server_default="", nullable=False),
        sa.Column("comment", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("page", sa.String(length=400), server_default="", nullable=False),
        sa.Column("wished_at", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        *_marks(),
        sa.ForeignKeyConstraint(
            ["key_id"], ["callback_keys.id"], name=op.f("fk_callback_orders_key_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_callback_orders_client_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["users.id"], name=op.f("fk_callback_orders_taken_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_orders")),
        sa.UniqueConstraint("key_id", "client_key", name=op.f("uq_callback_orders_key_id_client_key")),
    )
    op.create_index(op.f("ix_callback_orders_client_id"), "callback_orders", ["client_id"])
    op.create_index(op.f("ix_callback_orders_number"), "callback_orders", ["number"])
    still = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_callback_orders_open", "callback_orders", ["created_at"], sqlite_where=still, postgresql_where=still
    )
    op.create_table(
        "missed_marks",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        *_marks(),
        sa.ForeignKeyConstraint(["taken_by"], ["users.id"], name=op.f("fk_missed_marks_taken_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_missed_marks")),
    )


def _marks() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_until", sa.Float(), nullable=True),
        sa.Column("later_until", sa.Float(), nullable=True),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=200), server_default="", nullable=False),
    )
