"""Version 67: when a client called again stands with his call; levels of the numbers that were called are counted.

Triggers keep `next_at` right whatever changes a call. Queues are counted again in the background, newest first, for
the levels of their numbers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"

IS_ONE = "{row}.client_id IS NOT NULL AND {row}.direction = 'inbound'"
NEXT = (  # of each row of `calls` that is updated
    "CASE WHEN client_id IS NOT NULL AND direction = 'inbound' THEN (SELECT n.started_at FROM calls n"
    " WHERE n.client_id = calls.client_id AND n.direction = 'inbound' AND n.started_at >= calls.started_at"
    " AND (n.started_at > calls.started_at OR n.id > calls.id) ORDER BY n.started_at, n.id LIMIT 1) END"
)
BEFORE = (
    f"UPDATE calls SET next_at = {NEXT}"  # noqa: S608 - our own words
    " WHERE id = (SELECT p.id FROM calls p WHERE p.client_id = {row}.client_id"
    " AND p.direction = 'inbound' AND p.started_at <= {row}.started_at"
    " AND (p.started_at < {row}.started_at OR p.id < {row}.id) ORDER BY p.started_at DESC, p.id DESC LIMIT 1);"
)
ITSELF = f"UPDATE calls SET next_at = {NEXT} WHERE id = new.id;"  # noqa: S608 - our own words
MARKS = (  # as 0049_rollups.py has them, with the number that was called
    "INSERT INTO queue_marks (queue, since, until) SELECT queue, joined_at, joined_at FROM call_waits"
    " WHERE call_id = new.id AND joined_at IS NOT NULL;"
    " INSERT INTO agent_marks (user_id, since, until) SELECT user_id, COALESCE(rang_at, answered_at),"
    " COALESCE(ended_at, answered_at + 86400, rang_at) FROM legs WHERE call_id = new.id AND user_id IS NOT NULL"
    " AND COALESCE(rang_at, answered_at) IS NOT NULL;"
)
MARKED = ("direction", "called", "caller_device", "ended_at", "outcome")


def upgrade() -> None:
    """Add the column with its triggers and index, the table, and marks of all that was counted."""
    op.add_column("calls", sa.Column("next_at", sa.Float(), nullable=True))
    op.execute(
        "UPDATE calls SET next_at = f.next_at FROM (SELECT id, LEAD(started_at) OVER"
        " (PARTITION BY client_id ORDER BY started_at, id) AS next_at FROM calls"
        " WHERE client_id IS NOT NULL AND direction = 'inbound') f WHERE f.id = calls.id AND f.next_at IS NOT NULL"
    )
    first = sa.text("direction = 'inbound' AND client_id IS NOT NULL AND answered_at IS NOT NULL")
    came = sa.text("direction = 'inbound'")
    for name, columns, some in (
        ("ix_calls_first", ["user_id", "started_at", "next_at"], first),
        ("ix_calls_came", ["started_at", "called", "queue", "answered_at", "outcome", "ended_at"], came),
    ):
        op.create_index(name, "calls", columns, sqlite_where=some, postgresql_where=some)
    moved = [f"old.{name} {{differs}} new.{name}" for name in ("id", "client_id", "direction", "started_at")]
    _trigger("mark_next_insert", "INSERT", IS_ONE.format(row="new"), BEFORE.format(row="new") + ITSELF)
    _trigger(
        "mark_next_update", "UPDATE", " OR ".join(moved), BEFORE.format(row="old") + BEFORE.format(row="new") + ITSELF
    )
    _trigger("mark_next_delete", "DELETE", IS_ONE.format(row="old"), BEFORE.format(row="old"))
    _drop("mark_calls_update")
    _trigger("mark_calls_update", "UPDATE", " OR ".join(f"old.{one} {{differs}} new.{one}" for one in MARKED), MARKS)
    op.create_table(
        "number_levels",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("called", sa.String(length=80), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("in_t", "answered", "abandoned", "short")),
        sa.PrimaryKeyConstraint("at", "queue", "called", name=op.f("pk_number_levels")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO queue_marks (queue, since, until) SELECT queue, at - at % 86400, at - at % 86400 + 86399"
        " FROM queue_quarters GROUP BY 1, 2, 3 ORDER BY 2"
    )


def _trigger(name: str, event: str, when: str, statements: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        when = when.format(differs="IS NOT")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON calls WHEN {when} BEGIN {statements} END")
        return
    when = when.format(differs="IS DISTINCT FROM")
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON calls FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")


def _drop(name: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {name}")
        return
    op.execute(f"DROP TRIGGER {name} ON calls")
    op.execute(f"DROP FUNCTION {name}()")
