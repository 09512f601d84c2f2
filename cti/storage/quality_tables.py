"""Score forms, scores given to calls, calls drawn to be scored, calibrations and coaching notes."""

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

score_forms = Table(
    "score_forms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("queue", String(80)),  # None: calls of every queue
    Column("retired_at", Float),
    Column("next_criterion", Integer, nullable=False, server_default="1"),  # ids are not given twice
)

score_form_versions = Table(
    "score_form_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("form_id", ForeignKey("score_forms.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("criteria", Text, nullable=False),  # JSON of reports/quality.py
    Column("made_at", Float, nullable=False),
    Column("made_by", Integer),
    UniqueConstraint("form_id", "version"),
)

call_reviews = Table(
    "call_reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),  # no key: it outlives what the journal keeps
    Column("calibration_id", Integer, nullable=False, server_default="0"),  # 0: it counts for the agent
    Column("version_id", ForeignKey("score_form_versions.id"), nullable=False),
    Column("agent_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("by_user_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("state", String(8), nullable=False, server_default="draft"),
    Column("answers", Text, nullable=False, server_default="{}"),  # JSON: criterion -> answer
    Column("comments", Text, nullable=False, server_default="[]"),  # JSON: at (s of the recording), criterion, text
    Column("score", Float),  # 0 to 100
    Column("failed", Boolean, nullable=False, server_default="0"),
    Column("updated_at", Float, nullable=False),
    Column("given_at", Float),
    Column("reply", String(2000), nullable=False, server_default=""),  # the agent's
    Column("replied_at", Float),
    Column("disputed", Boolean, nullable=False, server_default="0"),
    Column("verdict", String(2000), nullable=False, server_default=""),  # of who settled the dispute
    Column("settled_at", Float),
    Column("settled_by", Integer),
    CheckConstraint("state in ('draft', 'given')", name="state"),
    UniqueConstraint("call_id", "calibration_id", "by_user_id"),
    Index(None, "agent_id", "given_at"),
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("version_id", ForeignKey("score_form_versions.id"), nullable=False),
    Column("made_by", Integer),
    Column("created_at", Float, nullable=False),
    Column("closed_at", Float),  # None: everybody scores blind
)

calibration_people = Table(
    "calibration_people",
    metadata,
    Column("calibration_id", ForeignKey("calibrations.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)

review_plans = Table(
    "review_plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("each", Integer, nullable=False),  # calls of every agent in a week
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE")),  # None: of all teams
    Column("queue", String(80)),
    Column("outcome", String(20)),
    Column("least_s", Integer, nullable=False, server_default="0"),  # of conversation
)

review_draws = Table(
    "review_draws",
    metadata,
    Column("call_id", String(80), primary_key=True),  # once and no more, whatever plan
    Column("plan_id", ForeignKey("review_plans.id", ondelete="SET NULL")),
    Column("week", String(10), nullable=False, index=True),  # its Monday
    Column("agent_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("drawn_at", Float, nullable=False),
)

low_mark_rule = Table(
    "low_mark_rule",
    metadata,
    Column("id", Integer, primary_key=True),  # 1: it was set in the panel, or nothing: as the settings say
    Column("most", Integer, nullable=False),
    Column("owner_id", ForeignKey("users.id", ondelete="SET NULL")),  # None: nobody's task
)

coaching_notes = Table(
    "coaching_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("author_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("call_id", String(80)),
    Column("text", Text, nullable=False),
    Column("shared", Boolean, nullable=False, server_default="0"),  # those who may read the agent's scores read it too
    Column("due_on", String(10)),  # the day it is talked about again
    Column("created_at", Float, nullable=False),
    Column("done_at", Float),
)
