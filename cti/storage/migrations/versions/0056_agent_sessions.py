"""Version 56: sessions of people, calls beside them, how long it rang, what was handed on; targets of the figures.

All that was counted of people is counted again in the background, newest first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

NUMBERS = ("session_ms", "outside_ms", "twice_ms", "ring_ms", "sessions", "transferred")


def upgrade() -> None:
    """Add the columns, marks of all that was counted, the table of targets, and what outcomes are counted by."""
    for name in NUMBERS:
        op.add_column("agent_quarters", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "INSERT INTO agent_marks (user_id, since, until)"
        " SELECT user_id, at - at % 86400, at - at % 86400 + 86399 FROM agent_quarters GROUP BY 1, 2, 3 ORDER BY 2"
    )
    op.create_index("ix_call_dispositions_at", "call_dispositions", ["at"])
    op.create_table(
        "figure_targets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("figure", sa.String(length=40), nullable=False),
        sa.Column("whose", sa.String(length=80), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_targets")),
    )
    op.create_index("ix_figure_targets_figure_whose_since", "figure_targets", ["figure", "whose", "since"])
