"""Version 6: what an admin changed of a role's rights."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One row per role that differs from its defaults."""
    op.create_table(
        "role_rights",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_role_rights")),
    )
