"""Version 77: whispering and joining have rights of their own, and reach at first as far as listening was let reach."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"

OURS = sa.table("role_rights", sa.column("role"), sa.column("changed"))
OF_LISTENING, NEW = "calls.spy", ("calls.whisper", "calls.barge")


def upgrade() -> None:
    """What was said of listening was said of all three."""
    for row in op.get_bind().execute(sa.select(OURS)).all():
        changed = json.loads(row.changed)
        if OF_LISTENING in changed:
            text = json.dumps(changed | dict.fromkeys(NEW, changed[OF_LISTENING]), separators=(",", ":"))
            op.execute(sa.update(OURS).where(OURS.c.role == row.role).values(changed=text))
