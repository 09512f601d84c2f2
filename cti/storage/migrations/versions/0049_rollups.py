"""Version 49: calls and states counted by quarters of an hour; triggers mark what has to be counted anew.

What a database holds already is marked by days, oldest first, and counted in the background, newest first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

PLAIN = (
    "entered", "answered", "abandoned", "diverted", "timeout", "leaveempty", "joinempty", "full", "other", "unseen",
    "waiting", "in_t", "abandoned_in_t", "short", "answered_untimed", "abandoned_untimed", "wait_ms", "abandoned_ms",
    "longest_ms", "talk_ms", "hold_ms", "wrap_ms",
)  # fmt: skip
STEPS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
AGENTS = (
    "ready_ms", "pause_ms", "wrap_ms", "talk_ms", "hold_ms", "dial_ms", "ignored_ms", "answered", "placed", "missed",
)  # fmt: skip

# what is marked -------------------------------------------------------------------------------------------------------
STAYS = (
    "INSERT INTO queue_marks (queue, since, until) SELECT queue, joined_at, joined_at FROM call_waits"
    " WHERE call_id = {call} AND joined_at IS NOT NULL;"
)
OLD_STAY = (
    "INSERT INTO queue_marks (queue, since, until) SELECT old.queue, old.joined_at, old.joined_at"
    " WHERE old.joined_at IS NOT NULL;"
)
LEG = (
    "INSERT INTO agent_marks (user_id, since, until) SELECT {leg}.user_id,"
    " COALESCE({leg}.rang_at, {leg}.answered_at), COALESCE({leg}.ended_at, {leg}.answered_at + 86400, {leg}.rang_at)"
    " WHERE {leg}.user_id IS NOT NULL AND COALESCE({leg}.rang_at, {leg}.answered_at) IS NOT NULL;"
)
LEGS_OF_CALL = (
    "INSERT INTO agent_marks (user_id, since, until) SELECT user_id, COALESCE(rang_at, answered_at),"
    " COALESCE(ended_at, answered_at + 86400, rang_at) FROM legs WHERE call_id = new.id AND user_id IS NOT NULL"
    " AND COALESCE(rang_at, answered_at) IS NOT NULL;"
)
STATE = (  # to the next line's beginning; the last one's end is open
    "INSERT INTO agent_marks (user_id, since, until) SELECT {line}.user_id, {line}.at, COALESCE((SELECT MIN(n.at)"
    " FROM agent_states n WHERE n.user_id = {line}.user_id AND n.at > {line}.at), 100000000000);"
)
BEFORE = (  # the line before ends otherwise now: work after a call, maybe
    "(SELECT p.call_id FROM agent_states p WHERE p.user_id = {line}.user_id AND p.at <= {line}.at AND p.id <> {line}.id"
    " ORDER BY p.at DESC, p.id DESC LIMIT 1)"
)
CORRECTED = (
    "INSERT INTO agent_marks (user_id, since, until) SELECT s.user_id, s.at, COALESCE((SELECT MIN(n.at)"
    " FROM agent_states n WHERE n.user_id = s.user_id AND n.at > s.at), 100000000000)"
    " FROM agent_states s WHERE s.id = {line}.state_id;"
    " INSERT INTO queue_marks (queue, since, until) SELECT w.queue, w.joined_at, w.joined_at FROM call_waits w"
    " JOIN agent_states s ON s.call_id = w.call_id WHERE s.id = {line}.state_id AND w.joined_at IS NOT NULL;"
)


def _state(line: str) -> str:
    return STATE.format(line=line) + STAYS.format(call=f"{line}.call_id") + STAYS.format(call=BEFORE.format(line=line))


# table: event -> (columns whose change counts, statements)
TRIGGERS: dict[str, dict[str, tuple[tuple[str, ...], str]]] = {
    "call_waits": {
        "INSERT": ((), STAYS.format(call="new.call_id")),
        "UPDATE": (("queue", "joined_at", "left_at", "how"), OLD_STAY + STAYS.format(call="new.call_id")),
        "DELETE": ((), OLD_STAY + STAYS.format(call="old.call_id")),
    },
    "legs": {
        "INSERT": ((), LEG.format(leg="new") + STAYS.format(call="new.call_id")),
        "UPDATE": (
            ("device", "user_id", "rang_at", "answered_at", "ended_at", "result", "talk_s", "hold_s"),
            LEG.format(leg="old") + LEG.format(leg="new") + STAYS.format(call="new.call_id"),
        ),
        "DELETE": ((), LEG.format(leg="old") + STAYS.format(call="old.call_id")),
    },
    "calls": {
        "UPDATE": (
            ("direction", "caller_device", "ended_at", "outcome"), STAYS.format(call="new.id") + LEGS_OF_CALL,
        ),
    },
    "agent_states": {
        "INSERT": ((), _state("new")),
        "UPDATE": (("user_id", "at", "state", "reason", "queue", "call_id"), _state("old") + _state("new")),
        "DELETE": ((), _state("old")),
    },
    "agent_state_corrections": {
        "INSERT": ((), CORRECTED.format(line="new")),
        "UPDATE": (("state_id", "state", "reason"), CORRECTED.format(line="old") + CORRECTED.format(line="new")),
        "DELETE": ((), CORRECTED.format(line="old")),
    },
}  # fmt: skip


def upgrade() -> None:
    """Add the tables, the keys they are counted by, the triggers, and marks of all that is there."""
    _tables()
    op.drop_index("ix_legs_user_id", table_name="legs")
    op.create_index("ix_legs_user_id_answered_at", "legs", ["user_id", "answered_at"])
    op.create_index("ix_legs_user_id_rang_at", "legs", ["user_id", "rang_at"])
    op.create_index("ix_agent_states_call_id", "agent_states", ["call_id"])
    for table, events in TRIGGERS.items():
        for event, (columns, statements) in events.items():
            _trigger(table, event, columns, statements)
    _mark_all()


def _trigger(table: str, event: str, columns: tuple[str, ...], statements: str) -> None:
    name = f"mark_{table}_{event.lower()}"
    if op.get_bind().dialect.name == "sqlite":
        changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
        when = f" WHEN {changed}" if changed else ""
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table}{when} BEGIN {statements} END")
        return
    changed = " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in columns)
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    when = f" WHEN ({changed})" if changed else ""
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{when} EXECUTE FUNCTION {name}()")


def _mark_all() -> None:
    """Days in which something is."""
    whole = "CAST({0} / 86400 AS INTEGER)" if op.get_bind().dialect.name == "sqlite" else "FLOOR({0} / 86400)"
    for marks, key, days in (
        ("queue_marks", "queue", [("queue", "joined_at", "call_waits")]),
        (
            "agent_marks",
            "user_id",
            [("user_id", "at", "agent_states"), ("user_id", "COALESCE(answered_at, rang_at)", "legs")],
        ),
    ):
        found = " UNION ".join(
            f"SELECT {key}, {whole.format(at)} AS day FROM {table}"  # noqa: S608 - our own words
            f" WHERE {key} IS NOT NULL AND {at} IS NOT NULL GROUP BY 1, 2"
            for key, at, table in days
        )
        op.execute(
            f"INSERT INTO {marks} ({key}, since, until)"  # noqa: S608 - our own words
            f" SELECT {key}, day * 86400, day * 86400 + 86399 FROM ({found}) d ORDER BY day"
        )


def _tables() -> None:
    op.create_table(
        "queue_thresholds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("answer_within_s", sa.Integer(), nullable=True),
        sa.Column("short_s", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_thresholds")),
    )
    op.create_index("ix_queue_thresholds_queue_since", "queue_thresholds", ["queue", "since"], unique=True)
    op.create_table(
        "queue_quarters",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer_within_s", sa.Integer(), nullable=False),
        sa.Column("short_s", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in PLAIN),
        *(sa.Column(f"waits_{step}", sa.BigInteger(), nullable=False) for step in STEPS),
        *(sa.Column(f"abandoned_waits_{step}", sa.BigInteger(), nullable=False) for step in STEPS),
        sa.PrimaryKeyConstraint("at", "queue", name=op.f("pk_queue_quarters")),
        sqlite_with_rowid=False,
    )
    for table, more in (
        ("agent_quarters", [sa.Column(name, sa.BigInteger(), nullable=False) for name in AGENTS]),
        (
            "agent_pauses",
            [
                sa.Column("reason", sa.String(length=80), nullable=False),
                sa.Column("pause_ms", sa.BigInteger(), nullable=False),
            ],
        ),
    ):
        keys = ["at", "user_id", "reason"] if table == "agent_pauses" else ["at", "user_id"]
        op.create_table(
            table,
            sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("user_id", sa.Integer(), nullable=False),
            *more,
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    for table, key in (
        ("queue_marks", sa.Column("queue", sa.String(length=80), nullable=False)),
        ("agent_marks", sa.Column("user_id", sa.Integer(), nullable=False)),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            key,
            sa.Column("since", sa.Float(), nullable=False),
            sa.Column("until", sa.Float(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
