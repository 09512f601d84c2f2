"""Version 11: indexes for pages out of a million clients in any order, and for what calls say of clients."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Index what clients are sorted by; one index of calls that has all that is asked of them by client."""
    op.create_index(op.f("ix_clients_full_name"), "clients", ["full_name"], unique=False)
    op.create_index(op.f("ix_clients_source_id"), "clients", ["source_id"], unique=False)
    said = sa.Column("text").is_not(None)
    op.create_index(
        "ix_client_values_text",
        "client_values",
        ["property_id", "text", "client_id"],
        unique=False,
        sqlite_where=said,
        postgresql_where=said,
    )
    op.drop_index("ix_calls_client_id_started_at", "calls")
    op.create_index("ix_calls_of_client", "calls", ["client_id", "started_at", "answered_at", "ended_at"], unique=False)
