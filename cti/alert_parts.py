"""The part of the composition root that watches for trouble and tells of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet

from cti.board import Board
from cti.channels.reach import Reach
from cti.channels.webhook import Webhook
from cti.desktop import AgentDesktop
from cti.features.alert_watch import AlertWatch
from cti.features.alerts import Alerts
from cti.settings import Settings
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from cti.trust import trust


@dataclass(frozen=True, kw_only=True)
class AlertParts:
    """What the panel is given, and what runs."""

    alerts: Alerts
    watch: AlertWatch


def build_alerts(
    settings: Settings,
    db: Database,
    *,
    key: bytes,
    board: Callable[[], Board],
    desktop: AgentDesktop,
    plan: NumberPlan,
    next_seq: Callable[[int], int],
    wake_post: Callable[[], None],
    wake_sms: Callable[[], None],
    clock: Callable[[], float],
) -> AlertParts:
    """All of it. key: of secrets at rest."""
    box = Fernet(base64.urlsafe_b64encode(hashlib.blake2s(key, person=b"alerts").digest()))
    watch = AlertWatch(
        db=db, board=board, desktop=desktop,
        hook=Webhook(Reach(settings.alerts.inside), trust(settings.alerts.ca_file)),
        box=box, next_seq=next_seq, wake_post=wake_post, wake_sms=wake_sms,
        zone=ZoneInfo(settings.numbers.time_zone), clock=clock,
    )  # fmt: skip
    alerts = Alerts(db=db, box=box, plan=plan, desktop=desktop, next_seq=next_seq, wake=watch.wake, clock=clock)
    return AlertParts(alerts=alerts, watch=watch)
