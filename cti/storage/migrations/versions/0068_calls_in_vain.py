"""Version 68: indexes of the calls in vain and of talks, by which the reach time of a month is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"

VAIN = (
    "direction = 'inbound' AND answered_at IS NULL AND outcome IS NOT NULL"
    " AND outcome NOT IN ('diverted', 'self-service', 'callback-requested')"
    " AND request_id IS NULL AND (reason IS NULL OR reason <> 'sip')"
)
TALK = "answered_at IS NOT NULL"


def upgrade() -> None:
    """Add the indexes."""
    for name, columns, some in (
        ("ix_calls_vain", ["started_at", "queue", "number", "client_id", "id"], VAIN),
        ("ix_calls_talk", ["number", "client_id", "answered_at"], TALK),
        ("ix_calls_talk_with", ["client_id", "answered_at"], f"{TALK} AND client_id IS NOT NULL"),
    ):
        op.create_index(name, "calls", columns, sqlite_where=sa.text(some), postgresql_where=sa.text(some))
