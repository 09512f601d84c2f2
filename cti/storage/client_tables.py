"""The client base's tables: clients with their phones, mails and places, directories, properties, and every change.

What an admin defines (relation types, regions, ... and properties with their values) are rows, not columns. A value
that a client had once stays in `value_history` with the time for which it held: a report for March uses March's.
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
)

from cti.storage.schema import metadata

clients = Table(
    "clients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False, server_default="company"),  # person | sole-trader | company
    Column("name", String(200), nullable=False),  # short name
    Column("full_name", String(400), nullable=False, server_default="", index=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("responsible_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("name_folded", String(200), nullable=False, index=True),
    Column("search", Text, nullable=False),  # all that it is found by, folded: storage/clients.py
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False, index=True),
    Column("updated_at", Float, nullable=False, index=True),
    Column("inn", String(12), nullable=False, server_default="", index=True),
    Column("kpp", String(9), nullable=False, server_default=""),
    Column("ogrn", String(15), nullable=False, server_default=""),
    Column("relation_id", Integer, index=True),  # these four: directory_items
    Column("region_id", Integer, index=True),
    Column("industry_id", Integer, index=True),
    Column("source_id", Integer, index=True),
    Column("time_zone", String(40), nullable=False, server_default=""),
    Column("linked", Text, nullable=False, server_default=""),  # the part of `search` from contact persons, contracts
    Column("restricted_at", Float),  # no dialling, no messages, no export since then
    Column("restricted_why", String(200), nullable=False, server_default=""),
    Column("last_letter_at", Float, index=True),  # came or went: storage/last_letters.py
    # all that reports count by, in the order of ids: a report reads 50 MB instead of the whole base
    Index(
        "ix_clients_axes",
        "id",
        "kind",
        "responsible_id",
        "relation_id",
        "region_id",
        "industry_id",
        "source_id",
        "created_at",
    ),
    Index(
        "ix_clients_restricted_at",
        "restricted_at",
        sqlite_where=Column("restricted_at").is_not(None),
        postgresql_where=Column("restricted_at").is_not(None),
    ),
    CheckConstraint("kind in ('person', 'sole-trader', 'company')", name="kind"),
)

client_phones = Table(
    "client_phones",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),  # 0 is the primary one
    Column("e164", String(20)),  # None: could not be read as a number
    Column("extension", String(16), nullable=False, server_default=""),
    Column("typed", String(80), nullable=False),
    Column("label", String(40), nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default="0"),  # a switchboard: says nothing of the person
    Index(None, "e164", "client_id"),
)

client_emails = Table(
    "client_emails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("address", String(254), nullable=False),
    Column("folded", String(254), nullable=False, index=True),
    Column("label", String(40), nullable=False, server_default=""),
)

client_places = Table(
    "client_places",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("kind", String(16), nullable=False),  # address | site | telegram | whatsapp | vk | other
    Column("value", String(400), nullable=False),
)

directory_items = Table(
    "directory_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("directory", String(16), nullable=False),  # one of storage/directories.py
    Column("name", String(120), nullable=False),
    Column("parent_id", Integer),  # industries are a tree
    Column("position", Integer, nullable=False, server_default="0"),
    Column("retired_at", Float),  # no longer offered, kept where it is used
    Column("time_zone", String(40), nullable=False, server_default=""),  # of a region
    UniqueConstraint("directory", "name"),
)

properties = Table(
    "properties",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),  # list | several | number | date | text | yes-no | rating
    Column("applies_to", String(40), nullable=False, server_default=""),  # kinds of clients, comma between; "": all
    Column("required", Boolean, nullable=False, server_default="0"),
    Column("in_pop", Boolean, nullable=False, server_default="0"),  # shown on the card of a ringing call
    Column("sensitive", Boolean, nullable=False, server_default="0"),  # a recording pauses while it is filled in
    Column("position", Integer, nullable=False, server_default="0"),
    Column("retired_at", Float),
)

property_values = Table(
    "property_values",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("property_id", ForeignKey("properties.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("color", String(8), nullable=False, server_default=""),  # a word of tokens.css: red, green, ...
    Column("position", Integer, nullable=False, server_default="0"),
    Column("retired_at", Float),
    UniqueConstraint("property_id", "name"),
)

client_values = Table(
    "client_values",
    metadata,
    Column("property_id", ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("place", Integer, primary_key=True, autoincrement=False),  # 0 but for several of a list
    Column("value_id", Integer),
    Column("number", Float),  # number, rating, yes-no as 1 or 0, date as days since 1970
    Column("text", String(400)),
    Column("since", Float, nullable=False),
    Index(None, "property_id", "value_id", "client_id"),
    Index(None, "property_id", "number", "client_id"),
    Index(
        "ix_client_values_text",
        "property_id",
        "text",
        "client_id",
        sqlite_where=Column("text").is_not(None),
        postgresql_where=Column("text").is_not(None),
    ),
    sqlite_with_rowid=False,  # kept by its key: one search a value instead of two
)

value_history = Table(
    "value_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("property_id", ForeignKey("properties.id", ondelete="CASCADE"), nullable=False),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("value_id", Integer),
    Column("number", Float),
    Column("text", String(400)),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Index(None, "property_id", "until"),
    Index(None, "client_id", "property_id", "until"),
)

client_changes = Table(
    "client_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("user_id", Integer),
    Column("version", Integer, nullable=False, server_default="0"),  # of the client, which the change made
    Column("batch", String(32), index=True),  # one bulk edit or import, which can be undone
    Column("field", String(40), nullable=False),  # of clients/attributes.py, or `property:ID`
    Column("was", Text, nullable=False, server_default=""),
    Column("became", Text, nullable=False, server_default=""),
    Index(None, "client_id", "at"),
)

grid_views = Table(
    "grid_views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(80), nullable=False, server_default=""),  # "": how the person left his grid
    Column("role", String(16)),  # whom it is shared with, None: nobody; `all`: everybody
    Column("state", Text, nullable=False),  # JSON: columns, sort, filters, q
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("user_id", "name"),
)

call_views = Table(
    "call_views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("role", String(16)),  # as of grid_views
    Column("state", Text, nullable=False),  # JSON: filters as the address of the page has them
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("user_id", "name"),
)
