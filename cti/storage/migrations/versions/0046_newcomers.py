"""Version 46: links that are shown once, to sign in first and to fetch a telephone's settings."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_links_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_links")),
    )
    op.create_index(op.f("ix_sign_in_links_user_id"), "sign_in_links", ["user_id"])
    op.create_table(
        "phone_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("pbx", sa.String(length=31), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("mac", sa.String(length=12), server_default="", nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("fetched_at", sa.Float(), nullable=True),
        sa.CheckConstraint("kind in ('yealink', 'grandstream', 'linphone')", name=op.f("ck_phone_links_kind")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_phone_links")),
    )
