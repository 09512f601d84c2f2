"""Version 70: whether a person said what came of a conversation stands with his leg; conversations, ringing and
outcomes are counted by indexes alone.

Triggers keep `told` right whatever changes a leg or what was said. With PostgreSQL what is said and the leg it is said
of wait for each other by the row of their call, as each looks for the other.
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"

HAS = "EXISTS (SELECT 1 FROM call_dispositions d WHERE d.call_id = legs.call_id AND d.user_id = legs.user_id)"
SEEN = f"UPDATE legs SET told = CASE WHEN {HAS} THEN 1 ELSE 0 END WHERE "  # noqa: S608 - our own words
OF_LEG = SEEN + "call_id = new.call_id AND leg_id = new.leg_id;"
OF_SAID = SEEN + "call_id = {row}.call_id AND user_id = {row}.user_id;"
MOVED = "old.user_id {differs} new.user_id OR old.call_id {differs} new.call_id"
SHARED = "PERFORM 1 FROM calls WHERE id = new.call_id FOR KEY SHARE;"
ALONE = "PERFORM 1 FROM calls WHERE id = {row}.call_id FOR UPDATE;"


def upgrade() -> None:
    """Add the column with its triggers, and the indexes."""
    op.add_column("legs", sa.Column("told", sa.Integer(), server_default="0", nullable=False))
    op.execute(f"UPDATE legs SET told = 1 WHERE user_id IS NOT NULL AND {HAS}")  # noqa: S608 - our own words
    op.drop_index("ix_legs_user_id_answered_at", "legs")
    op.create_index("ix_legs_talks", "legs", ["user_id", "answered_at", "told", "rang_at"])
    vain = sa.text("answered_at IS NULL")
    op.create_index(
        "ix_legs_in_vain", "legs", ["user_id", "rang_at", "ended_at"], sqlite_where=vain, postgresql_where=vain
    )
    op.create_index("ix_call_dispositions_said", "call_dispositions", ["name", "user_id", "at"])
    new, old = "new.user_id IS NOT NULL", "old.user_id IS NOT NULL"
    _trigger("told_legs_insert", "INSERT ON legs", new, SHARED, OF_LEG)
    _trigger("told_legs_update", "UPDATE ON legs", MOVED, SHARED, OF_LEG)
    said = "call_dispositions"
    for_old, for_new = (OF_SAID.format(row=row) for row in ("old", "new"))
    alone = ALONE.format(row="new")
    _trigger("told_said_insert", f"INSERT ON {said}", new, alone, for_new)
    _trigger("told_said_update", f"UPDATE ON {said}", MOVED, ALONE.format(row="old") + alone, for_old + for_new)
    _trigger("told_said_delete", f"DELETE ON {said}", old, ALONE.format(row="old"), for_old)


def _trigger(name: str, event: str, when: str, locks: str, statements: str) -> None:
    """locks: of PostgreSQL alone, as SQLite has one writer."""
    name = f"mark_{name}"
    if op.get_bind().dialect.name == "sqlite":
        when = when.format(differs="IS NOT")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} WHEN {when} BEGIN {statements} END")
        return
    when = when.format(differs="IS DISTINCT FROM")
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN {locks} {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
