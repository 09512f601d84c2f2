"""What is sent: the outbox, templates with the library of files, rules on events, and addresses that bounced."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cti.storage.schema import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # made by whoever asks: nothing is queued twice
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="SET NULL")),
    Column("state", String(8), nullable=False),  # draft waiting sending sent unknown failed canceled held
    Column("kind", String(8), nullable=False, server_default="new"),  # new reply all forward
    Column("answers_id", ForeignKey("letters.id", ondelete="SET NULL"), index=True),  # the letter that is answered
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("call_id", String(80), nullable=False, server_default=""),  # the missed call that it closes
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),  # None: a rule
    Column("rule_id", Integer),
    Column("campaign_id", Integer, index=True),
    Column("template_id", Integer),
    Column("message_id", String(400), nullable=False, unique=True),
    Column("people", Text, nullable=False, server_default="[]"),  # JSON: [role, name, address] each
    Column("to_folded", String(254), nullable=False, server_default=""),  # the first of them
    Column("subject", String(400), nullable=False, server_default=""),
    Column("html", Text, nullable=False, server_default=""),
    Column("quoted", Text, nullable=False, server_default=""),  # HTML under the answer, which the editor leaves alone
    Column("send_at", Float),  # not before: undo, send later, a rule's delay
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float),  # when it is tried next; None: not by itself
    Column("claimed_at", Float),
    Column("left", Text, nullable=False, server_default=""),  # JSON: addresses that it has still to reach; "": all
    Column("why", String(16), nullable=False, server_default=""),  # code of why it failed, is held, is unknown
    Column("said", String(400), nullable=False, server_default=""),  # the mail server's last words
    Column("told_at", Float),  # when its author was told of `why`
    Column("letter_id", ForeignKey("letters.id", ondelete="SET NULL"), index=True),  # what it became
    Column("filed_at", Float),  # when all that follows a sent letter was done: its copy in Sent, the answered flag
    Column("draft_version", Integer, nullable=False, server_default="0"),  # which of its versions lies in Drafts
    Column("draft_place", String(32), nullable=False, server_default=""),  # UIDVALIDITY:UID of it there
    Column("automatic", Integer, nullable=False, server_default="0"),  # 1: a warning or a report; rules have rule_id
    Column("digest", String(64), nullable=False, server_default=""),  # of what an automatic letter says
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("sent_at", Float),
    CheckConstraint(
        "state in ('draft', 'waiting', 'sending', 'sent', 'unknown', 'failed', 'canceled', 'held')", name="state"
    ),
    Index(None, "to_folded", "created_at"),
    Index(
        "ix_outbox_untold", "why",
        sqlite_where=text("why <> '' AND told_at IS NULL"), postgresql_where=text("why <> '' AND told_at IS NULL"),
    ),
    Index(
        "ix_outbox_due", "next_at",
        sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL"),
    ),
)  # fmt: skip

outbox_files = Table(
    "outbox_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("outbox_id", ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),  # its name in the folder of letters' files
    Column("content_id", String(255), nullable=False, server_default=""),
)

library_files = Table(
    "library_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(120), nullable=False),  # Price list, spring
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
    Column("retired_at", Float),
)

templates = Table(
    "templates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("channel", String(8), nullable=False, server_default="email"),  # email | sms
    Column("language", String(2), nullable=False, server_default="ru"),
    Column("subject", String(400), nullable=False, server_default=""),
    Column("body", Text, nullable=False),  # HTML of a letter, plain text of an SMS
    Column("version", Integer, nullable=False, server_default="1"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("retired_at", Float),
    CheckConstraint("channel in ('email', 'sms')", name="channel"),
    UniqueConstraint("channel", "language", "name"),
)

template_files = Table(
    "template_files",
    metadata,
    Column("template_id", ForeignKey("templates.id", ondelete="CASCADE"), primary_key=True),
    Column("file_id", ForeignKey("library_files.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False, server_default="0"),
)

bounced_addresses = Table(
    "bounced_addresses",
    metadata,
    Column("folded", String(254), primary_key=True),
    Column("lasting", Boolean, nullable=False),  # whether it will bounce again
    Column("why", String(400), nullable=False, server_default=""),
    Column("at", Float, nullable=False),
    Column("letter_id", ForeignKey("letters.id", ondelete="SET NULL")),  # the bounce
)

event_rules = Table(
    "event_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("event", String(16), nullable=False),  # missed-call contract-ends changed new-client birthday ...
    Column("given", Text, nullable=False, server_default="{}"),  # JSON: what the event and its conditions name
    Column("channel", String(8), nullable=False, server_default="email"),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="SET NULL")),
    Column("template_id", ForeignKey("templates.id", ondelete="SET NULL")),
    Column("task", String(400), nullable=False, server_default=""),  # what the manager is to do; "": nothing
    Column("delay_s", Integer, nullable=False, server_default="0"),
    Column("hours", String(120), nullable=False, server_default=""),  # JSON: from, to, weekdays; "": always
    Column("enabled_at", Float),  # None: off
    Column("version", Integer, nullable=False, server_default="1"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
)

rule_runs = Table(
    "rule_runs",
    metadata,
    Column("rule_id", ForeignKey("event_rules.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(160), primary_key=True),  # once for each: call:ID, contract:7:2026-12-31, ...
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("at", Float, nullable=False),
    Column("outcome", String(16), nullable=False),  # queued | task | skipped
    Column("why", String(120), nullable=False, server_default=""),  # code of what stood in the way
    Column("outbox_id", ForeignKey("outbox.id", ondelete="SET NULL")),
    Column("sms_id", Integer),
)
