"""Version 20: what the dialplan said of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "call_variables",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_variables")),
        sa.UniqueConstraint("call_id", "name", name=op.f("uq_call_variables_call_id_name")),
    )
