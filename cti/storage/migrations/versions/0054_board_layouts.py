"""Version 54: how people have set up their live boards."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "board_layouts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("layout", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_board_layouts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_board_layouts")),
    )
