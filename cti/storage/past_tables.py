"""What was taken in of the time before Trubka looked: which log, by whom, and what came of it."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from cti.storage.schema import metadata

past_imports = Table(
    "past_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),  # queue-log | cdr
    Column("pbx", String(32), nullable=False, server_default=""),
    Column("name", String(200), nullable=False),  # of the file, or of the PBX's table
    Column("user_id", Integer),  # None: an operator at the console
    Column("state", String(12), nullable=False),  # running | done | stopped | failed | undoing | undone
    Column("lines", Integer, nullable=False, server_default="0"),
    Column("torn", Integer, nullable=False, server_default="0"),  # lines that cannot be read
    Column("odd", Integer, nullable=False, server_default="0"),  # lines of calls whose beginning is not in the log
    Column("made", Integer, nullable=False, server_default="0"),
    Column("filled", Integer, nullable=False, server_default="0"),  # calls whose end nobody had seen
    Column("known", Integer, nullable=False, server_default="0"),
    Column("states", Integer, nullable=False, server_default="0"),  # of people
    Column("strangers", Text, nullable=False, server_default="[]"),  # JSON: names in the log that are nobody's
    Column("first_at", Float),
    Column("last_at", Float),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("source", Text, nullable=False, server_default=""),  # JSON: what the panel takes in; "": from the console
    Column("tries", Integer, nullable=False, server_default="0"),  # how often a server's end cut it off
    Column("message", String(300), nullable=False, server_default=""),  # why it failed
)
past_names = Table(
    "past_names",
    metadata,
    Column("pbx", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),  # agent | queue
    Column("name", String(80), primary_key=True),  # as the log has it
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),  # of an agent; None: nobody's
    Column("queue", String(80), nullable=False),  # the one it is now; "": itself
)
past_databases = Table(
    "past_databases",
    metadata,
    Column("pbx", String(32), primary_key=True),
    Column("kind", String(12), nullable=False),  # postgresql | mysql
    Column("host", String(253), nullable=False),
    Column("port", Integer, nullable=False),
    Column("name", String(64), nullable=False),
    Column("login", String(80), nullable=False),
    Column("secret", Text, nullable=False),  # sealed
    Column("cdr_table", String(64), nullable=False),  # "": there is none
    Column("queue_log_table", String(64), nullable=False),
    Column("at", Float, nullable=False),
)
