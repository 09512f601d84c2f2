"""The work lists' part of the composition root: reminders."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from cti.desktop import AgentDesktop
from cti.dispatch import Reaction
from cti.features.access_journal import AccessJournal
from cti.features.reminders import Reminders
from cti.storage.database import Database
from cti.storage.spool import Spool


@dataclass(frozen=True, kw_only=True)
class WorkParts:
    """What the panel is given. moved: told of calls that were answered or are over; work: long-lived tasks by name."""

    reminders: Reminders
    moved: Reaction
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_work(
    db: Database,
    *,
    spool: Spool,
    desktop: AgentDesktop,
    access_journal: AccessJournal,
    busy: Callable[[int], bool],
    online: Callable[[int], bool],
    clock: Callable[[], float],
) -> WorkParts:
    """All of it. busy: whether a person talks, is rung or works after a call."""
    reminders = Reminders(
        db=db,
        spool=spool,
        desktop=desktop,
        keep_line=access_journal.reminded,
        busy=busy,
        online=online,
        clock=clock,
    )
    return WorkParts(reminders=reminders, moved=reminders.call_moved, work={"reminders": reminders.run()})
