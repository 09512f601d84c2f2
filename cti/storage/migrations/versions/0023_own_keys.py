"""Version 23: keys of the panel that a person set otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add them; nobody has any."""
    op.add_column("users", sa.Column("own_keys", sa.Text(), server_default="", nullable=False))
