"""Version 32: letters of the erased are known by keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "erased_letters",
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_erased_letters")),
    )
