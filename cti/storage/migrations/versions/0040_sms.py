"""Version 40: SMS: gateways, routes, messages both ways with their parts and receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "sms_gateways",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("given", sa.Text(), server_default="{}", nullable=False),
        sa.Column("secret", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.String(length=20), server_default="", nullable=False),
        sa.Column("rate", sa.Integer(), server_default="10", nullable=False),
        sa.Column("price", sa.Integer(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="RUB", nullable=False),
        sa.Column("paused_at", sa.Float(), nullable=True),
        sa.Column("removed_at", sa.Float(), nullable=True),
        sa.Column("trouble", sa.String(length=400), server_default="", nullable=False),
        sa.Column("trouble_at", sa.Float(), nullable=True),
        sa.Column("seen_at", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint("kind in ('smpp', 'http', 'modem')", name=op.f("ck_sms_gateways_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_gateways")),
        sa.UniqueConstraint("name", name=op.f("uq_sms_gateways_name")),
    )
    op.create_table(
        "sms_routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=16), server_default="", nullable=False),
        sa.Column("gateway_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), server_default="1", nullable=False),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["sms_gateways.id"], name=op.f("fk_sms_routes_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_routes")),
        sa.UniqueConstraint("prefix", "gateway_id", name=op.f("uq_sms_routes_prefix_gateway_id")),
    )
    op.create_table(
        "sms_senders",
        sa.Column("gateway_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["sms_gateways.id"], name=op.f("fk_sms_senders_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gateway_id", "purpose", name=op.f("pk_sms_senders")),
    )
    op.create_table(
        "sms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("sender", sa.String(length=20), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=16), server_default="service", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("price", sa.Integer(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="RUB", nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.String(length=80), server_default="", nullable=False),
        sa.Column("gateway_id", sa.Integer(), nullable=True),
        sa.Column("send_at", sa.Float(), nullable=True),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.Column("claimed_at", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted_at", sa.Float(), nullable=True),
        sa.Column("settled_at", sa.Float(), nullable=True),
        sa.Column("why", sa.String(length=16), server_default="", nullable=False),
        sa.Column("said", sa.String(length=200), server_default="", nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.Column("read_at", sa.Float(), nullable=True),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.Column("automatic", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint("direction in ('in', 'out')", name=op.f("ck_sms_direction")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sms_client_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_sms_contact_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["sms_gateways.id"], name=op.f("fk_sms_gateway_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sms_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms")),
        sa.UniqueConstraint("key", name=op.f("uq_sms_key")),
    )
    op.create_index(op.f("ix_sms_campaign_id_state"), "sms", ["campaign_id", "state"], unique=False)
    op.create_index(op.f("ix_sms_client_id_created_at"), "sms", ["client_id", "created_at"], unique=False)
    op.create_index(op.f("ix_sms_contact_id"), "sms", ["contact_id"], unique=False)
    op.create_index(
        "ix_sms_due",
        "sms",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_sms_number_created_at"), "sms", ["number", "created_at"], unique=False)
    op.create_index(
        "ix_sms_open",
        "sms",
        ["accepted_at"],
        unique=False,
        sqlite_where=sa.text("accepted_at IS NOT NULL AND settled_at IS NULL"),
        postgresql_where=sa.text("accepted_at IS NOT NULL AND settled_at IS NULL"),
    )
    op.create_index(op.f("ix_sms_state_done_at"), "sms", ["state", "done_at"], unique=False)
    op.create_index(op.f("ix_sms_user_id"), "sms", ["user_id"], unique=False)
    op.create_table(
        "sms_parts",
        sa.Column("sms_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sa.Integer(), nullable=False),
        sa.Column("far_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["sms_id"], ["sms.id"], name=op.f("fk_sms_parts_sms_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sms_id", "attempt", "part", name=op.f("pk_sms_parts")),
    )
    op.create_index(op.f("ix_sms_parts_gateway_id_far_id"), "sms_parts", ["gateway_id", "far_id"], unique=False)
    op.create_table(
        "sms_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sa.Integer(), nullable=False),
        sa.Column("far_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("said", sa.String(length=200), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_receipts")),
    )
    op.create_index(op.f("ix_sms_receipts_at"), "sms_receipts", ["at"], unique=False)
    op.create_index(op.f("ix_sms_receipts_gateway_id_far_id"), "sms_receipts", ["gateway_id", "far_id"], unique=False)
    op.create_table(
        "sms_pieces",
        sa.Column("gateway_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=20), server_default="", nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "number", "ref", "part", name=op.f("pk_sms_pieces")),
    )
    op.create_index(op.f("ix_sms_pieces_at"), "sms_pieces", ["at"], unique=False)
