"""Version 72: incoming calls by the number that was called are counted by days, what changed of them since beside it.

Triggers tell of every change of a call; whoever counts adds it to the days (storage/number_rollups.py). What is there
already is counted here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"

KIND = (  # as number_rollups.KIND
    "CASE WHEN {row}.answered_at IS NOT NULL THEN 'answered' WHEN {row}.outcome = 'abandoned' THEN 'abandoned'"
    " WHEN {row}.outcome IS NOT NULL THEN 'others' WHEN {row}.ended_at IS NULL THEN 'open' ELSE 'unseen' END"
)
KEY = "{day}, COALESCE({row}.queue, ''), COALESCE({row}.called, ''), " + KIND
CHANGED = ("direction", "started_at", "queue", "called")


def upgrade() -> None:
    """Add both tables and the triggers, and count what is there."""
    for table, first in (
        ("number_days", ()),
        ("number_changes", (sa.Column("id", sa.Integer(), nullable=False),)),
    ):
        keys = ("id",) if first else ("at", "queue", "called", "kind")
        op.create_table(
            table,
            *first,
            sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("queue", sa.String(length=80), nullable=False),
            sa.Column("called", sa.String(length=80), nullable=False),
            sa.Column("kind", sa.String(length=10), nullable=False),
            sa.Column("n", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
            **({} if first else {"sqlite_with_rowid": False}),
        )
    op.execute(
        f"INSERT INTO number_days (at, queue, called, kind, n) SELECT {_key('calls')}, COUNT(*)"  # noqa: S608 - our own words
        " FROM calls WHERE direction = 'inbound' GROUP BY 1, 2, 3, 4"
    )
    more, less = _told("new", 1), _told("old", -1)
    changed = [f"old.{name} {{differs}} new.{name}" for name in CHANGED]
    changed.append(f"{KIND.format(row='old')} <> {KIND.format(row='new')}")
    _trigger("insert", "new.direction = 'inbound'", more)
    _trigger("update", " OR ".join(changed), less + more)
    _trigger("delete", "old.direction = 'inbound'", less)


def _key(row: str) -> str:
    whole = "CAST({0} AS INTEGER)" if op.get_bind().dialect.name == "sqlite" else "CAST(FLOOR({0}) AS BIGINT)"
    return KEY.format(row=row, day=f"{whole.format(f'{row}.started_at / 86400')} * 86400")


def _told(row: str, n: int) -> str:
    return (
        f"INSERT INTO number_changes (at, queue, called, kind, n) SELECT {_key(row)}, {n}"
        f" WHERE {row}.direction = 'inbound';"
    )


def _trigger(event: str, when: str, statements: str) -> None:
    name = f"mark_numbers_{event}"
    if op.get_bind().dialect.name == "sqlite":
        when = when.format(differs="IS NOT")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON calls WHEN {when} BEGIN {statements} END")
        return
    when = when.format(differs="IS DISTINCT FROM")
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON calls FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
