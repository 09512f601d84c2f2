"""Version 60: how long recordings are kept by queue, what was converted, what lies in the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    """Add the columns and the table."""
    for name, length in (("kept_as", 220), ("made_from", 64), ("left_file", 220)):
        op.add_column("recordings", sa.Column(name, sa.String(length=length), server_default="", nullable=False))
    op.add_column("recordings", sa.Column("archived_at", sa.Float(), nullable=True))
    op.add_column("recording_chain", sa.Column("made_from", sa.String(length=64), server_default="", nullable=False))
    op.create_table(
        "recording_rules",
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("demanded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recording_rules_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_recording_rules")),
    )
