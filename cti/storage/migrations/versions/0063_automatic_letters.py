"""Version 63: letters that say that a program wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    """Add the column."""
    op.add_column("outbox", sa.Column("automatic", sa.Integer(), server_default="0", nullable=False))
