"""Version 12: notes and tasks of clients; what an e-mail address is; where the clocks of a region stand."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add notes, tasks and three columns."""
    for table, column in (("client_emails", "label"), ("contact_emails", "label"), ("directory_items", "time_zone")):
        op.add_column(table, sa.Column(column, sa.String(length=40), server_default="", nullable=False))
    op.create_table(
        "client_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_notes_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_client_notes_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_notes")),
    )
    notes = op.f("ix_client_notes_client_id_created_at")
    op.create_index(notes, "client_notes", ["client_id", "created_at"], unique=False)
    op.create_table(
        "client_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=400), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_tasks_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_client_tasks_owner_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_tasks")),
    )
    tasks = op.f("ix_client_tasks_client_id_created_at")
    op.create_index(tasks, "client_tasks", ["client_id", "created_at"], unique=False)
    still = sa.text("done_at IS NULL")
    for name, columns in (("ix_client_tasks_open", ["client_id"]), ("ix_client_tasks_own", ["owner_id", "due_at"])):
        op.create_index(name, "client_tasks", columns, unique=False, sqlite_where=still, postgresql_where=still)
