"""What is counted of calls and states by quarters of an hour, and which quarters have to be counted anew.

Triggers write the marks (migrations/versions/0049_rollups.py) in the transaction of whatever changes a call, a stay, a
leg or a state: nothing that changes the journal has a way around them. Counted quarters are made of the journal alone
(rollups.py): lost, they are counted again. Hours, and of people days, are sums of quarters, which triggers keep
(0065_hours.py, 0076_agent_days.py): whatever changes a quarter changes them in the same transaction. Calls by the
number that was called are counted by what triggers tell of each change (0072_number_days.py): days and changes together
are the journal, at every moment. When a client who called in vain was reached is kept by calls, and worked out anew
where marks say so (0075_reach_times.py).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from cti.reports.agent_sums import NUMBERS
from cti.reports.number_levels import Level
from cti.reports.queue_sums import PLAIN, STEPS
from cti.storage.schema import metadata

WAITS = tuple(f"waits_{step}" for step in STEPS)  # answered, by where the step of the wait begins
ABANDONED_WAITS = tuple(f"abandoned_waits_{step}" for step in STEPS)
LATER = ("session_ms", "outside_ms", "twice_ms", "ring_ms", "sessions", "transferred")  # of people, counted since 0056
COUNTED = (*PLAIN, *WAITS, *ABANDONED_WAITS)

queue_thresholds = Table(
    "queue_thresholds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("queue", String(80), nullable=False),  # "": of all queues that have none of their own
    Column("since", Float, nullable=False),  # the beginning of a quarter: what was counted before stays as it was
    Column("answer_within_s", Integer),  # None: as all queues again
    Column("short_s", Integer),
    Column("set_at", Float, nullable=False),
    Column("user_id", Integer),
    Index(None, "queue", "since", unique=True),
)

figure_targets = Table(
    "figure_targets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("figure", String(40), nullable=False),  # a key of kpi.py
    Column("whose", String(80), nullable=False),  # a queue, or the id of a team; "": of all that have none of their own
    Column("since", Float, nullable=False),  # what began before is held against what was said then
    Column("value", Float),  # None: there is none, or as all again
    Column("set_at", Float, nullable=False),
    Column("user_id", Integer),
    Index(None, "figure", "whose", "since"),
)

queue_quarters = Table(
    "queue_quarters",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # when the quarter began, UNIX seconds
    Column("queue", String(80), primary_key=True),
    Column("version", Integer, nullable=False),  # of the figures' definitions
    Column("answer_within_s", Integer, nullable=False),  # the thresholds it was counted with
    Column("short_s", Integer, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTED),
    sqlite_with_rowid=False,
)

queue_hours = Table(
    "queue_hours",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", String(80), primary_key=True),
    Column("answer_within_s", Integer, primary_key=True, autoincrement=False),  # a row for each pair of thresholds
    Column("short_s", Integer, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTED),
    sqlite_with_rowid=False,
)

number_levels = Table(  # see reports/number_levels.py
    "number_levels",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", String(80), primary_key=True),
    Column("called", String(80), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in Level._fields),
    sqlite_with_rowid=False,
)

number_days = Table(  # incoming calls by when they began and by what became of them
    "number_days",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # when the day of UTC began
    Column("queue", String(80), primary_key=True),  # "": none
    Column("called", String(80), primary_key=True),  # "": nobody knows
    Column("kind", String(10), primary_key=True),  # one of number_rollups.KINDS
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

number_changes = Table(  # what triggers tell of calls that came, changed or went, and is not in the days yet
    "number_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(column.name, column.type, nullable=False) for column in number_days.columns),
)

agent_quarters = Table(
    "agent_quarters",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in NUMBERS if name not in LATER),
    *(Column(name, BigInteger, nullable=False, server_default="0") for name in LATER),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)

agent_pauses = Table(
    "agent_pauses",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", String(80), primary_key=True),
    Column("pause_ms", BigInteger, nullable=False),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)

agent_hours = Table(
    "agent_hours",
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("quarters", BigInteger, nullable=False),  # it goes with the last of them
    *(Column(name, BigInteger, nullable=False) for name in NUMBERS),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)

agent_days = Table(
    "agent_days",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # when the day of UTC began
    Column("quarters", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in NUMBERS),
    sqlite_with_rowid=False,
)

agent_pause_days = Table(
    "agent_pause_days",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", String(80), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("quarters", BigInteger, nullable=False),
    Column("pause_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

queue_marks = Table(
    "queue_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("queue", String(80), nullable=False),
    Column("since", Float, nullable=False),  # something of these quarters has changed, both ends among them
    Column("until", Float, nullable=False),
)

agent_marks = Table(
    "agent_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
)

reach_times = Table(  # of every call in vain; see storage/reach_times.py
    "reach_times",
    metadata,
    Column("at", Float, primary_key=True),  # when it came
    Column("call_id", String(80), primary_key=True),
    Column("queue", String(80), nullable=False),  # "": none
    Column("client_id", Integer),  # whose it is, by the call or by the number; None: nobody's, or several clients'
    Column("hidden", Boolean, nullable=False),  # nobody's and without a number
    Column("reached_at", Float),  # the first talk with him since; None: there was none yet
    Column("bin", Integer),  # how long it took, see reach_times.bin_of
    Column("before_at", Float),  # his call in vain before it, where nobody talked with him between them
    Index(None, "client_id", "at"),
    sqlite_with_rowid=False,
)

reach_marks = Table(
    "reach_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(4), nullable=False),  # vain: a call in vain; talk; all: whose a number is
    Column("at", Float, nullable=False),  # when it came or was answered
    Column("call_id", String(80)),  # of a call in vain
    Column("client_id", Integer),
    Column("number", String(40)),  # where it matters
)
