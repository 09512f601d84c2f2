"""Version 10: changes of many clients stand beside imports, as runs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
KEPT = (
    "batch, user_id, state, rows, created, updated, unchanged, refused, faults, message, started_at, ended_at,"
    " undone_at"
)


def upgrade() -> None:
    """One table of runs, of imports and of changes; the imports there were go into it."""
    op.create_table(
        "client_runs",
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("faults", sa.Text(), server_default="[]", nullable=False),
        sa.Column("message", sa.String(length=400), server_default="", nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("undone_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_client_runs")),
    )
    op.create_index(op.f("ix_client_runs_started_at"), "client_runs", ["started_at"], unique=False)
    op.execute(f"INSERT INTO client_runs ({KEPT}, kind, title) SELECT {KEPT}, 'import', file_name FROM import_runs")  # noqa: S608
    op.drop_table("import_runs")
