"""What is written of a client outside a call, and what somebody is to do for him until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cti.clients.masking import Telephone, Words

WHAT_CHARS = 400
NOTE_CHARS = 20_000
MINUTE_S = 60.0
Kind = Literal["task", "callback"]
Standing = Literal["late", "today", "later", "done"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A note as stored. changed_at: None as long as it is as it was written. Times are UNIX seconds."""

    id: int
    client_id: int
    user_id: int | None
    user_name: str
    text: Words
    created_at: float
    changed_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskDraft:
    """What may be said of a task. due_at: UNIX seconds, None for some day; owner_id: who does it.

    kind: a call-back is a task to be dialled. number: E.164, None for the client's first. call: it came of this one.
    """

    what: Words
    due_at: float | None = None
    owner_id: int | None = None
    kind: Kind = "task"
    number: Telephone | None = None
    call: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task(TaskDraft):
    """A task as stored, with its client's name and its people's. done_at: None while it is open.

    client_id: None for a number that is nobody's. remind_at: when its owner is reminded next, None for no more.
    """

    id: int
    client_id: int | None
    client_name: Words
    owner: str
    made_by: str
    created_at: float
    done_at: float | None = None
    done_by: str = ""
    remind_at: float | None = None


def fields_of(task: TaskDraft) -> dict[str, Any]:
    """The task's fields by name, for the record of changes."""
    return {"what": task.what, "due_at": task.due_at, "owner_id": task.owner_id}


def standing(task: Task, now: float, tomorrow: float) -> Standing:
    """How a task stands. tomorrow: when the day after today begins here."""
    if task.done_at is not None:
        return "done"
    if task.due_at is None or task.due_at >= tomorrow:
        return "later"
    return "late" if (task.due_at // MINUTE_S + 1) * MINUTE_S <= now else "today"  # a time is told to the minute
