"""Version 55: calls are found by queue, outcome, line, number, person and device, newest first; views of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"

ADDED = ("queue", "outcome", "called", "caller_number", "number", "user_id")


def upgrade() -> None:
    """Indexes of the journal by what it is asked for; the table of views."""
    for name in ADDED:
        op.create_index(f"ix_calls_{name}_started_at", "calls", [name, "started_at"])
    for name in ("number", "user_id"):
        op.drop_index(f"ix_calls_{name}", table_name="calls")
    some = sa.text("device IS NOT NULL")
    op.create_index("ix_legs_device", "legs", ["device"], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "call_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_call_views_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_views")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_call_views_user_id_name")),
    )
    op.create_index(op.f("ix_call_views_user_id"), "call_views", ["user_id"], unique=False)
