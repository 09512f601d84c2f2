"""The part of the composition root for campaigns and call lists."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.texts import TextLines
from cti.desktop import AgentDesktop
from cti.features.call_lists import CallLists
from cti.features.campaign_builds import CampaignBuilds
from cti.features.campaign_notices import CampaignNotices
from cti.features.campaign_numbers import CampaignNumbers
from cti.features.campaign_runs import CampaignRuns
from cti.features.campaigns import Campaigns
from cti.messages.doors import Doors
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class CampaignParts:
    """What the panel is given. work: long-lived tasks by name."""

    campaigns: Campaigns
    numbers: CampaignNumbers
    call_lists: CallLists
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_campaigns(
    db: Database,
    *,
    zone: ZoneInfo,
    plan: NumberPlan,
    desktop: AgentDesktop,
    next_seq: Callable[[int], int],
    lines: TextLines,
    doors: Doors,
    wake_sms: Callable[[], None],
    wake_post: Callable[[], None],
    work_changed: Callable[[], None],
    clock: Callable[[], float],
) -> CampaignParts:
    """All of it. lines: to gateways, for what a campaign may cost; doors: links that are counted.

    wake_sms, wake_post: the queues have something.
    """
    notices = CampaignNotices(db=db, desktop=desktop, next_seq=next_seq, clock=clock)
    builds = CampaignBuilds(db=db, zone=zone, tell=notices.tell, clock=clock)
    runs = CampaignRuns(
        db=db, zone=zone, wake_sms=wake_sms, wake_post=wake_post, tell=notices.tell, doors=doors, clock=clock
    )
    campaigns = Campaigns(
        db=db, plan=plan, zone=zone, lines=lines, build=builds.wake, begin=runs.wake, wake_sms=wake_sms,
        wake_post=wake_post, tell=notices.tell, doors=doors, clock=clock,
    )  # fmt: skip
    call_lists = CallLists(db=db, zone=zone, changed=work_changed, clock=clock)
    work = {
        "campaign-builds": builds.run(),
        "campaigns": runs.run(),
        "campaigns-followed": runs.follow(),
        "call-lists": call_lists.run(),
    }
    numbers = CampaignNumbers(db=db, clock=clock)
    return CampaignParts(campaigns=campaigns, numbers=numbers, call_lists=call_lists, work=work)
