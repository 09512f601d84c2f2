"""Version 76: counted quarters of people added up to hours and to days of UTC, which triggers keep; what is there is
added now.

Each row says of how many quarters it is, so that it goes with the last of them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"

NUMBERS = (
    "ready_ms", "pause_ms", "wrap_ms", "talk_ms", "hold_ms", "dial_ms", "ignored_ms", "answered", "placed", "missed",
    "session_ms", "outside_ms", "twice_ms", "ring_ms", "sessions", "transferred",
)  # fmt: skip
TABLES = (  # of which, by how many seconds, its key, its numbers
    ("agent_hours", "agent_quarters", 3600, ("at", "user_id"), NUMBERS),
    ("agent_days", "agent_quarters", 86_400, ("user_id", "at"), NUMBERS),
    ("agent_pause_days", "agent_pauses", 86_400, ("user_id", "reason", "at"), ("pause_ms",)),
)


def upgrade() -> None:
    """Add the tables, what is counted, and the triggers."""
    statements: dict[str, tuple[str, str]] = {"agent_quarters": ("", ""), "agent_pauses": ("", "")}
    for table, of, length, key, numbers in TABLES:
        op.create_table(
            table,
            *(_column(name) for name in key),
            sa.Column("quarters", sa.BigInteger(), nullable=False),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        columns = ", ".join((*key, "quarters", *numbers))
        sums = ", ".join(("COUNT(*)", *(f"SUM({name})" for name in numbers)))
        op.execute(
            f"INSERT INTO {table} ({columns}) SELECT {_key(key, '', length)}, {sums} FROM {of}"  # noqa: S608 - our own words
            f" GROUP BY {', '.join(str(place) for place in range(1, len(key) + 1))}"
        )
        more, less = statements[of]
        statements[of] = more + _more(table, length, key, numbers), less + _less(table, length, key, numbers)
    op.create_index(op.f("ix_agent_hours_user_id"), "agent_hours", ["user_id"])
    for of, (more, less) in statements.items():
        for event, what in (("INSERT", more), ("UPDATE", less + more), ("DELETE", less)):
            _trigger(f"mark_{of}_{event.lower()}", event, of, what)


def _column(name: str) -> sa.Column[Any]:
    kind = {"at": sa.BigInteger(), "user_id": sa.Integer()}.get(name, sa.String(length=80))
    return sa.Column(name, kind, autoincrement=False, nullable=False)


def _key(key: tuple[str, ...], row: str, length: int) -> str:
    return ", ".join(f"{row}at - {row}at % {length}" if name == "at" else f"{row}{name}" for name in key)


def _more(table: str, length: int, key: tuple[str, ...], numbers: tuple[str, ...]) -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in ("quarters", *numbers))
    return (
        f"INSERT INTO {table} ({', '.join((*key, 'quarters', *numbers))})"  # noqa: S608 - our own words
        f" VALUES ({_key(key, 'new.', length)}, 1, {', '.join(f'new.{name}' for name in numbers)})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added};"
    )


def _less(table: str, length: int, key: tuple[str, ...], numbers: tuple[str, ...]) -> str:
    is_it = " AND ".join(f"{name} = {_key((name,), 'old.', length)}" for name in key)
    taken = ", ".join(("quarters = quarters - 1", *(f"{name} = {name} - old.{name}" for name in numbers)))
    return (
        f"UPDATE {table} SET {taken} WHERE {is_it};"  # noqa: S608 - our own words
        f" DELETE FROM {table} WHERE {is_it} AND quarters = 0;"
    )


def _trigger(name: str, event: str, table: str, statements: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {statements} END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
