"""Version 9: segments that tell the dialplan of their clients, by a word and a priority."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """The word and the priority."""
    op.add_column("segments", sa.Column("tag", sa.String(length=32), server_default="", nullable=False))
    op.add_column("segments", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
