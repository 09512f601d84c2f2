"""Version 75: for every call in vain when somebody talked with that client, kept as calls and numbers change.

Triggers mark what a change concerns; whoever counts works it out anew (storage/reach_times.py). What is there already
is worked out here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"

VAIN = (  # as tables.VAIN, of a row
    "{0}.direction = 'inbound' AND {0}.answered_at IS NULL AND {0}.outcome IS NOT NULL"
    " AND {0}.outcome NOT IN ('diverted', 'self-service', 'callback-requested')"
    " AND {0}.request_id IS NULL AND ({0}.reason IS NULL OR {0}.reason <> 'sip')"
)
IS_VAIN = f"CASE WHEN {VAIN} THEN 1 ELSE 0 END"
TOLD = (
    "INSERT INTO reach_marks (kind, at, call_id, client_id, number)"
    " SELECT CASE WHEN {0}.answered_at IS NULL THEN 'vain' ELSE 'talk' END, COALESCE({0}.answered_at, {0}.started_at),"
    " CASE WHEN {0}.answered_at IS NULL THEN {0}.id END, {0}.client_id,"
    " CASE WHEN {0}.answered_at IS NOT NULL OR {0}.client_id IS NULL THEN {0}.number END"
    f" WHERE {{0}}.answered_at IS NOT NULL OR ({VAIN});"
)
HAS = (  # a number that calls without a client have
    "INSERT INTO reach_marks (kind, at, client_id, number) SELECT 'all', 0, {0}.client_id, {0}.e164"
    " WHERE EXISTS (SELECT 1 FROM calls c WHERE c.number = {0}.e164 AND c.client_id IS NULL);"
)
CHANGED = {
    "calls": ("id", "started_at", "answered_at", "queue", "number", "client_id"),
    "client_phones": ("client_id", "e164", "shared"),
}
OWNER = (
    "SELECT CASE WHEN MIN(p.client_id) = MAX(p.client_id) THEN MIN(p.client_id) END FROM client_phones p"
    " WHERE p.e164 = {0} AND NOT p.shared"
)
TALK = "SELECT MIN(t.answered_at) FROM calls t WHERE t.answered_at IS NOT NULL AND t.answered_at >= v.at"
REACHED = (
    f"CASE WHEN v.client_id IS NOT NULL THEN (SELECT MIN(talk) FROM (SELECT ({TALK} AND t.client_id IS NOT NULL"  # noqa: S608 - our own words
    f" AND t.client_id = v.client_id) AS talk UNION ALL SELECT ({TALK} AND t.number = p.e164 AND t.client_id IS NULL)"
    " AS talk FROM client_phones p WHERE p.client_id = v.client_id) his) ELSE (SELECT MIN(talk) FROM"
    f" (SELECT ({TALK} AND t.number = v.number AND t.client_id IS NULL) AS talk"
    f" UNION ALL SELECT ({TALK} AND t.number = v.number AND t.client_id IS NOT NULL) AS talk) its) END"
)


def upgrade() -> None:
    """Add both tables and the triggers, and work out what is there."""
    op.create_table(
        "reach_times",
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("reached_at", sa.Float(), nullable=True),
        sa.Column("bin", sa.Integer(), nullable=True),
        sa.Column("before_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("at", "call_id", name=op.f("pk_reach_times")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reach_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_marks")),
    )
    op.execute(
        "INSERT INTO reach_times (at, call_id, queue, client_id, hidden, reached_at, bin, before_at)"  # noqa: S608 - our own words
        " WITH vain AS MATERIALIZED (SELECT c.id, c.started_at AS at, COALESCE(c.queue, '') AS queue, c.number,"
        f" COALESCE(c.client_id, ({OWNER.format('c.number')})) AS client_id FROM calls c"
        f" WHERE {VAIN.format('c')} ORDER BY 5, 4),"
        " talked AS MATERIALIZED (SELECT id, at, queue, client_id,"
        f" CASE WHEN client_id IS NULL THEN number END AS number, {REACHED} AS reached_at FROM vain v)"
        f" SELECT at, id, queue, client_id, client_id IS NULL AND number IS NULL, reached_at, {_bin()},"
        " CASE WHEN (client_id IS NOT NULL OR number IS NOT NULL) AND (reached_at IS NULL OR reached_at > at)"
        " THEN LAG(at) OVER (PARTITION BY client_id, number, reached_at ORDER BY at, id) END FROM talked ORDER BY 1, 2"
    )
    op.create_index("ix_reach_times_client_id_at", "reach_times", ["client_id", "at"])
    for table, told in (("calls", TOLD), ("client_phones", HAS)):
        old, new = told.format("old"), told.format("new")
        changed = [f"old.{name} {{differs}} new.{name}" for name in CHANGED[table]]
        if table == "calls":
            changed.append(f"{IS_VAIN.format('old')} <> {IS_VAIN.format('new')}")
        _trigger(table, "insert", "", new)
        _trigger(table, "update", " OR ".join(changed), old + new)
        _trigger(table, "delete", "", old)


def _bin() -> str:
    whole = "CAST({0} AS INTEGER)" if op.get_bind().dialect.name == "sqlite" else "CAST(FLOOR({0}) AS INTEGER)"
    minutes, hours = whole.format("(reached_at - at) / 60"), whole.format("(reached_at - at) / 3600")
    return f"CASE WHEN reached_at - at < 86400 THEN {minutes} ELSE 1416 + {hours} END"


def _trigger(table: str, event: str, when: str, statements: str) -> None:
    name = f"mark_reach_{table}_{event}"
    if op.get_bind().dialect.name == "sqlite":
        when = f"WHEN {when.format(differs='IS NOT')}" if when else ""
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} {when} BEGIN {statements} END")
        return
    when = f"WHEN ({when.format(differs='IS DISTINCT FROM')})" if when else ""
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
