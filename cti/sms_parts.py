"""The part of the composition root for SMS, consents and campaigns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cti.desktop import AgentDesktop
from cti.features.consents import Consents
from cti.features.event_rules import EventRules
from cti.features.sending_limits import SendingLimits
from cti.settings import Settings
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class SmsParts:
    """What the panel is given. work: long-lived tasks by name."""

    consents: Consents
    limits: SendingLimits
    work: Mapping[str, Coroutine[Any, Any, None]]


def build_sms(
    settings: Settings,
    db: Database,
    *,
    key: bytes,
    desktop: AgentDesktop,
    people: Callable[[], tuple[int, ...]],
    next_seq: Callable[[int], int],
    work_changed: Callable[[], None],
    plan: NumberPlan,
    rules: EventRules,
    clock: Callable[[], float],
) -> SmsParts:
    """All of it. key: of secrets at rest; people: who has a page open; next_seq: of what nobody must miss.

    work_changed: what is to be done is otherwise now; rules: on events, which write SMS too.
    """
    zone = ZoneInfo(settings.numbers.time_zone)
    del key, people, work_changed
    consents = Consents(db=db, plan=plan, doors=rules.house.doors, clock=clock)
    limits = SendingLimits(db=db, desktop=desktop, next_seq=next_seq, zone=zone, clock=clock)
    return SmsParts(consents=consents, limits=limits, work={"sending-limits": limits.run()})
