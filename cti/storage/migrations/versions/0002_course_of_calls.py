"""Version 2: talk and hold of each leg, stays in queues, who hung up, unseen ends, and corrections as records."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what the journal keeps of a call's course."""
    for column in ("talk_s", "hold_s", "talking_since"):
        op.add_column("legs", sa.Column(column, sa.Float()))
    op.add_column("calls", sa.Column("released_by", sa.String(length=8)))
    op.add_column("calls", sa.Column("released_leg", sa.String(length=120)))
    op.add_column("calls", sa.Column("cause", sa.Integer()))
    op.add_column("calls", sa.Column("unseen_since", sa.Float()))
    op.add_column("calls", sa.Column("unseen_until", sa.Float()))
    op.create_table(
        "call_waits",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("joined_at", sa.Float(), nullable=True),
        sa.Column("left_at", sa.Float(), nullable=True),
        sa.Column("how", sa.String(length=12), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_waits_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "place", name=op.f("pk_call_waits")),
    )
    op.create_index(op.f("ix_call_waits_queue_joined_at"), "call_waits", ["queue", "joined_at"], unique=False)
    op.create_table(
        "call_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("became", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_corrections")),
    )
    op.create_index(op.f("ix_call_corrections_call_id"), "call_corrections", ["call_id"], unique=False)
