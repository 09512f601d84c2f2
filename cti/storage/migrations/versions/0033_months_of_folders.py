"""Version 33: of how many months a folder's letters are taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the column; what is known was taken in as its mailbox says now."""
    op.add_column("mail_folders", sa.Column("history_months", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE mail_folders SET history_months ="
        " (SELECT history_months FROM mailboxes WHERE mailboxes.id = mail_folders.mailbox_id)"
    )
