"""Version 17: clients with whose data nothing may be done are few, and found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Index the restricted clients alone."""
    only = sa.text("restricted_at IS NOT NULL")
    op.create_index(
        "ix_clients_restricted_at", "clients", ["restricted_at"], unique=False, sqlite_where=only, postgresql_where=only
    )
