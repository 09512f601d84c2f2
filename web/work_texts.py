"""What the work list says of its items: what they are, and why they stand where they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from cti.clients.work import Placed
from web.i18n import say
from web.texts import N_

KINDS: Mapping[str, str] = {
    "missed": N_("missed client"),
    "order": N_("call-back from the site"),
    "callback": N_("call back"),
    "task": N_("task"),
    "letter": N_("letter"),
    "list": N_("call list"),
}
WHYS: Mapping[str, str] = {
    "taken": N_("{name} is at it"),
    "taken-by-me": N_("You have taken it"),
    "put-off": N_("Put off until {until}"),
    "missed": N_("Called in vain at {at}"),
    "missed-often": N_("Called in vain {tries} times, last at {at}"),
    "missed-voicemail": N_("Left a message at {at}"),
    "missed-own": N_("Your client called in vain at {at}"),
    "order": N_("Ordered a call on the site at {due}"),
    "order-kept": N_("Asked in the queue at {due} to be called back"),
    "order-late": N_("Wanted a call at {due}"),
    "order-waits": N_("Wants a call at {due}"),
    "callback-late": N_("You promised to call at {due}"),
    "callback-waits": N_("You promised to call at {due}"),
    "task-late": N_("To be done by {due}"),
    "task-waits": N_("To be done by {due}"),
    "list": N_("On your desk until {until}, calls so far: {tries}"),
    "letter": N_("Wrote at {at}"),
    "letter-late": N_("Was to be answered by {due}"),
}
CLOSINGS = (N_("no need to call back"), N_("settled otherwise"), N_("wrong number or spam"), N_("cannot be reached"))


def clock(zone: ZoneInfo, now: float) -> Callable[[float], str]:
    """How times are shown: today's without the day."""
    today = datetime.fromtimestamp(now, zone).date()

    def moment(at: float) -> str:
        then = datetime.fromtimestamp(at, zone)
        return then.strftime("%H:%M" if then.date() == today else "%d.%m %H:%M")

    return moment


def why(language: str, one: Placed, moment: Callable[[float], str]) -> str:
    """Why an item stands where it does. moment: how a time is shown."""
    times = {name: moment(at) for name, at in one.times.items()}
    return say(language, WHYS[one.why], name=one.work.taken_by, tries=one.work.tries, **times)
