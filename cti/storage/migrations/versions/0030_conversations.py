"""Version 30: lists of conversations, and by what letters are found to be of one."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add two tables and a column."""
    op.add_column("conversations", sa.Column("by_hand", sa.Boolean(), server_default="0", nullable=False))
    boxes = "conversation_boxes"
    op.create_table(
        boxes,
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_boxes_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_conversation_boxes_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "mailbox_id", name=op.f("pk_conversation_boxes")),
    )
    for columns in (
        ["mailbox_id", "last_at", "conversation_id"],
        ["mailbox_id", "state", "last_at", "conversation_id"],
    ):
        op.create_index(op.f(f"ix_{boxes}_{'_'.join(columns)}"), boxes, columns, unique=False)
    op.create_table(
        "letter_refs",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_letter_refs_letter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mark", "letter_id", name=op.f("pk_letter_refs")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_letter_refs_letter_id"), "letter_refs", ["letter_id"], unique=False)
