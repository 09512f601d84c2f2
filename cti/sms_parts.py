"""The part of the composition root for SMS, consents and campaigns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cti.channels.phone.ami import AmiLink
from cti.channels.reach import Reach
from cti.channels.sms.lines import Lines
from cti.channels.texts import SmsTrouble, TextLines
from cti.desktop import AgentDesktop
from cti.features.consents import Consents
from cti.features.event_rules import EventRules
from cti.features.gateway_calls import GatewayCalls
from cti.features.gateway_settings import GatewaySettings
from cti.features.gateways import Gateways
from cti.features.sending_limits import SendingLimits
from cti.features.sms_after import SmsAfter
from cti.features.sms_counts import SmsCounts
from cti.features.sms_in import SmsIn
from cti.features.sms_out import SmsOut
from cti.features.texting import Texting
from cti.settings import Settings
from cti.sights import Sights
from cti.storage.database import Database
from cti.storage.preparing import Price
from cti.telephony.numbering import NumberPlan
from cti.trust import trust


@dataclass(frozen=True, kw_only=True)
class SmsParts:
    """What the panel is given. work: long-lived tasks by name."""

    gateways: Gateways
    gateway_settings: GatewaySettings
    gateway_calls: GatewayCalls
    consents: Consents
    limits: SendingLimits
    sms_out: SmsOut
    sms_in: SmsIn
    texting: Texting
    counts: SmsCounts
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
    sights: Sights,
    pbx: Callable[[str], AmiLink | None],
    clock: Callable[[], float],
) -> SmsParts:
    """All of it. key: of secrets at rest; people: who has a page open; next_seq: of what nobody must miss.

    work_changed: what is to be done is otherwise now; rules: on events, which write SMS too; pbx: the line to one.
    """
    zone = ZoneInfo(settings.numbers.time_zone)
    made = Lines(
        reach=Reach(settings.sms.inside, SmsTrouble),
        public_url=settings.http.public_url,
        pbx=pbx,
        tls=trust(settings.sms.ca_file),
    )
    lines = Gateways(db=db, key=key, lines=made, desktop=desktop, next_seq=next_seq, clock=clock)
    consents = Consents(db=db, plan=plan, doors=rules.house.doors, clock=clock)
    counts = SmsCounts(db=db, desktop=desktop, online=people)
    after = SmsAfter(db=db, lines=lines, desktop=desktop, next_seq=next_seq, zone=zone, clock=clock)
    out = SmsOut(db=db, lines=lines, settled=after.settled, ended=after.ended, plan=plan, zone=zone, clock=clock)
    limits = SendingLimits(db=db, desktop=desktop, next_seq=next_seq, zone=zone, wake=out.wake, clock=clock)
    after.wake, after.changed, rules.wake_sms = out.wake, counts.moved, out.wake
    rules.house.price = lambda number, purpose: _price(lines, number, purpose)
    texting = Texting(
        db=db, lines=lines, sights=sights, plan=plan, zone=zone, wake=out.wake, changed=counts.changed,
        work_changed=work_changed, clock=clock,
    )  # fmt: skip
    coming = SmsIn(
        db=db, desktop=desktop, receipts=after.told, next_seq=next_seq, online=people, wake=out.wake,
        changed=counts.changed, plan=plan, clock=clock,
    )  # fmt: skip
    lines.taker, coming.work_changed = coming, work_changed
    return SmsParts(
        gateways=lines,
        gateway_settings=GatewaySettings(
            db=db, seal=lines.seal, opened=lines.opened, line=lines.line, changed=lines.changed, plan=plan, clock=clock
        ),
        gateway_calls=GatewayCalls(db=db, opened=lines.opened, taker=lambda: lines.taker, clock=clock),
        consents=consents,
        limits=limits,
        sms_out=out,
        sms_in=coming,
        texting=texting,
        counts=counts,
        work={
            "sms-gateways": lines.run(),
            "sms-out": out.run(),
            "sms-after": after.run(),
            "sms-in": coming.run(),
            "sms-counts": counts.run(),
            "sending-limits": limits.run(),
        },
    )


def _price(lines: TextLines, number: str, purpose: str) -> Price | None:
    """What a part costs to a number now."""
    chosen = lines.choose(number, purpose=purpose)
    return Price(amount=chosen.price, currency=chosen.currency) if chosen else None
