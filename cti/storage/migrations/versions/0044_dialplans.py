"""Version 44: dialplans that are made in the panel: drafts, versions, traces, secrets of phones."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def _user(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_user_id")
    return (
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="SET NULL"),
    )


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "dialplan_modes",
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        *_user("dialplan_modes"),
        sa.Column("at", sa.Float(), nullable=False),
        sa.CheckConstraint("mode in ('guest', 'owner')", name=op.f("ck_dialplan_modes_mode")),
        sa.PrimaryKeyConstraint("pbx", name=op.f("pk_dialplan_modes")),
    )
    op.create_table(
        "dialplan_drafts",
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), server_default="0", nullable=False),
        *_user("dialplan_drafts"),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", name=op.f("pk_dialplan_drafts")),
    )
    op.create_table(
        "dialplan_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("base", sa.Integer(), server_default="0", nullable=False),
        *_user("dialplan_steps"),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialplan_steps")),
    )
    op.create_index(op.f("ix_dialplan_steps_pbx"), "dialplan_steps", ["pbx"])
    op.create_table(
        "dialplan_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digests", sa.Text(), server_default="{}", nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("of", sa.Integer(), server_default="0", nullable=False),
        *_user("dialplan_versions"),
        sa.Column("author", sa.String(length=120), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("took_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.String(length=16), server_default="", nullable=False),
        sa.Column("said", sa.String(length=1000), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('publishing', 'running', 'replaced', 'undone')", name=op.f("ck_dialplan_versions_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialplan_versions")),
        sa.UniqueConstraint("pbx", "number", name=op.f("uq_dialplan_versions_pbx_number")),
    )
    running = sa.text("state = 'running'")
    op.create_index(
        "ix_dialplan_versions_running",
        "dialplan_versions",
        ["pbx"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "dialplan_traces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        *_user("dialplan_traces"),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialplan_traces")),
    )
    op.create_index(op.f("ix_dialplan_traces_pbx"), "dialplan_traces", ["pbx"])
    op.create_table(
        "dialplan_secrets",
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "name", name=op.f("pk_dialplan_secrets")),
    )
