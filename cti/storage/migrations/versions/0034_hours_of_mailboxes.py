"""Version 34: working hours of a mailbox, by which the time until an answer is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Add them; without its own a mailbox has those of the house."""
    for name, length in (("hours", 11), ("weekdays", 7), ("time_zone", 64)):
        op.add_column("mailboxes", sa.Column(name, sa.String(length), nullable=False, server_default=""))
