"""Version 39: letters that no program may answer."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add it; of letters that are here already it is not known."""
    op.add_column("letters", sa.Column("quiet", sa.Boolean(), nullable=False, server_default="0"))
