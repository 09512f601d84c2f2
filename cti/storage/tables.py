"""The schema, as SQLAlchemy Core tables; migrations/ brings a database here, a test proves both equal.

Times are UNIX seconds (float, UTC). Texts that are searched have a folded twin (casefold, ё as е). Secrets are
hashes or ciphertext. Ids of calls and legs are the PBX's (prefixed `NAME:` with several PBXes).
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

from cti.storage import absences as absences
from cti.storage import alert_tables as alert_tables
from cti.storage import answer_tables as answer_tables
from cti.storage import board_tables as board_tables
from cti.storage import campaign_tables as campaign_tables  # foreign keys find their tables by name
from cti.storage import client_tables as client_tables
from cti.storage import client_work_tables as client_work_tables
from cti.storage import contact_tables as contact_tables
from cti.storage import dialplan_tables as dialplan_tables
from cti.storage import disposition_tables as disposition_tables
from cti.storage import duty_tables as duty_tables
from cti.storage import mail_tables as mail_tables
from cti.storage import newcomer_tables as newcomer_tables
from cti.storage import past_tables as past_tables
from cti.storage import privacy_tables as privacy_tables
from cti.storage import quality_tables as quality_tables
from cti.storage import report_tables as report_tables
from cti.storage import rollup_tables as rollup_tables
from cti.storage import sending_tables as sending_tables
from cti.storage import sms_tables as sms_tables
from cti.storage import work_tables as work_tables
from cti.storage.schema import metadata as metadata

teams = Table(
    "teams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String(64), nullable=False, unique=True),  # casefolded
    Column("name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("team_id", ForeignKey("teams.id", ondelete="SET NULL")),
    Column("password_hash", String(200)),  # None: signs in by LDAP only
    Column("totp_secret", String(400)),  # ciphertext; None: off
    Column("totp_step", Integer, nullable=False, server_default="0"),  # last step used: no code works twice
    Column("language", String(2), nullable=False, server_default="ru"),
    Column("theme", String(5), nullable=False, server_default="auto"),
    Column("blocked_at", Float),
    Column("created_at", Float, nullable=False),
    Column("own_keys", Text, nullable=False, server_default=""),  # JSON: action -> key, where it is not the usual one
    Column("desk_pin", String(200)),  # hash of what he types at a shared desk phone; None: nothing is asked
    CheckConstraint("role in ('agent', 'supervisor', 'admin')", name="role"),
)

role_rights = Table(
    "role_rights",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("changed", Text, nullable=False),  # JSON: right -> scope, where it is not the default
)

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(80), nullable=False, unique=True),  # PJSIP/101
    Column("extension", String(16), nullable=False, index=True),  # 101
    Column("kind", String(8), nullable=False, server_default="desk"),  # desk | browser
    Column("chosen", Boolean, nullable=False, server_default="0"),  # where the agent is rung and dials from
    Column("model", String(16), nullable=False, server_default="auto"),  # how it picks up by itself on a click
    CheckConstraint("kind in ('desk', 'browser')", name="kind"),
)

shared_desks = Table(
    "shared_desks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),  # PJSIP/105
    Column("extension", String(16), nullable=False),  # 105
    Column("model", String(16), nullable=False, server_default="auto"),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL"), unique=True),  # who sits there now
    Column("seated_at", Float),
    Column("chosen", Boolean, nullable=False, server_default="1"),  # whether he is rung there
)

user_queues = Table(
    "user_queues",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("queue", String(80), primary_key=True),
    Column("penalty", Integer, nullable=False, server_default="0"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # sha256 of the cookie's value
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("ip", String(45), nullable=False, server_default=""),
    Column("browser", String(200), nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("note", String(120), nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float),
)

setup_codes = Table(
    "setup_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("expires_at", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("user_id", Integer),
    Column("action", String(64), nullable=False),
    Column("object", String(120), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
)

number_choices = Table(
    "number_choices",
    metadata,
    Column("number", String(40), primary_key=True),  # E.164
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("chosen_at", Float, nullable=False),
)

_CAME = text("direction = 'inbound'")
_FIRST = text("direction = 'inbound' AND client_id IS NOT NULL AND answered_at IS NOT NULL")
VAIN = (  # calls in vain, as storage/missed.py says; reports ask by the same words, so that the index of them is used
    "direction = 'inbound' AND answered_at IS NULL AND outcome IS NOT NULL"
    " AND outcome NOT IN ('diverted', 'self-service', 'callback-requested')"
    " AND request_id IS NULL AND (reason IS NULL OR reason <> 'sip')"
)
_VAIN = text(VAIN)
_TALK = text("answered_at IS NOT NULL")
_TALK_WITH = text("answered_at IS NOT NULL AND client_id IS NOT NULL")
calls = Table(
    "calls",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("pbx", String(32), nullable=False, server_default=""),
    Column("direction", String(8)),
    Column("caller_number", String(80)),
    Column("caller_name", String(160)),
    Column("caller_device", String(80)),
    Column("called", String(80)),
    Column("number", String(40)),  # E.164 of the outside party, either direction
    Column("queue", String(80)),
    Column("started_at", Float, nullable=False, index=True),
    Column("queued_at", Float),
    Column("answered_at", Float),
    Column("ended_at", Float),
    Column("outcome", String(20)),
    Column("reason", String(12)),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL")),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),  # who talked last, else who placed it
    Column("request_id", String(64)),
    Column("details", Text, nullable=False, server_default="{}"),  # JSON: talked, transfers
    Column("released_by", String(8)),  # caller | called | pbx
    Column("released_leg", String(120)),
    Column("cause", Integer),  # Q.850, of the leg that hung up
    Column("unseen_since", Float),  # it ended between these two times, and nobody saw it
    Column("unseen_until", Float),
    Column("next_at", Float),  # when the client called again, of calls of clients: triggers keep it (0067)
    Column("past_id", Integer),  # the import that told of it; None: it was seen
    Index("ix_calls_of_client", "client_id", "started_at", "answered_at", "ended_at"),  # all that clients are asked by
    *(
        Index(f"ix_calls_{name}_started_at", name, "started_at")
        for name in ("queue", "outcome", "called", "caller_number", "number", "user_id")
    ),
    Index("ix_calls_first", "user_id", "started_at", "next_at", sqlite_where=_FIRST, postgresql_where=_FIRST),
    Index(
        "ix_calls_came",
        *("started_at", "called", "queue", "answered_at", "outcome", "ended_at"),
        sqlite_where=_CAME,
        postgresql_where=_CAME,
    ),
    Index(
        "ix_calls_vain",
        *("started_at", "queue", "number", "client_id", "id"),
        sqlite_where=_VAIN,
        postgresql_where=_VAIN,
    ),
    Index("ix_calls_talk", "number", "client_id", "answered_at", sqlite_where=_TALK, postgresql_where=_TALK),
    Index("ix_calls_talk_with", "client_id", "answered_at", sqlite_where=_TALK_WITH, postgresql_where=_TALK_WITH),
    Index("ix_calls_open", "started_at", sqlite_where=Column("ended_at").is_(None)),
    Index(
        "ix_calls_past",
        "past_id",
        sqlite_where=Column("past_id").is_not(None),
        postgresql_where=Column("past_id").is_not(None),
    ),
)

legs = Table(
    "legs",
    metadata,
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("leg_id", String(80), primary_key=True),
    Column("leg", String(120), nullable=False),
    Column("device", String(80)),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("rang_at", Float),
    Column("answered_at", Float),
    Column("ended_at", Float),
    Column("result", String(20)),
    Column("cause", Integer),
    Column("talk_s", Float),  # without hold; None: not known
    Column("hold_s", Float),
    Column("talking_since", Float),  # the stretch under way
    Column("told", Integer, nullable=False, server_default="0"),  # 1: its person said what came of it: triggers (0070)
    Index("ix_legs_talks", "user_id", "answered_at", "told", "rang_at"),  # all that talks are counted by
    Index(None, "user_id", "rang_at"),
    Index(
        "ix_legs_in_vain",
        *("user_id", "rang_at", "ended_at"),
        sqlite_where=Column("answered_at").is_(None),
        postgresql_where=Column("answered_at").is_(None),
    ),
    Index(
        None,
        "device",
        sqlite_where=Column("device").is_not(None),
        postgresql_where=Column("device").is_not(None),
    ),
)

call_waits = Table(
    "call_waits",
    metadata,
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),  # 0 is the first queue entered
    Column("queue", String(80), nullable=False),
    Column("joined_at", Float),
    Column("left_at", Float),
    Column("how", String(12)),  # answered | abandoned | diverted | timeout | leaveempty | joinempty | full | other
    Column("position", Integer),
    Index(None, "queue", "joined_at"),
)

call_corrections = Table(
    "call_corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("user_id", Integer),  # None: the server, which learned better
    Column("field", String(20), nullable=False),
    Column("was", Text),
    Column("became", Text),
)

call_notes = Table(
    "call_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),  # no key: a note may come before the call's row is written
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("text", Text, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("call_id", "user_id"),
)

desktop_events = Table(
    "desktop_events",
    metadata,
    Column("agent_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),  # screen_pop | message
    Column("call_id", String(80), index=True),
    Column("payload", Text, nullable=False),  # JSON of the record in cti/desktop.py
    Column("created_at", Float, nullable=False),
    Column("shown_at", Float),  # acknowledged by the browser
    Column("latency_ms", Float),  # AMI byte -> painted card
)

trace = Table(
    "trace",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("step", String(40), nullable=False),  # code of web/texts.py
    Column("user_id", Integer),
    Column("args", Text, nullable=False, server_default="{}"),
)

dial_requests = Table(
    "dial_requests",
    metadata,
    Column("request_id", String(64), primary_key=True),  # made by the client: a repeated click is one call
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("number", String(40), nullable=False),
    Column("extension", String(16), nullable=False, server_default=""),
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL")),
    Column("device", String(80), nullable=False),
    Column("call_id", String(80)),
    Column("state", String(12), nullable=False),  # sent | ok | refused | unknown | failed
    Column("created_at", Float, nullable=False),
    Index(None, "user_id", "created_at"),
)

test_calls = Table(
    "test_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("registrar", String(40), nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("ok", Boolean, nullable=False),
    Column("said", String(40), nullable=False),  # code of web/texts.py
    Column("detail", String(200), nullable=False, server_default=""),
    Column("card_ms", Float),
    Column("shown_ms", Float),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),  # None: the schedule, or an operator at the console
)
