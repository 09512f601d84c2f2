"""What is kept with a conversation: marks set in it, the dialplan's words, the client's own mark, questionnaires."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from cti.storage.schema import metadata

call_marks = Table(
    "call_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False, index=True),  # no key: it may come before the call's row is written
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    Column("text", String(500), nullable=False, server_default=""),
)

call_variables = Table(
    "call_variables",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("name", String(40), nullable=False),
    Column("value", String(200), nullable=False),
    UniqueConstraint("call_id", "name"),
)

call_scores = Table(
    "call_scores",
    metadata,
    Column("call_id", String(80), primary_key=True),
    Column("score", Integer, nullable=False),  # the client's own, 1 to 5
    Column("at", Float, nullable=False),
)

scripts = Table(
    "scripts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("queue", String(80), unique=True),  # "": calls without one; none: of call lists that choose it
    Column("name", String(120), nullable=False),
    Column("questions", Text, nullable=False),  # JSON of clients/scripts.py
    Column("next_question", Integer, nullable=False, server_default="1"),  # ids are not given twice
)

call_answers = Table(
    "call_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("script_id", Integer, nullable=False),  # no key: an answer outlives its questionnaire
    Column("question_id", Integer, nullable=False),
    Column("question", String(300), nullable=False),  # as it was asked
    Column("kind", String(8), nullable=False),
    Column("answer", Text, nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Float, nullable=False),
    UniqueConstraint("call_id", "script_id", "question_id"),
)
