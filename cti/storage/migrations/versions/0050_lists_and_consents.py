"""Version 50: questionnaires of call lists alone; consents that were taken back with their import."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"

COLUMNS = ["id", "queue", "name", "questions", "next_question"]


def upgrade() -> None:
    """A questionnaire need not be a queue's; a consent may say that it does not hold any more."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("scripts", "queue", nullable=True)
    else:
        _rebuilt()
    op.add_column("consents", sa.Column("undone_at", sa.Float(), nullable=True))


def _rebuilt() -> None:
    """SQLite cannot let a column be empty that might not be: the table is written anew."""
    op.execute("CREATE TABLE scripts_before AS SELECT * FROM scripts")
    op.drop_table("scripts")
    op.create_table(
        "scripts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("next_question", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scripts")),
        sa.UniqueConstraint("queue", name=op.f("uq_scripts_queue")),
    )
    before, now = (sa.table(name, *map(sa.column, COLUMNS)) for name in ("scripts_before", "scripts"))
    op.execute(sa.insert(now).from_select(COLUMNS, sa.select(*before.c)))
    op.drop_table("scripts_before")
