"""Version 35: where a draft lies in Drafts."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Add the column."""
    op.add_column("outbox", sa.Column("draft_place", sa.String(32), server_default="", nullable=False))
