"""Version 36: when the last letter of a client came or went."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Add the column, and say it of the letters that there are."""
    op.add_column("clients", sa.Column("last_letter_at", sa.Float(), nullable=True))
    op.create_index(op.f("ix_clients_last_letter_at"), "clients", ["last_letter_at"], unique=False)
    op.execute(
        "UPDATE clients SET last_letter_at = (SELECT max(letters.sent_at) FROM letters"
        " WHERE letters.client_id = clients.id AND letters.shared)"
        " WHERE id IN (SELECT client_id FROM letters WHERE client_id IS NOT NULL)"
    )
