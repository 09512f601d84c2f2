"""When trouble is told, and to whom: rules with two thresholds, so that a value that trembles tells nothing. PURE.

A rule begins an alert when its value has been beyond `on` for hold_s, and ends it when it has been back beyond `off`
for as long; in between nothing changes. A value that is not known (None) is neither: nothing begins or ends by it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

Watched = Literal[
    "level", "longest-wait", "waiting", "abandoned", "nobody-ready", "unreachable", "pbx", "mailbox", "gateway"
]
Way = Literal["desk", "mail", "sms", "webhook"]
WATCHED: tuple[Watched, ...] = get_args(Watched)
WAYS: tuple[Way, ...] = get_args(Way)
OF_QUEUES: tuple[Watched, ...] = ("level", "longest-wait", "waiting", "abandoned", "nobody-ready", "unreachable")
YES_OR_NO: tuple[Watched, ...] = ("nobody-ready", "pbx", "mailbox", "gateway")  # trouble or none: no thresholds
FALLS: tuple[Watched, ...] = ("level",)  # the lower the worse
SEEN_S, SEEN_LEAST, SEEN_LEAST_S = 600.0, 5, 120.0  # a trend: of so long; of no fewer looks, and no shorter
Clock = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")]


class AlertRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """on, off: percent, seconds or a count. queues: () all. hold_s: for how long; cool_s: after an end not again.

    ahead_min: the value that the trend leads to in so many minutes counts too, 0: it does not. steps: who is told, by
    step: 0 at once, 1 when nobody has seen to it for every_min, and so on; everybody told is told again each time, and
    `repeats` times more when all are. quiet_from, quiet_to: on the house's clock, "" none: mail, SMS and webhook wait.
    """

    watched: Watched
    queues: Annotated[tuple[Annotated[str, Meta(max_length=80)], ...], Meta(max_length=200)] = ()
    on: Annotated[float, Meta(ge=0, le=86_400)] = 1
    off: Annotated[float, Meta(ge=0, le=86_400)] = 0
    hold_s: Annotated[int, Meta(ge=0, le=86_400)] = 60
    cool_s: Annotated[int, Meta(ge=0, le=86_400)] = 600
    ahead_min: Annotated[int, Meta(ge=0, le=60)] = 0
    ways: Annotated[tuple[Way, ...], Meta(max_length=4)] = ("desk",)
    steps: Annotated[dict[int, Annotated[int, Meta(ge=0, le=9)]], Meta(max_length=500)] = {}
    every_min: Annotated[int, Meta(ge=1, le=1440)] = 10
    repeats: Annotated[int, Meta(ge=0, le=20)] = 3
    quiet_from: Clock = ""
    quiet_to: Clock = ""
    mailbox_id: int | None = None


def fault(rule: AlertRule) -> tuple[str, str] | None:
    """What a rule lacks, as a code and a sentence."""
    if rule.watched not in YES_OR_NO:
        wrong = rule.off <= rule.on if rule.watched in FALLS else rule.off >= rule.on
        if wrong:
            return "alert-thresholds", "The threshold of the end has to be better than that of the beginning."
    if not rule.ways:
        return "alert-no-way", "Say by which way it is told."
    if set(rule.ways) - {"webhook"} and not rule.steps:
        return "alert-nobody", "Say who is told."
    if "mail" in rule.ways and rule.mailbox_id is None:
        return "alert-no-mailbox", "Say from which mailbox the letters go."
    if bool(rule.quiet_from) != bool(rule.quiet_to):
        return "alert-quiet", "Quiet hours have a beginning and an end."
    return None


def beyond(rule: AlertRule, value: float) -> bool:
    """Whether a value is trouble."""
    if rule.watched in YES_OR_NO:
        return value >= 1
    return value <= rule.on if rule.watched in FALLS else value >= rule.on


def is_well(rule: AlertRule, value: float) -> bool:
    """Whether it is none any more."""
    if rule.watched in YES_OR_NO:
        return value < 1
    return value >= rule.off if rule.watched in FALLS else value <= rule.off


def worse(rule: AlertRule, one: float, other: float) -> float:
    """The worse of two values."""
    return min(one, other) if rule.watched in FALLS else max(one, other)


def told_to(rule: AlertRule, level: int) -> list[int]:
    """Who is told when an alert has been told so many times before: all whose step has come."""
    return [user_id for user_id, step in sorted(rule.steps.items()) if step <= level]


def is_last(rule: AlertRule, level: int) -> bool:
    """Whether nobody is told any more after so many times."""
    return level >= max(rule.steps.values(), default=0) + rule.repeats


def loud_at(rule: AlertRule, now: float, zone: ZoneInfo) -> float:
    """When people may be disturbed: now, or the end of the quiet hours."""
    if not rule.quiet_from or rule.quiet_from == rule.quiet_to:
        return now
    here = datetime.fromtimestamp(now, zone)
    begins, ends = (_minutes(text) for text in (rule.quiet_from, rule.quiet_to))
    at = here.hour * 60 + here.minute
    within = begins <= at < ends if begins < ends else at >= begins or at < ends
    left = (ends - at) % 1440 * 60 - here.second
    return now + left if within else now


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


@dataclass(kw_only=True, slots=True)
class Signal:
    """What one rule has seen of one queue, PBX, mailbox or gateway."""

    seen: deque[tuple[float, float]] = field(default_factory=deque)
    since: float | None = None  # since when it is beyond the threshold that counts now

    def step(self, rule: AlertRule, value: float | None, now: float, *, is_open: bool) -> str:
        """`begin`, `end`, or "" for nothing new."""
        if value is None:
            self.since = None
            return ""
        self.seen.append((now, value))
        while self.seen and self.seen[0][0] < now - SEEN_S:
            self.seen.popleft()
        if rule.ahead_min and rule.watched not in YES_OR_NO:
            value = worse(rule, value, trend(list(self.seen), rule.ahead_min * 60.0))
        turned = is_well(rule, value) if is_open else beyond(rule, value)
        if not turned:
            self.since = None
            return ""
        self.since = now if self.since is None else self.since
        if now - self.since < rule.hold_s:
            return ""
        self.since = None
        return "end" if is_open else "begin"


def trend(seen: Sequence[tuple[float, float]], ahead_s: float) -> float:
    """The value in ahead_s on the line of least squares through what was seen; the last one where that is too little.

    seen: UNIX seconds and values, oldest first, at least one.
    """
    last_at, last = seen[-1]
    if len(seen) < SEEN_LEAST or last_at - seen[0][0] < SEEN_LEAST_S:
        return last
    times = [at - last_at for at, _ in seen]
    mean_t, mean_v = sum(times) / len(seen), sum(value for _, value in seen) / len(seen)
    spread = sum((at - mean_t) ** 2 for at in times)
    slope = sum((at - mean_t) * (value - mean_v) for at, (_, value) in zip(times, seen, strict=True)) / spread
    return max(0.0, last + slope * ahead_s)
