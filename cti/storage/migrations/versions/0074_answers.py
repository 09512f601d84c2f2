"""Version 74: what clients wrote in letters and SMS stands with what answered it.

Triggers keep it right whatever changes a letter or an SMS (storage/answer_tables.py says what the columns are): itself,
the next of theirs, and, where it is ours, what it answers are looked up anew among their neighbours. With PostgreSQL
writers of one conversation wait for one another, as neither would see what the other writes.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A table of messages. own: written by persons. wrote, sent: when one of theirs, of ours was written."""

    table: str
    id: str
    talk: str
    own: str
    wrote: str
    sent: str
    box: str
    box_of: str
    changed: tuple[str, ...]
    locks: str

    def is_one(self, way: str) -> str:
        """Condition of the indexes: of theirs (in), of ours (out)."""
        return f"direction = '{way}' AND {self.own.format(of='')}"


LETTERS = Channel(
    table="letters", id="letter_id", talk="conversation_id", wrote="received_at", sent="sent_at",
    own="{of}automatic = ''",
    box="mailbox_id", box_of="(SELECT c.mailbox_id FROM conversations c WHERE c.id = q.conversation_id)",
    changed=("id", "conversation_id", "direction", "automatic", "received_at", "sent_at", "user_id"),
    locks="PERFORM 1 FROM conversations WHERE id IN ({keys}) ORDER BY id FOR NO KEY UPDATE;",
)  # fmt: skip
SMS = Channel(
    table="sms", id="sms_id", talk="number", wrote="created_at", sent="created_at",
    own="NOT {of}automatic AND {of}campaign_id IS NULL AND {of}rule_id IS NULL",
    box="box", box_of="q.sender",
    changed=("id", "number", "direction", "automatic", "campaign_id", "rule_id", "created_at", "user_id", "sender"),
    locks="PERFORM pg_advisory_xact_lock(74, place) FROM (SELECT DISTINCT hashtext(key) % 1024 AS place"
    " FROM unnest(ARRAY[{keys}]) key ORDER BY 1) places;",
)  # fmt: skip


def upgrade() -> None:
    """Add the indexes, both tables and the triggers, and look up what is there."""
    for channel, box in (
        (LETTERS, sa.Column("mailbox_id", sa.Integer(), nullable=True)),
        (SMS, sa.Column("box", sa.String(length=20), nullable=False)),
    ):
        of, made = channel.table, f"{channel.table}_asked"
        for name, way, at in (("theirs", "in", channel.wrote), ("ours", "out", channel.sent)):
            some = sa.text(channel.is_one(way))
            op.create_index(f"ix_{of}_{name}", of, [channel.talk, at, "id"], sqlite_where=some, postgresql_where=some)
        op.create_table(
            made,
            sa.Column(channel.id, sa.Integer(), nullable=False),
            box,
            sa.Column("at", sa.Float(), nullable=False),
            sa.Column("before_at", sa.Float(), nullable=True),
            sa.Column("adds", sa.Boolean(), nullable=False),
            sa.Column("answered_at", sa.Float(), nullable=True),
            sa.Column("answered_by", sa.Integer(), nullable=True),
            sa.ForeignKeyConstraint(
                [channel.id], [f"{of}.id"], name=op.f(f"fk_{made}_{channel.id}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(channel.id, name=op.f(f"pk_{made}")),
        )
        op.execute(_looked_up(channel))
        told = [channel.box, "answered_by", "answered_at", "before_at", "adds"]
        op.create_index(op.f(f"ix_{made}_at"), made, ["at", *told])
        _triggers(channel)
    moved = (
        "UPDATE letters_asked SET mailbox_id = new.mailbox_id"
        " WHERE letter_id IN (SELECT l.id FROM letters l WHERE l.conversation_id = new.id);"
    )
    _trigger("mark_asked_moved", "conversations", "UPDATE", "old.mailbox_id {differs} new.mailbox_id", moved)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ANALYZE letters_asked, sms_asked")


def _looked_up(channel: Channel, some: str = "") -> str:
    """The statement that writes them down: all, or anew those whose ids `some` selects (CROSS JOIN: from them on)."""
    of, talk, wrote, sent = channel.table, channel.talk, channel.wrote, channel.sent
    is_theirs, is_ours = channel.is_one("in"), channel.is_one("out")
    before = (
        f"FROM {of} p WHERE p.{talk} = q.{talk} AND {is_theirs} AND (p.{wrote}, p.id) < (q.{wrote}, q.id)"
        f" ORDER BY p.{wrote} DESC, p.id DESC LIMIT 1"
    )
    between = (
        f"FROM {of} o WHERE o.{talk} = w.talk AND {is_ours}"
        f" AND (o.{sent}, o.id) < (w.at, w.id) AND (o.{sent}, o.id) > (w.before_at, w.before_id)"
    )
    after = (
        f"FROM {of} o WHERE o.{talk} = w.talk AND {is_ours} AND (o.{sent}, o.id) > (w.at, w.id)"
        f" ORDER BY o.{sent}, o.id LIMIT 1"
    )
    names = (channel.id, channel.box, "at", "before_at", "adds", "answered_at", "answered_by")
    return (
        f"INSERT INTO {of}_asked ({', '.join(names)}) SELECT w.id, w.box, w.at, w.before_at,"  # noqa: S608 - our own words
        f" w.before_at IS NOT NULL AND NOT EXISTS (SELECT 1 {between}),"
        f" (SELECT o.{sent} {after}), (SELECT o.user_id {after})"
        f" FROM (SELECT q.id, q.{talk} AS talk, {channel.box_of} AS box, q.{wrote} AS at,"
        f" (SELECT p.{wrote} {before}) AS before_at, (SELECT p.id {before}) AS before_id"
        f" FROM {f'({some}) those CROSS JOIN ' if some else ''}{of} q WHERE q.{talk} IS NOT NULL AND {is_theirs}"
        f"{' AND q.id = those.id' if some else ''}) w WHERE true"
        f" ON CONFLICT ({channel.id}) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in names[1:])};"
    )


def _around(channel: Channel, row: str) -> str:
    """The statement for what a message changes: itself, the next of theirs, and, where it is ours, what it answers."""
    of, talk, wrote, sent = channel.table, channel.talk, channel.wrote, channel.sent
    is_theirs, is_ours = channel.is_one("in"), channel.is_one("out")
    own_talk = f"{{one}}.{talk} = {row}.{talk}"
    at = f"CASE {row}.direction WHEN 'out' THEN {row}.{sent} ELSE {row}.{wrote} END"
    following = (
        f"SELECT n.id FROM {of} n WHERE {own_talk.format(one='n')} AND {is_theirs}"  # noqa: S608 - our own words
        f" AND (n.{wrote}, n.id) > ({at}, {row}.id) ORDER BY n.{wrote}, n.id LIMIT 1"
    )
    last = (
        f"SELECT o.{sent} FROM {of} o WHERE {own_talk.format(one='o')} AND {is_ours}"  # noqa: S608 - our own words
        f" AND (o.{sent}, o.id) < ({row}.{sent}, {row}.id) ORDER BY o.{sent} DESC, o.id DESC LIMIT 1"
    )
    answered = (
        f"SELECT a.id FROM {of} a WHERE {row}.direction = 'out'"  # noqa: S608 - our own words
        f" AND {own_talk.format(one='a')} AND {is_theirs}"
        f" AND a.{wrote} <= {row}.{sent} AND a.{wrote} >= COALESCE(({last}), -1e18)"
    )
    return _looked_up(channel, f"SELECT {row}.id AS id UNION SELECT ({following}) UNION {answered}")


def _triggers(channel: Channel) -> None:
    of = channel.table
    when = f"{{of}}{channel.talk} IS NOT NULL AND {channel.own}"
    gone = f"DELETE FROM {of}_asked WHERE {channel.id} = old.id;"  # noqa: S608 - our own words
    new, old = _around(channel, "new"), _around(channel, "old")
    differs = " OR ".join(f"old.{one} {{differs}} new.{one}" for one in channel.changed)
    for event, condition, rows, statements in (
        ("insert", when.format(of="new."), ("new",), new),
        ("update", differs, ("old", "new"), gone + old + new),
        ("delete", when.format(of="old."), ("old",), old),
    ):
        keys = ", ".join(f"{row}.{channel.talk}" for row in rows)
        _trigger(f"mark_asked_{of}_{event}", of, event, condition, statements, channel.locks.format(keys=keys))


def _trigger(name: str, table: str, event: str, when: str, statements: str, locks: str = "") -> None:
    if op.get_bind().dialect.name == "sqlite":
        when = when.format(differs="IS NOT")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {when} BEGIN {statements} END")
        return
    when = when.format(differs="IS DISTINCT FROM")
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {locks} {statements} RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()")
