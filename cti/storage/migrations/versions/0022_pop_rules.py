"""Version 22: when a card comes and what it does, by queue."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the rules."""
    op.create_table(
        "pop_rules",
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=8), nullable=False),
        sa.Column("none", sa.String(length=8), nullable=False),
        sa.Column("one", sa.String(length=8), nullable=False),
        sa.Column("several", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_pop_rules")),
    )
