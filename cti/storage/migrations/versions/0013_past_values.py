"""Version 13: what was said of one client by one property is found at once: a report for March asks it of each."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Index the history of values by client, property and time in place of by client."""
    op.drop_index("ix_value_history_client_id", "value_history")
    columns = ["client_id", "property_id", "until"]
    op.create_index(op.f("ix_value_history_client_id_property_id_until"), "value_history", columns, unique=False)
