"""Version 37: the conversation that Outlook counts a letter to."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add it; letters that are here already have none."""
    op.add_column("letters", sa.Column("outlook_id", sa.String(44), nullable=False, server_default=""))
