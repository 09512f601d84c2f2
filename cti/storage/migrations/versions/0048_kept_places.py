"""Version 48: places in queues that are kept for who asked to be called back."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "kept_places",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("joined_at", sa.Float(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Float(), server_default="0", nullable=False),
        sa.Column("placed", sa.String(length=40), server_default="", nullable=False),
        sa.Column("placed_at", sa.Float(), nullable=True),
        sa.Column("given_up_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["callback_orders.id"], name=op.f("fk_kept_places_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_kept_places")),
    )
