"""Version 69: who the agents of a PBX's old logs are, and which queues."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "past_names",
        sa.Column("pbx", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_past_names_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pbx", "kind", "name", name=op.f("pk_past_names")),
    )
