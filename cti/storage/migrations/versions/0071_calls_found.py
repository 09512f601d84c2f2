"""Version 71: what PostgreSQL finds calls by in the journal; SQLite walks them in their order."""

from alembic import op

revision = "0071"
down_revision = "0070"


def upgrade() -> None:
    """Add the indexes; ANALYZE, as the length of talks has no statistics of its own before."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, on in (
        ("calls_direction", "calls (direction, started_at)"),
        ("calls_pbx", "calls (pbx, started_at)"),
        ("calls_talked", "calls ((ended_at - answered_at))"),
        ("legs_user", "legs (user_id, call_id)"),
        ("waits_queue", "call_waits (queue, call_id)"),
    ):
        op.execute(f"CREATE INDEX ix_found_{name} ON {on}")
    op.execute("ANALYZE calls, legs, call_waits")
