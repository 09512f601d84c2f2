"""Campaigns: what one says, the states it goes through and who moves them, who gets which text, and when.

A campaign reaches the clients of a segment by SMS, by letter, by SMS where a letter bounced, or by calls from agents'
desks. It is written, its people are chosen (building), a second person agrees where they are many (asked), it is
started, paused, stopped. Pure: `now` is an argument, times are UNIX seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from cti.messages.consent import Purpose
from cti.messages.rules import WorkingHours

Channel = Literal["sms", "email", "sms-bounced", "calls"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
State = Literal["draft", "building", "asked", "ready", "running", "paused", "stopped", "done"]
Act = Literal["build", "built", "change", "ask", "approve", "refuse", "start", "pause", "stop", "end"]
# What is done in which state, and the state after it: everything else is refused.
MOVES: Mapping[Act, Mapping[State, State]] = {
    "build": {"draft": "building"},
    "built": {"building": "ready"},
    "change": {"draft": "draft", "building": "draft", "asked": "draft", "ready": "draft"},
    "ask": {"ready": "asked"},
    "approve": {"asked": "ready"},
    "refuse": {"asked": "ready"},
    "start": {"ready": "running", "paused": "running"},
    "pause": {"running": "paused"},
    "stop": {"running": "stopped", "paused": "stopped"},
    "end": {"running": "done"},
}
# Of one person. waiting: for his turn; queued: in the queue of SMS or letters, or on an agent's desk; the rest is what
# became of it. excluded: left out when the people were chosen; skipped: left out when his turn came.
PersonState = Literal[
    "waiting", "queued", "accepted", "sent", "delivered", "failed", "bounced", "unknown", "reached", "skipped",
    "canceled", "excluded",
]  # fmt: skip
PERSON_STATES: tuple[PersonState, ...] = get_args(PersonState)
OPEN: frozenset[PersonState] = frozenset(("queued", "accepted", "sent", "unknown"))  # may become something else
OVER: frozenset[PersonState] = frozenset(PERSON_STATES) - {"waiting", "queued", "excluded"}
WENT: frozenset[PersonState] = frozenset(("accepted", "sent", "delivered", "failed", "bounced", "unknown", "reached"))
# Why somebody is left out, in the order in which it is asked.
Reason = Literal[
    "restricted", "no-address", "landline", "own-address", "withdrawn", "no-consent", "bounced", "recent", "duplicate",
]  # fmt: skip
REASONS: tuple[Reason, ...] = get_args(Reason)
Outcome = Literal["busy", "no-answer", "failed"]  # of a call that reached nobody
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
MOST_RATE = 1000
LABEL_CHARS = 32
Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


LINK_CHARS = 500
_LINK = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[!-~]{0,400})?")


class CallList(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a call list is worked through.

    label: who calls, as the agent sees and says it; attempts: calls to one person at most; redial: minutes until the
    next one, by what became of the last; script_id: the questionnaire; teams, people: whose desks, none: everybody's;
    hold_min: so long one has a person on his desk.
    """

    label: Annotated[str, Meta(max_length=LABEL_CHARS)] = ""
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    redial: dict[Outcome, Minutes] = field(default_factory=lambda: {"busy": 15, "no-answer": 120, "failed": 60})
    script_id: Id | None = None
    teams: Annotated[list[Id], Meta(max_length=100)] = []
    people: Annotated[list[Id], Meta(max_length=500)] = []
    hold_min: Annotated[int, Meta(ge=1, le=240)] = 15


class Given(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a campaign says besides its name, channel, purpose and segment.

    template_id, other_id: the text and the one of variant B; share: percent of people who get B. sms_id: of an SMS
    after a letter bounced. rate: messages in a second. hours: on the recipient's own clock, None: any time. frozen: its
    people are those of when they were chosen; else who has left the segment when his turn comes is passed over.
    back_days: days in which a call of theirs counts as called back. link: where {{campaign_link}} leads, "": nowhere;
    each has an address of his own, and who opens it is counted.
    """

    template_id: Id | None = None
    other_id: Id | None = None
    share: Annotated[int, Meta(ge=0, le=100)] = 0
    sms_id: Id | None = None
    mailbox_id: Id | None = None
    rate: Annotated[int, Meta(ge=1, le=MOST_RATE)] = 10
    hours: WorkingHours | None = field(default_factory=WorkingHours)
    frozen: bool = True
    back_days: Annotated[int, Meta(ge=0, le=90)] = 7
    link: Annotated[str, Meta(max_length=LINK_CHARS)] = ""
    calls: CallList = field(default_factory=CallList)


class Campaign(Struct, frozen=True, kw_only=True):
    """A campaign as it is. built: how many were left out for what. why: code of why it stands still."""

    id: int
    name: str
    channel: Channel
    purpose: Purpose
    state: State
    segment_id: int | None
    given: Given
    begins_at: float | None = None
    total: int = 0
    built_at: float | None = None
    built: dict[str, int] = {}
    asked_by: int | None = None
    asked_at: float | None = None
    approved_by: int | None = None
    approved_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    why: str = ""
    version: int = 1
    user_id: int | None = None
    author: str = ""
    created_at: float = 0.0

    @property
    def writes(self) -> bool:
        """Whether it sends texts; else it is a list of calls."""
        return self.channel != "calls"


def fault(one: Campaign) -> tuple[str, str] | None:
    """What is missing before its people can be chosen: code and sentence; None where nothing is."""
    given = one.given
    if not one.name.strip():
        return "no-campaign-name", "A campaign needs a name."
    if one.segment_id is None:
        return "no-whom", "Say whom it goes to: choose a segment."
    if one.writes and given.template_id is None:
        return "no-text", "Choose the text: a template."
    if one.channel in ("email", "sms-bounced") and given.mailbox_id is None:
        return "no-mailbox", "Say from which mailbox the letters go."
    if one.channel == "sms-bounced" and given.sms_id is None:
        return "no-sms-template", "Choose the text of the SMS for those whose letter comes back."
    if one.channel == "calls" and not given.calls.label.strip():
        return "no-label", "Say who calls: the label of the caller."
    if given.link and not _LINK.fullmatch(given.link):
        return "bad-link", "The link has to be a whole address: https://..."
    if given.hours is not None and given.hours.begins >= given.hours.ends:
        return "bad-hours", "The hours end before they begin."
    return None


def after(state: State, act: Act) -> State | None:
    """The state after an act; None: it cannot be done now."""
    return MOVES[act].get(state)


def needs_second(one: Campaign, approval_over: int) -> bool:
    """Whether a second person has to agree before it starts."""
    return one.total > approval_over and one.approved_by is None


def spread(campaign_id: int, client_id: int) -> int:
    """A number from 0 to 99 for a client in a campaign: always the same one. storage/audience.py says it in SQL."""
    return (client_id * 2654435761 + campaign_id * 2246822519) % 2**32 * 100 // 2**32


def variant(campaign_id: int, client_id: int, share: int) -> int:
    """Which text a client gets: 0 is A, 1 is B."""
    return 1 if spread(campaign_id, client_id) < share else 0


def is_open(hours: WorkingHours | None, zone: ZoneInfo, now: float) -> bool:
    """Whether one may be written to or called now, on his own clock."""
    if hours is None:
        return True
    there = datetime.fromtimestamp(now, zone)
    return there.weekday() in hours.weekdays and hours.begins <= there.strftime("%H:%M") < hours.ends


def redial_at(calls: CallList, outcome: str, tries: int, now: float) -> float | None:
    """When one is called again after a call that reached nobody; None: not any more."""
    if tries >= calls.attempts:
        return None
    return now + 60.0 * calls.redial.get(outcome, 120)  # type: ignore[call-overload, no-any-return]


def allowed(rate: int, tokens: float, waiting: int) -> int:
    """How many may be given to the queue now: the rate is held, and no more than a second's lead waits there."""
    return max(min(int(tokens), rate - waiting), 0)
