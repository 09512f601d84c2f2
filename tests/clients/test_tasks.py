"""Tasks: how they stand."""

from __future__ import annotations

from cti.clients.tasks import Task, standing

DAY = 86_400.0


def test_a_task_is_overdue_once_its_minute_has_passed() -> None:
    task = Task(
        id=1, client_id=1, client_name="", owner="", made_by="", created_at=0.0, what="x", due_at=6 * 3600.0 + 20
    )  # fmt: skip
    minute = 6 * 3600.0
    assert [standing(task, minute + after, DAY) for after in (0, 20, 59.9, 60)] == ["today", "today", "today", "late"]
    assert standing(task, 0.0, tomorrow=minute) == "later"
