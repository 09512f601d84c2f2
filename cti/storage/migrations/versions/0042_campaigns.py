"""Version 42: campaigns and call lists."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("purpose", sa.String(length=16), server_default="marketing", nullable=False),
        sa.Column("state", sa.String(length=8), server_default="draft", nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("given", sa.Text(), server_default="{}", nullable=False),
        sa.Column("begins_at", sa.Float(), nullable=True),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("built_at", sa.Float(), nullable=True),
        sa.Column("built", sa.Text(), server_default="{}", nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.Float(), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.Float(), nullable=True),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("why", sa.String(length=16), server_default="", nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'building', 'asked', 'ready', 'running', 'paused', 'stopped', 'done')",
            name=op.f("ck_campaigns_state"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_campaigns_approved_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_campaigns_asked_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_campaigns_segment_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_campaigns_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("name", name=op.f("uq_campaigns_name")),
    )
    op.create_table(
        "campaign_people",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("second", sa.String(length=254), server_default="", nullable=False),
        sa.Column("zone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("variant", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("why", sa.String(length=16), server_default="", nullable=False),
        sa.Column("due_at", sa.Float(), nullable=True),
        sa.Column("at", sa.Float(), nullable=True),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.Column("sms_id", sa.Integer(), nullable=True),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.Float(), nullable=True),
        sa.Column("unsubscribed_at", sa.Float(), nullable=True),
        sa.Column("replied_at", sa.Float(), nullable=True),
        sa.Column("called_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_people_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_campaign_people_client_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_campaign_people")),
        sa.UniqueConstraint("address", "campaign_id", name=op.f("uq_campaign_people_address_campaign_id")),
    )
    op.create_index(
        op.f("ix_campaign_people_campaign_id_state_zone_number"),
        "campaign_people",
        ["campaign_id", "state", "zone", "number"],
        unique=False,
    )
    op.create_index(op.f("ix_campaign_people_client_id"), "campaign_people", ["client_id"], unique=False)
    op.create_index(
        "ix_campaign_people_outbox_id",
        "campaign_people",
        ["outbox_id"],
        unique=False,
        sqlite_where=sa.text("outbox_id IS NOT NULL"),
        postgresql_where=sa.text("outbox_id IS NOT NULL"),
    )
    op.create_index(
        "ix_campaign_people_sms_id",
        "campaign_people",
        ["sms_id"],
        unique=False,
        sqlite_where=sa.text("sms_id IS NOT NULL"),
        postgresql_where=sa.text("sms_id IS NOT NULL"),
    )
    op.create_table(
        "campaign_calls",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=80), server_default="", nullable=False),
        sa.Column("request_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("label", sa.String(length=32), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=16), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_campaign_calls_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("campaign_id", "number", "attempt", name=op.f("pk_campaign_calls")),
    )
    op.create_index(op.f("ix_campaign_calls_call_id"), "campaign_calls", ["call_id"], unique=False)
    op.create_index(op.f("ix_campaign_calls_request_id"), "campaign_calls", ["request_id"], unique=False)
    op.add_column("outbox", sa.Column("campaign_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_outbox_campaign_id"), "outbox", ["campaign_id"], unique=False)
    op.add_column("rule_runs", sa.Column("sms_id", sa.Integer(), nullable=True))
