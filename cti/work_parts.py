"""The work lists' part of the composition root: reminders, what is to be done, call-backs ordered on the site."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.phone.voicemail import messages
from cti.desktop import AgentDesktop
from cti.features.access_journal import AccessJournal
from cti.features.callbacks import Callbacks
from cti.features.reminders import Reminders
from cti.features.voicemails import Voicemails
from cti.features.work_list import WorkList
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class WorkParts:
    """What the panel is given. work: long-lived tasks by name."""

    reminders: Reminders
    work_list: WorkList
    callbacks: Callbacks
    voicemails: Voicemails
    work: Mapping[str, Coroutine[Any, Any, None]]

    async def moved(self, event: object, received_at: float) -> None:
        """A call was answered or is over: something may be done with it."""
        await self.reminders.call_moved(event, received_at)
        await self.work_list.call_moved(event, received_at)


def build_work(
    db: Database,
    *,
    spool: Spool,
    desktop: AgentDesktop,
    access_journal: AccessJournal,
    busy: Callable[[int], bool],
    people: Callable[[], tuple[int, ...]],
    plan: NumberPlan,
    plan_of: Callable[[str], NumberPlan],
    voicemail: Mapping[str, Path],
    zone: ZoneInfo,
    clock: Callable[[], float],
) -> WorkParts:
    """All of it. busy: whether a person talks, is rung or works after a call; people: who has a page open.

    voicemail: folders of messages, by the PBX's name.
    """
    reminders = Reminders(
        db=db,
        spool=spool,
        desktop=desktop,
        keep_line=access_journal.reminded,
        busy=busy,
        online=people,
        clock=clock,
    )
    work_list = WorkList(db=db, spool=spool, desktop=desktop, online=people, zone=zone, clock=clock)
    return WorkParts(
        reminders=reminders,
        work_list=work_list,
        callbacks=Callbacks(db=db, plan=plan, changed=work_list.changed, clock=clock),
        voicemails=Voicemails(db=db, folders=voicemail, messages=messages, plan_of=plan_of),
        work={"reminders": reminders.run(), "work-list": work_list.run()},
    )
