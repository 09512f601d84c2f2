"""Version 73: the queue of the call stands with what a person said of it; outcomes by queue are counted by an index.

Triggers keep it right whatever changes what was said or the call. With PostgreSQL what is said waits for the row of its
call, as what changes the call looks for what was said.
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"

SAID = "UPDATE call_dispositions SET queue = "
QUEUE = "COALESCE((SELECT c.queue FROM calls c WHERE c.id = new.call_id), '')"
OF_CALL = f"{SAID}{QUEUE} WHERE id = new.id"
THERE = " AND EXISTS (SELECT 1 FROM calls c WHERE c.id = new.call_id)"  # till it is, what was copied with it stays
ALONE = "PERFORM 1 FROM calls WHERE id = new.call_id FOR UPDATE;"
NEW, NONE = SAID + "COALESCE(new.queue, '') WHERE call_id = new.id;", SAID + "'' WHERE call_id = old.id;"


def upgrade() -> None:
    """Add the column with its triggers, and the index."""
    op.add_column("call_dispositions", sa.Column("queue", sa.String(length=80), server_default="", nullable=False))
    op.execute(
        "UPDATE call_dispositions SET queue = c.queue FROM calls c"
        " WHERE c.id = call_dispositions.call_id AND c.queue IS NOT NULL"
    )
    op.create_index("ix_call_dispositions_queue", "call_dispositions", ["queue", "name", "at", "user_id"])
    _trigger("said_insert", "INSERT ON call_dispositions", "", ALONE, OF_CALL + THERE + ";")
    _trigger("said_update", "UPDATE ON call_dispositions", "old.call_id <> new.call_id", ALONE, OF_CALL + ";")
    _trigger("calls_insert", "INSERT ON calls", "new.queue IS NOT NULL", "", NEW)
    _trigger("calls_update", "UPDATE ON calls", "old.queue {differs} new.queue OR old.id <> new.id", "", NONE + NEW)
    _trigger("calls_delete", "DELETE ON calls", "old.queue IS NOT NULL", "", NONE)


def _trigger(name: str, event: str, when: str, locks: str, statements: str) -> None:
    """locks: of PostgreSQL alone, as SQLite has one writer."""
    name = f"mark_queue_{name}"
    if op.get_bind().dialect.name == "sqlite":
        when = f" WHEN {when.format(differs='IS NOT')}" if when else ""
        op.execute(f"CREATE TRIGGER {name} AFTER {event}{when} BEGIN {statements} END")
        return
    when = f" WHEN ({when.format(differs='IS DISTINCT FROM')})" if when else ""
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN {locks} {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW{when} EXECUTE FUNCTION {name}()")
