"""Reports that are sent by letter on a schedule."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from cti.storage.schema import metadata

scheduled_reports = Table(
    "scheduled_reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("report", String(20), nullable=False),  # its address in the panel: /reports/REPORT
    Column("query", Text, nullable=False, server_default=""),  # its filters, without the days
    Column("span", String(12), nullable=False),  # which days: cti/reports/schedule.py
    Column("format", String(4), nullable=False),  # xlsx | pdf
    Column("every", String(5), nullable=False),  # day | week | month
    Column("day", Integer, nullable=False, server_default="1"),  # of the week (1 is Monday) or of the month
    Column("minute", Integer, nullable=False),  # of the day, by the house's clock
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="SET NULL")),
    Column("people", Text, nullable=False, server_default="[]"),  # JSON: addresses
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),  # whose rights count
    Column("paused_at", Float),
    Column("next_at", Float, nullable=False, index=True),
    Column("last_at", Float),
    Column("last_result", String(20), nullable=False, server_default=""),  # code; "": never tried
    Column("outbox_id", ForeignKey("outbox.id", ondelete="SET NULL")),  # its latest letter
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
)
