"""Version 59: score forms, scores of calls, what is drawn to be scored, calibrations, coaching notes."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "score_forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=True),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.Column("next_criterion", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_forms")),
    )
    op.create_table(
        "review_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("each", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(length=80), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("least_s", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_review_plans_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_plans")),
    )
    op.create_table(
        "score_form_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["form_id"], ["score_forms.id"], name=op.f("fk_score_form_versions_form_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_form_versions")),
        sa.UniqueConstraint("form_id", "version", name=op.f("uq_score_form_versions_form_id_version")),
    )
    op.create_table(
        "calibrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["score_form_versions.id"], name=op.f("fk_calibrations_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
    )
    op.create_table(
        "call_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("calibration_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="draft", nullable=False),
        sa.Column("answers", sa.Text(), server_default="{}", nullable=False),
        sa.Column("comments", sa.Text(), server_default="[]", nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("failed", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("given_at", sa.Float(), nullable=True),
        sa.Column("reply", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("replied_at", sa.Float(), nullable=True),
        sa.Column("disputed", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("verdict", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("settled_at", sa.Float(), nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('draft', 'given')", name=op.f("ck_call_reviews_state")),
        sa.ForeignKeyConstraint(["agent_id"], ["users.id"], name=op.f("fk_call_reviews_agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name=op.f("fk_call_reviews_by_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["score_form_versions.id"], name=op.f("fk_call_reviews_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_reviews")),
        sa.UniqueConstraint(
            "call_id", "calibration_id", "by_user_id", name=op.f("uq_call_reviews_call_id_calibration_id_by_user_id")
        ),
    )
    op.create_index(op.f("ix_call_reviews_agent_id_given_at"), "call_reviews", ["agent_id", "given_at"], unique=False)
    op.create_table(
        "coaching_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["users.id"], name=op.f("fk_coaching_notes_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_coaching_notes_author_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_notes")),
    )
    op.create_index(op.f("ix_coaching_notes_agent_id"), "coaching_notes", ["agent_id"], unique=False)
    op.create_table(
        "review_draws",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("week", sa.String(length=10), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["users.id"], name=op.f("fk_review_draws_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["review_plans.id"], name=op.f("fk_review_draws_plan_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_review_draws")),
    )
    op.create_index(op.f("ix_review_draws_week"), "review_draws", ["week"], unique=False)
    op.create_table(
        "calibration_people",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"],
            ["calibrations.id"],
            name=op.f("fk_calibration_people_calibration_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_calibration_people_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("calibration_id", "user_id", name=op.f("pk_calibration_people")),
    )
