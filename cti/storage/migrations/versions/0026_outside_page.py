"""Version 26: a page of another system about the client of a call."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add it: one row, or none."""
    op.create_table(
        "outside_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(length=1000), nullable=False),
        sa.Column("opens", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_page")),
    )
