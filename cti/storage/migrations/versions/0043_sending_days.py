"""Version 43: what SMS have cost, by day."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "sending_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("spent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("messages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("own", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stopped_at", sa.Float(), nullable=True),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sending_days")),
    )
