"""Version 51: recordings of calls, and the chain of their hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("pbx", sa.String(length=32), server_default="", nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("announced", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("demanded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="preparing", nullable=False),
        sa.Column("why", sa.String(length=12), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("sha256", sa.String(length=64), server_default="", nullable=False),
        sa.Column("peaks", sa.Text(), server_default="", nullable=False),
        sa.Column("gone_at", sa.Float(), nullable=True),
        sa.Column("held_at", sa.Float(), nullable=True),
        sa.Column("held_by", sa.Integer(), nullable=True),
        sa.Column("held_until", sa.Float(), nullable=True),
        sa.Column("held_why", sa.String(length=400), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["held_by"], ["users.id"], name=op.f("fk_recordings_held_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("pbx", "file", name=op.f("uq_recordings_pbx_file")),
    )
    op.create_index(op.f("ix_recordings_call_id"), "recordings", ["call_id"])
    op.create_index("ix_recordings_of_state", "recordings", ["state", "started_at"])
    op.create_table(
        "recording_chain",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("recording_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_chain")),
    )
    op.create_index(op.f("ix_recording_chain_day"), "recording_chain", ["day"])
    op.create_index(op.f("ix_recording_chain_recording_id"), "recording_chain", ["recording_id"])
