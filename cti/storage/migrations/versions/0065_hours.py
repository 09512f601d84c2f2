"""Version 65: counted quarters of queues added up to hours, which triggers keep; those that are there are added now.

An hour has a row for each pair of thresholds that its quarters were counted with.
"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"

PLAIN = (
    "entered", "answered", "abandoned", "diverted", "timeout", "leaveempty", "joinempty", "full", "other", "unseen",
    "waiting", "in_t", "abandoned_in_t", "short", "answered_untimed", "abandoned_untimed", "wait_ms", "abandoned_ms",
    "longest_ms", "talk_ms", "hold_ms", "wrap_ms",
)  # fmt: skip
STEPS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
COUNTED = (*PLAIN, *(f"waits_{step}" for step in STEPS), *(f"abandoned_waits_{step}" for step in STEPS))
HOUR = "{row}.at - {row}.at % 3600"
NAMES = ", ".join(f'"{name}"' for name in COUNTED)  # full is a word of PostgreSQL's
SUMS = ", ".join(f'{"MAX" if name == "longest_ms" else "SUM"}("{name}")' for name in COUNTED)
ADD = (
    f"INSERT INTO queue_hours (at, queue, answer_within_s, short_s, {NAMES})"  # noqa: S608 - our own words
    f" SELECT at - at % 3600, queue, answer_within_s, short_s, {SUMS} FROM queue_quarters{{where}} GROUP BY 1, 2, 3, 4"
)
QUARTERS = ", ".join(f"{HOUR} + {n * 900}" for n in range(4))
ANEW = (
    f"DELETE FROM queue_hours WHERE at = {HOUR} AND queue = {{row}}.queue;"  # noqa: S608 - our own words
    f" {ADD.format(where=f' WHERE at IN ({QUARTERS}) AND queue = {{row}}.queue')};"
)


def upgrade() -> None:
    """Add the table, the triggers and the hours of what is counted."""
    op.create_table(
        "queue_hours",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("answer_within_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("short_s", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTED),
        sa.PrimaryKeyConstraint("at", "queue", "answer_within_s", "short_s", name=op.f("pk_queue_hours")),
        sqlite_with_rowid=False,
    )
    op.execute(ADD.format(where=""))
    old, new = ANEW.format(row="old"), ANEW.format(row="new")
    for event, statements in (("INSERT", new), ("UPDATE", old + new), ("DELETE", old)):
        _trigger(f"mark_queue_quarters_{event.lower()}", event, statements)


def _trigger(name: str, event: str, statements: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON queue_quarters BEGIN {statements} END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON queue_quarters FOR EACH ROW EXECUTE FUNCTION {name}()")
