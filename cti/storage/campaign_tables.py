"""Campaigns with whom they reach, and the register of consents.

A consent is a row: given or withdrawn, by whom, for what, and how it is proven. The latest row of an address and a
purpose is what holds. No row is ever changed, but those whose import is taken back say so, and hold no more.
"""

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

from cti.storage import client_work_tables as client_work_tables  # foreign keys find their tables by name
from cti.storage.schema import metadata

sending_limits = Table(
    "sending_limits",  # one row: what messages/limits.py says
    metadata,
    Column("id", Integer, primary_key=True),
    Column("given", Text, nullable=False, server_default="{}"),  # JSON
    Column("version", Integer, nullable=False, server_default="1"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("changed_at", Float, nullable=False),
)

sending_days = Table(
    "sending_days",  # what SMS that no person wrote have cost
    metadata,
    Column("day", String(10), primary_key=True),  # of the house: 2026-11-26
    Column("spent", Integer, nullable=False, server_default="0"),  # hundredths of the currency
    Column("messages", Integer, nullable=False, server_default="0"),
    Column("own", Integer, nullable=False, server_default="0"),  # what those that persons wrote have cost
    Column("stopped_at", Float),  # when the budget first held one back
    Column("told_at", Float),  # when those who see to it were told
)

consent_texts = Table(
    "consent_texts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String(2), nullable=False, server_default="ru"),
    Column("text", Text, nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("purpose", "language", "version"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("kind", String(5), nullable=False, server_default="phone"),  # phone | email
    Column("address", String(254), nullable=False, server_default=""),  # E.164 or folded; "": all of the client's
    Column("purpose", String(16), nullable=False),  # marketing survey calls service; "": every one (withdrawn)
    Column("given", Boolean, nullable=False),
    Column("text_id", ForeignKey("consent_texts.id", ondelete="SET NULL")),
    Column("source", String(16), nullable=False),  # card import api page letter sms call
    Column("proof", String(200), nullable=False, server_default=""),  # id of the call, letter, SMS; a file's name
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    Column("undone_at", Float),  # its import was taken back: it does not hold any more
    Index(None, "address", "purpose", "at"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("channel", String(12), nullable=False),  # email | sms | sms-bounced | calls
    Column("purpose", String(16), nullable=False, server_default="marketing"),
    Column("state", String(8), nullable=False, server_default="draft"),
    Column("segment_id", ForeignKey("segments.id", ondelete="SET NULL")),
    Column("given", Text, nullable=False, server_default="{}"),  # JSON: messages/campaigns.py says what
    Column("begins_at", Float),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("built_at", Float),  # when its people were chosen; None: they are not, or not all
    Column("built", Text, nullable=False, server_default="{}"),  # JSON: how far, or how many were left out for what
    Column("asked_by", ForeignKey("users.id", ondelete="SET NULL")),  # for the second person's word
    Column("asked_at", Float),
    Column("approved_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("approved_at", Float),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("why", String(16), nullable=False, server_default=""),  # code of why it stands still
    Column("told_at", Float),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Float, nullable=False),
    CheckConstraint(
        "state in ('draft', 'building', 'asked', 'ready', 'running', 'paused', 'stopped', 'done')", name="state"
    ),
)

campaign_people = Table(
    "campaign_people",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # their place in it
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("contact_id", Integer),
    Column("address", String(254)),  # a number or an address; None: of one who is left out
    Column("second", String(254), nullable=False, server_default=""),  # the number, if a letter bounces
    Column("zone", String(40), nullable=False, server_default=""),
    Column("variant", Integer, nullable=False, server_default="0"),
    Column("state", String(12), nullable=False, server_default="waiting"),
    Column("why", String(16), nullable=False, server_default=""),
    Column("due_at", Float),
    Column("at", Float),  # of its latest state
    Column("sent_at", Float),  # when it was given to the queue
    Column("sms_id", Integer),
    Column("outbox_id", Integer),
    Column("tries", Integer, nullable=False, server_default="0"),  # calls
    Column("user_id", Integer),  # the agent who has him on his desk
    Column("opened_at", Float),
    Column("unsubscribed_at", Float),
    Column("replied_at", Float),
    Column("called_at", Float),
    UniqueConstraint("address", "campaign_id"),
    Index(None, "campaign_id", "state", "zone", "number"),
    Index(
        "ix_campaign_people_sms_id", "sms_id",
        sqlite_where=text("sms_id IS NOT NULL"), postgresql_where=text("sms_id IS NOT NULL"),
    ),
    Index(
        "ix_campaign_people_outbox_id", "outbox_id",
        sqlite_where=text("outbox_id IS NOT NULL"), postgresql_where=text("outbox_id IS NOT NULL"),
    ),
)  # fmt: skip

campaign_calls = Table(
    "campaign_calls",
    metadata,
    Column("campaign_id", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False, server_default="", index=True),
    Column("request_id", String(64), nullable=False, server_default="", index=True),  # of the click
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    Column("label", String(32), nullable=False, server_default=""),  # of the caller, as it then was
    Column("outcome", String(16), nullable=False, server_default=""),  # "": not known yet; why it was not dialled
)
