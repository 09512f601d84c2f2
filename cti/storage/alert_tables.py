"""Budgets of pauses; warnings of trouble: the rules, how people are reached, what was warned of and to whom it went."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from cti.storage.schema import metadata

pause_budgets = Table(
    "pause_budgets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reason", String(80), nullable=False),  # as the pause was called
    Column("since", Float, nullable=False),  # the beginning of a day: the days before keep what they had
    Column("minutes", Integer),  # of one person's day; None: no budget again
    Column("set_at", Float, nullable=False),
    Column("user_id", Integer),
    Index(None, "reason", "since", unique=True),
)

alert_contacts = Table(
    "alert_contacts",  # where a colleague is reached when he is not at his desk
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("email", String(254), nullable=False, server_default=""),
    Column("phone", String(32), nullable=False, server_default=""),  # E.164
)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("given", Text, nullable=False),  # JSON: AlertRule of cti/reports/alerts.py, nothing secret
    Column("hook_url", String(400), nullable=False, server_default=""),
    Column("hook_secret", Text, nullable=False, server_default=""),  # ciphertext of the key that signs
    Column("enabled_at", Float),  # None: off
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule_id", ForeignKey("alert_rules.id", ondelete="SET NULL"), index=True),
    Column("rule", String(120), nullable=False),  # as it was called then
    Column("watched", String(16), nullable=False),  # level, longest-wait, ...
    Column("subject", String(160), nullable=False),  # the queue, PBX, mailbox or gateway
    Column("value", Float, nullable=False),  # when it began
    Column("worst", Float, nullable=False),
    Column("began_at", Float, nullable=False, index=True),
    Column("ended_at", Float),
    Column("acked_at", Float),
    Column("acked_by", ForeignKey("users.id", ondelete="SET NULL")),
    Column("level", Integer, nullable=False, server_default="0"),  # how often it was told: who is next
    Column("level_at", Float, nullable=False),  # when it was told last
    Column("trial", Integer, nullable=False, server_default="0"),  # 1: somebody tried the rule
)

alert_sends = Table(
    "alert_sends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("what", String(8), nullable=False),  # began | again | ended
    Column("way", String(8), nullable=False),  # desk | mail | sms | webhook
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),  # None: the webhook
    Column("key", String(64), nullable=False, unique=True),  # once; the receiver of a webhook knows it again by it
    Column("state", String(8), nullable=False),  # waiting | sent | failed | canceled; of mail and SMS: handed
    Column("why", String(16), nullable=False, server_default=""),  # code of why it failed or was called off
    Column("said", String(200), nullable=False, server_default=""),  # HTTP 503
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, index=True),  # when it is tried next; None: not by itself
    Column("at", Float, nullable=False),
    Column("sent_at", Float),
)
