"""Who and what belongs to clients: contact persons, who may belong to several, contracts, files, notes and tasks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from cti.storage.schema import metadata

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_folded", String(200), nullable=False, index=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

contact_clients = Table(
    "contact_clients",
    metadata,
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role_id", Integer, index=True),  # directory_items, contact-role
    Column("position", Integer, nullable=False, server_default="0"),
)

contact_phones = Table(
    "contact_phones",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("e164", String(20)),  # None: could not be read as a number
    Column("extension", String(16), nullable=False, server_default=""),
    Column("typed", String(80), nullable=False),
    Column("label", String(40), nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default="0"),
    Index(None, "e164", "contact_id"),
)

contact_emails = Table(
    "contact_emails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("address", String(254), nullable=False),
    Column("folded", String(254), nullable=False, index=True),
    Column("label", String(40), nullable=False, server_default=""),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", String(80), nullable=False),
    Column("signed_on", String(10)),  # dates as 2026-11-23
    Column("begins_on", String(10)),
    Column("ends_on", String(10), index=True),
    Column("state_id", Integer, index=True),  # directory_items, contract-state
    Column("amount", BigInteger),  # hundredths of the currency
    Column("currency", String(3), nullable=False, server_default="RUB"),
    Column("manager_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

client_files = Table(
    "client_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("contract_id", ForeignKey("contracts.id", ondelete="CASCADE"), index=True),
    Column("name", String(255), nullable=False),  # as the person's; never a path
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("stored", String(64), nullable=False, unique=True),  # its name in the folder of files
    Column("user_id", Integer),
    Column("created_at", Float, nullable=False),
)

client_notes = Table(
    "client_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float),  # None: as it was written
    Index(None, "client_id", "created_at"),
)

client_tasks = Table(
    "client_tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE")),  # None: a number that is nobody's
    Column("what", String(400), nullable=False),
    Column("due_at", Float),  # None: some day
    Column("owner_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("made_by", Integer),
    Column("created_at", Float, nullable=False),
    Column("done_at", Float),
    Column("done_by", Integer),
    Column("kind", String(8), nullable=False, server_default="task"),  # task | callback
    Column("number", String(40)),  # E.164 to be dialled; None: the client's first
    Column("call_id", String(80), index=True),  # it came of this call
    Column("remind_at", Float),  # when its owner is reminded next; None: no more
    Column("request_id", String(64)),  # of the click that dialled it last
    Index(None, "client_id", "created_at"),
    # the open ones alone: a client's for his card and the pop, a person's for his desk
    Index(
        "ix_client_tasks_open",
        "client_id",
        sqlite_where=Column("done_at").is_(None),
        postgresql_where=Column("done_at").is_(None),
    ),
    Index(
        "ix_client_tasks_own",
        "owner_id",
        "due_at",
        sqlite_where=Column("done_at").is_(None),
        postgresql_where=Column("done_at").is_(None),
    ),
    Index(
        "ix_client_tasks_remind",
        "remind_at",
        sqlite_where=Column("done_at").is_(None),
        postgresql_where=Column("done_at").is_(None),
    ),
)
