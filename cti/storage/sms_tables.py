"""SMS: gateways with the prefixes they serve, messages both ways with their parts, and receipts that came too early."""

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

from cti.storage import client_tables as client_tables  # foreign keys find their tables by name
from cti.storage import contact_tables as contact_tables
from cti.storage.schema import metadata

_PERSONS = "NOT automatic AND campaign_id IS NULL AND rule_id IS NULL"  # what persons wrote: 0074_answers.py
SMS_THEIRS = f"direction = 'in' AND {_PERSONS}"

sms_gateways = Table(
    "sms_gateways",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),  # smpp | http | modem
    Column("given", Text, nullable=False, server_default="{}"),  # JSON: of its kind, nothing secret
    Column("secret", Text, nullable=False, server_default=""),  # ciphertext of JSON: passwords, keys of callbacks
    Column("sender", String(20), nullable=False, server_default=""),  # a name or a number; "": the gateway's own
    Column("rate", Integer, nullable=False, server_default="10"),  # messages in a second at most
    Column("price", Integer, nullable=False, server_default="0"),  # hundredths of the currency, a part
    Column("currency", String(3), nullable=False, server_default="RUB"),
    Column("paused_at", Float),
    Column("removed_at", Float),  # for a day it can be taken back
    Column("trouble", String(400), nullable=False, server_default=""),  # code|its words; "": none
    Column("trouble_at", Float),
    Column("seen_at", Float),  # when it was last found in order
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
    CheckConstraint("kind in ('smpp', 'http', 'modem')", name="kind"),
)

sms_routes = Table(
    "sms_routes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("prefix", String(16), nullable=False, server_default=""),  # of E.164 with +; "": all others
    Column("gateway_id", ForeignKey("sms_gateways.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),  # those of the first are asked, then of the next
    Column("share", Integer, nullable=False, server_default="1"),  # among those of one position
    Column("price", Integer),  # here, where it is not the gateway's
    UniqueConstraint("prefix", "gateway_id"),
)

sms_senders = Table(
    "sms_senders",  # by which name we write, for what
    metadata,
    Column("gateway_id", ForeignKey("sms_gateways.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("sender", String(20), nullable=False),
)

sms = Table(
    "sms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(80), nullable=False, unique=True),  # made by whoever asks: nothing is sent twice
    Column("direction", String(3), nullable=False),  # in | out
    Column("state", String(16), nullable=False),  # messages/deliveries.py; of one that came: received
    Column("number", String(32), nullable=False),  # theirs, E.164
    Column("sender", String(20), nullable=False, server_default=""),  # ours: the name or number it goes by, or came to
    Column("text", Text, nullable=False),
    Column("purpose", String(16), nullable=False, server_default="service"),  # what consent it needs
    Column("parts", Integer, nullable=False, server_default="1"),
    Column("price", Integer, nullable=False, server_default="0"),  # all of it, hundredths
    Column("currency", String(3), nullable=False, server_default="RUB"),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL")),
    Column("contact_id", ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),  # its author, or owner
    Column("rule_id", Integer),
    Column("template_id", Integer),
    Column("campaign_id", Integer),
    Column("call_id", String(80), nullable=False, server_default=""),  # the missed call it is about
    Column("gateway_id", ForeignKey("sms_gateways.id", ondelete="SET NULL")),
    Column("send_at", Float),  # not before
    Column("next_at", Float),  # when it is tried; None: not by itself
    Column("claimed_at", Float),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("attempt", Integer, nullable=False, server_default="0"),  # gateways it was given to
    Column("accepted_at", Float),
    Column("settled_at", Float),  # when its state was known for good
    Column("why", String(16), nullable=False, server_default=""),
    Column("said", String(200), nullable=False, server_default=""),  # the gateway's words
    Column("told_at", Float),  # when its author was told of why
    Column("read_at", Float),  # of one that came
    Column("done_at", Float),  # of one that came: answered, or put aside
    Column("automatic", Boolean, nullable=False, server_default="0"),
    Column("created_at", Float, nullable=False),
    CheckConstraint("direction in ('in', 'out')", name="direction"),
    Index(None, "client_id", "created_at"),
    Index(None, "number", "created_at"),
    Index(None, "campaign_id", "state"),
    Index(None, "state", "done_at"),  # what waits for a person
    Index(
        "ix_sms_due", "next_at",
        sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index(
        "ix_sms_open", "accepted_at",
        sqlite_where=text("accepted_at IS NOT NULL AND settled_at IS NULL"),
        postgresql_where=text("accepted_at IS NOT NULL AND settled_at IS NULL"),
    ),
    *(
        Index(f"ix_sms_{name}", "number", "created_at", "id", sqlite_where=text(some), postgresql_where=text(some))
        for name, some in (("theirs", SMS_THEIRS), ("ours", f"direction = 'out' AND {_PERSONS}"))
    ),
)  # fmt: skip

sms_parts = Table(
    "sms_parts",
    metadata,
    Column("sms_id", ForeignKey("sms.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("gateway_id", Integer, nullable=False),
    Column("far_id", String(64), nullable=False),  # what the gateway calls it
    Column("state", String(16), nullable=False),
    Index(None, "gateway_id", "far_id"),
)

sms_receipts = Table(
    "sms_receipts",  # of messages that are not known yet
    metadata,
    Column("id", Integer, primary_key=True),
    Column("gateway_id", Integer, nullable=False),
    Column("far_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("said", String(200), nullable=False, server_default=""),
    Column("at", Float, nullable=False, index=True),
    Index(None, "gateway_id", "far_id"),
)

sms_pieces = Table(
    "sms_pieces",  # of long messages that come
    metadata,
    Column("gateway_id", Integer, primary_key=True),
    Column("number", String(32), primary_key=True),
    Column("ref", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    Column("sender", String(20), nullable=False, server_default=""),
    Column("text", String(200), nullable=False),
    Column("at", Float, nullable=False, index=True),
)
