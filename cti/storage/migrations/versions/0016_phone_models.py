"""Version 16: how a desk phone picks up by itself on click-to-dial, said for each."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the model; all are told by what they say of themselves, as before."""
    op.add_column("devices", sa.Column("model", sa.String(length=16), server_default="auto", nullable=False))
