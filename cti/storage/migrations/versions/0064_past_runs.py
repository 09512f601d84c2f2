"""Version 64: imports of the past go on after a crash, databases of PBXes, absences tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("past_imports", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.add_column("past_imports", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("past_imports", sa.Column("message", sa.String(length=300), server_default="", nullable=False))
    op.add_column("absences", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("absences", sa.Column("again_at", sa.Float(), server_default="0", nullable=False))
    op.create_table(
        "past_databases",
        sa.Column("pbx", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("cdr_table", sa.String(length=64), nullable=False),
        sa.Column("queue_log_table", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", name=op.f("pk_past_databases")),
    )
