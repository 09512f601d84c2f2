"""Version 29: the outbox, templates, the library of files, rules on events, addresses that bounced."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "library_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_library_files_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_files")),
    )
    op.create_index(op.f("ix_library_files_sha256"), "library_files", ["sha256"], unique=False)
    op.create_table(
        "templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=8), server_default="email", nullable=False),
        sa.Column("language", sa.String(length=2), server_default="ru", nullable=False),
        sa.Column("subject", sa.String(length=400), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.CheckConstraint("channel in ('email', 'sms')", name=op.f("ck_templates_channel")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_templates_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("channel", "language", "name", name=op.f("uq_templates_channel_language_name")),
    )
    op.create_table(
        "event_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("given", sa.Text(), server_default="{}", nullable=False),
        sa.Column("channel", sa.String(length=8), server_default="email", nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=True),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("task", sa.String(length=400), server_default="", nullable=False),
        sa.Column("delay_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hours", sa.String(length=120), server_default="", nullable=False),
        sa.Column("enabled_at", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_event_rules_mailbox_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name=op.f("fk_event_rules_template_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_event_rules_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_event_rules_name")),
    )
    op.create_table(
        "template_files",
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["library_files.id"], name=op.f("fk_template_files_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name=op.f("fk_template_files_template_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", "file_id", name=op.f("pk_template_files")),
    )
    op.create_table(
        "bounced_addresses",
        sa.Column("folded", sa.String(length=254), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=400), server_default="", nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_bounced_addresses_letter_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_bounced_addresses")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), server_default="new", nullable=False),
        sa.Column("answers_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.String(length=80), server_default="", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=400), nullable=False),
        sa.Column("people", sa.Text(), server_default="[]", nullable=False),
        sa.Column("to_folded", sa.String(length=254), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=400), server_default="", nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("quoted", sa.Text(), server_default="", nullable=False),
        sa.Column("send_at", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.Column("claimed_at", sa.Float(), nullable=True),
        sa.Column("left", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.String(length=16), server_default="", nullable=False),
        sa.Column("said", sa.String(length=400), server_default="", nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.Float(), nullable=True),
        sa.Column("draft_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'waiting', 'sending', 'sent', 'unknown', 'failed', 'canceled', 'held')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["answers_id"], ["letters.id"], name=op.f("fk_outbox_answers_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_outbox_client_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_outbox_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_outbox_conversation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_outbox_letter_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_outbox_mailbox_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outbox_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index(op.f("ix_outbox_answers_id"), "outbox", ["answers_id"], unique=False)
    op.create_index(op.f("ix_outbox_client_id"), "outbox", ["client_id"], unique=False)
    op.create_index(op.f("ix_outbox_contact_id"), "outbox", ["contact_id"], unique=False)
    op.create_index(op.f("ix_outbox_conversation_id"), "outbox", ["conversation_id"], unique=False)
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_outbox_letter_id"), "outbox", ["letter_id"], unique=False)
    op.create_index(
        "ix_outbox_untold",
        "outbox",
        ["why"],
        unique=False,
        sqlite_where=sa.text("why <> '' AND told_at IS NULL"),
        postgresql_where=sa.text("why <> '' AND told_at IS NULL"),
    )
    op.create_index(op.f("ix_outbox_to_folded_created_at"), "outbox", ["to_folded", "created_at"], unique=False)
    op.create_index(op.f("ix_outbox_user_id"), "outbox", ["user_id"], unique=False)
    op.create_table(
        "outbox_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_id", sa.String(length=255), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_outbox_files_outbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_files")),
    )
    op.create_index(op.f("ix_outbox_files_outbox_id"), "outbox_files", ["outbox_id"], unique=False)
    op.create_index(op.f("ix_outbox_files_sha256"), "outbox_files", ["sha256"], unique=False)
    op.create_table(
        "rule_runs",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=120), server_default="", nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_rule_runs_client_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_rule_runs_outbox_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["rule_id"], ["event_rules.id"], name=op.f("fk_rule_runs_rule_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id", "key", name=op.f("pk_rule_runs")),
    )
    op.create_index(op.f("ix_rule_runs_client_id"), "rule_runs", ["client_id"], unique=False)
