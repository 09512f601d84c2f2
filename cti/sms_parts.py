"""The part of the composition root for SMS, consents and campaigns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.texts import Choice, TextLine, TextLines
from cti.desktop import AgentDesktop
from cti.features.consents import Consents
from cti.features.event_rules import EventRules
from cti.features.sending_limits import SendingLimits
from cti.features.sms_after import SmsAfter
from cti.features.sms_counts import SmsCounts
from cti.features.sms_in import SmsIn
from cti.features.sms_out import SmsOut
from cti.features.texting import Texting
from cti.settings import Settings
from cti.sights import Sights
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class SmsParts:
    """What the panel is given. work: long-lived tasks by name."""

    consents: Consents
    limits: SendingLimits
    sms_out: SmsOut
    sms_in: SmsIn
    texting: Texting
    counts: SmsCounts
    work: Mapping[str, Coroutine[Any, Any, None]]


class NoLines:
    """No gateway is set up."""

    def choose(self, _number: str, *, purpose: str, besides: frozenset[int] = frozenset()) -> Choice | None:
        del purpose, besides
        return None

    def line(self, _gateway_id: int) -> TextLine | None:
        return None


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
    sights: Sights,
    clock: Callable[[], float],
) -> SmsParts:
    """All of it. key: of secrets at rest; people: who has a page open; next_seq: of what nobody must miss.

    work_changed: what is to be done is otherwise now; rules: on events, which write SMS too.
    """
    zone = ZoneInfo(settings.numbers.time_zone)
    del key
    lines: TextLines = NoLines()
    consents = Consents(db=db, plan=plan, doors=rules.house.doors, clock=clock)
    limits = SendingLimits(db=db, desktop=desktop, next_seq=next_seq, zone=zone, clock=clock)
    counts = SmsCounts(db=db, desktop=desktop, online=people)
    after = SmsAfter(db=db, lines=lines, desktop=desktop, next_seq=next_seq, zone=zone, clock=clock)
    out = SmsOut(db=db, lines=lines, settled=after.settled, ended=after.ended, plan=plan, zone=zone, clock=clock)
    after.wake, after.changed, rules.wake_sms = out.wake, counts.moved, out.wake
    texting = Texting(
        db=db, lines=lines, sights=sights, plan=plan, zone=zone, wake=out.wake, changed=counts.changed,
        work_changed=work_changed, clock=clock,
    )  # fmt: skip
    coming = SmsIn(
        db=db, desktop=desktop, receipts=after.told, next_seq=next_seq, online=people, wake=out.wake,
        changed=counts.changed, plan=plan, clock=clock,
    )  # fmt: skip
    return SmsParts(
        consents=consents,
        limits=limits,
        sms_out=out,
        sms_in=coming,
        texting=texting,
        counts=counts,
        work={
            "sms-out": out.run(),
            "sms-after": after.run(),
            "sms-in": coming.run(),
            "sms-counts": counts.run(),
            "sending-limits": limits.run(),
        },
    )
