"""Version 21: desk phones that are nobody's own, who sits at them, and the PIN that is asked there."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the desks; nobody sits at one yet."""
    op.create_table(
        "shared_desks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=16), server_default="auto", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("seated_at", sa.Float(), nullable=True),
        sa.Column("chosen", sa.Boolean(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shared_desks_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_desks")),
        sa.UniqueConstraint("name", name=op.f("uq_shared_desks_name")),
        sa.UniqueConstraint("user_id", name=op.f("uq_shared_desks_user_id")),
    )
    op.add_column("users", sa.Column("desk_pin", sa.String(length=200), nullable=True))
    op.add_column("agent_states", sa.Column("desk", sa.String(length=80), server_default="", nullable=False))
