"""Version 14: what came of the calls that the server places to test itself."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "test_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registrar", sa.String(length=40), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("said", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=200), server_default="", nullable=False),
        sa.Column("card_ms", sa.Float(), nullable=True),
        sa.Column("shown_ms", sa.Float(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_test_calls_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_calls")),
    )
    op.create_index("ix_test_calls_at", "test_calls", ["at"], unique=False)
