"""Version 18: what follows a call: call-backs and tasks with a reminder, also for a number that is nobody's."""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

COLUMNS = ["id", "client_id", "what", "due_at", "owner_id", "made_by", "created_at", "done_at", "done_by"]
INDEXES = {"ix_client_tasks_open": ["client_id"], "ix_client_tasks_own": ["owner_id", "due_at"]}


def upgrade() -> None:
    """Tasks may be without a client; those whose time is yet to come remind of it, older ones do not."""
    op.add_column("dispositions", sa.Column("next_step", sa.String(length=8), server_default="", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("client_tasks", "client_id", nullable=True)
        for column in _added():
            op.add_column("client_tasks", column)
    else:
        _rebuilt()
    still = sa.text("done_at IS NULL")
    op.create_index("ix_client_tasks_remind", "client_tasks", ["remind_at"], sqlite_where=still, postgresql_where=still)
    op.create_index(op.f("ix_client_tasks_call_id"), "client_tasks", ["call_id"])
    op.get_bind().execute(
        sa.text("UPDATE client_tasks SET remind_at = due_at WHERE done_at IS NULL AND due_at > :now"),
        {"now": time.time()},
    )


def _added() -> list[sa.Column[Any]]:
    return [
        sa.Column("kind", sa.String(length=8), server_default="task", nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("remind_at", sa.Float(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
    ]


def _rebuilt() -> None:
    """SQLite cannot let a column be empty that might not be: the table is written anew."""
    op.execute("CREATE TABLE client_tasks_before AS SELECT * FROM client_tasks")
    op.drop_table("client_tasks")
    op.create_table(
        "client_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(length=400), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        *_added(),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_tasks_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_client_tasks_owner_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_tasks")),
    )
    before, now = (sa.table(name, *map(sa.column, COLUMNS)) for name in ("client_tasks_before", "client_tasks"))
    op.execute(sa.insert(now).from_select(COLUMNS, sa.select(*before.c)))
    op.drop_table("client_tasks_before")
    op.create_index(op.f("ix_client_tasks_client_id_created_at"), "client_tasks", ["client_id", "created_at"])
    still = sa.text("done_at IS NULL")
    for name, columns in INDEXES.items():
        op.create_index(name, "client_tasks", columns, sqlite_where=still)
