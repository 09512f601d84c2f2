"""Version 52: calls and duties that a PBX's own logs told of, and the imports they came with."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """Add the table, and to calls and duties the import that told of them."""
    op.create_table(
        "past_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("pbx", sa.String(length=32), server_default="", nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("lines", sa.Integer(), server_default="0", nullable=False),
        sa.Column("torn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("odd", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made", sa.Integer(), server_default="0", nullable=False),
        sa.Column("filled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("known", sa.Integer(), server_default="0", nullable=False),
        sa.Column("states", sa.Integer(), server_default="0", nullable=False),
        sa.Column("strangers", sa.Text(), server_default="[]", nullable=False),
        sa.Column("first_at", sa.Float(), nullable=True),
        sa.Column("last_at", sa.Float(), nullable=True),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_imports")),
    )
    for table in ("calls", "agent_states"):
        op.add_column(table, sa.Column("past_id", sa.Integer(), nullable=True))
        told = sa.text("past_id IS NOT NULL")
        op.create_index(f"ix_{table}_past", table, ["past_id"], sqlite_where=told, postgresql_where=told)
