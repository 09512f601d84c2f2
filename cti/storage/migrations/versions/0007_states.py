"""Version 7: what people are for the queues, every change of it; reasons for a pause; settings of queues."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the journal of states with its corrections, the reasons and the queues' settings."""
    op.create_table(
        "agent_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=80), server_default="", nullable=False),
        sa.Column("said_by", sa.String(length=12), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.Float(), nullable=True),
        sa.Column("back", sa.String(length=12), server_default="ready", nullable=False),
        sa.Column("back_reason", sa.String(length=80), server_default="", nullable=False),
        sa.Column("queue", sa.String(length=80), server_default="", nullable=False),
        sa.Column("call_id", sa.String(length=80), server_default="", nullable=False),
        sa.Column("held", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_agent_states_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_states")),
    )
    op.create_index(op.f("ix_agent_states_user_id_at"), "agent_states", ["user_id", "at"], unique=False)
    op.create_table(
        "agent_state_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=80), server_default="", nullable=False),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["state_id"],
            ["agent_states.id"],
            name=op.f("fk_agent_state_corrections_state_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_state_corrections")),
    )
    op.create_index(op.f("ix_agent_state_corrections_state_id"), "agent_state_corrections", ["state_id"], unique=False)
    op.create_table(
        "pause_reasons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("work", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause_reasons")),
        sa.UniqueConstraint("name", name=op.f("uq_pause_reasons_name")),
    )
    op.create_table(
        "queue_settings",
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("wrap_up_s", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_queue_settings")),
    )
