"""What clients wrote in letters and SMS, with what answered it: written by triggers alone (0074_answers.py).

Here is what persons wrote in conversations. Of those of one conversation before_at is when the last of theirs before it
was written, by time and id; adds: nothing of ours lies between; answered_at, answered_by: when the next of ours was
written, and by whom. A letter of theirs was written when it was received, one of ours when it was sent.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from cti.storage.schema import metadata

_TOLD = ("answered_by", "answered_at", "before_at", "adds")


def _told() -> list[Column[object]]:
    return [
        Column("at", Float, nullable=False),
        Column("before_at", Float),
        Column("adds", Boolean, nullable=False),
        Column("answered_at", Float),
        Column("answered_by", Integer),
    ]


letters_asked = Table(
    "letters_asked",
    metadata,
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True),
    Column("mailbox_id", Integer),  # of its conversation
    *_told(),
    Index("ix_letters_asked_at", "at", "mailbox_id", *_TOLD),
)

sms_asked = Table(
    "sms_asked",
    metadata,
    Column("sms_id", ForeignKey("sms.id", ondelete="CASCADE"), primary_key=True),
    Column("box", String(20), nullable=False),  # ours: what it came to
    *_told(),
    Index("ix_sms_asked_at", "at", "box", *_TOLD),
)
