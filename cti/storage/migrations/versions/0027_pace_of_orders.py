"""Version 27: orders of a site's key by time, which each new order counts."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the index."""
    name = op.f("ix_callback_orders_key_id_created_at")
    op.create_index(name, "callback_orders", ["key_id", "created_at"])
