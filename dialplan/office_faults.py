"""What is wrong beside the flow: groups, mailboxes, codes, parking, lines, recording (faults.py has the rest)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialplan import recording
from dialplan.fault import Fault, digits, is_word, twice
from dialplan.inside import DIALLED, FOLLOWED
from dialplan.pjsip import is_host, is_user
from dialplan.plan import Plan, Queue, Route, ToGroup, ToVoicemail

KEYS = ("record", "park", "blind", "attended")  # pressed in a call
MOST_SLOTS, MOST_WHO = 1000, 500
_CODE = re.compile(r"[*#0-9]{1,8}")
_KEY = re.compile(r"[*#][*#0-9]{1,4}")


def _groups(plan: Plan) -> Iterator[Fault]:
    people = {one.extension: one for one in plan.people}
    for group in plan.groups:
        if not group.people:
            yield Fault(code="nobody", at=group.id)
        for extension in group.people:
            if extension not in people:
                yield Fault(code="no-person", at=group.id, what=extension)
            elif not (people[extension].devices or people[extension].browsers):
                yield Fault(code="no-phone", at=group.id, what=extension)
        if not 1 <= group.ring_s <= 600:
            yield Fault(code="bad-time", at=group.id, what=str(group.ring_s))
    known = {one.id for one in plan.groups}
    for node in plan.nodes:
        if isinstance(node, ToGroup) and node.group not in known:
            yield Fault(code="no-group", at=node.id, what=node.group)


def _boxes(plan: Plan) -> Iterator[Fault]:
    boxes = [*(one.number for one in plan.boxes), *(one.extension for one in plan.people if one.voicemail)]
    for number in twice(boxes):
        yield Fault(code="box-twice", at=number)
    for one in plan.boxes:
        if not digits(one.number):
            yield Fault(code="bad-box", at=one.number)
    for node in plan.nodes:
        if isinstance(node, ToVoicemail):
            if node.box not in boxes:
                yield Fault(code="no-box", at=node.id, what=node.box)
            yield from _sound(plan, node.id, node.greeting)


def _queues(plan: Plan) -> Iterator[Fault]:
    music = {"default", *(one.name for one in plan.music)}
    for queue in plan.queues:
        if queue.music not in music:
            yield Fault(code="no-music", at=queue.name, what=queue.music)
        yield from _sound(plan, queue.name, queue.say)
        yield from _figures(queue)


def _figures(queue: Queue) -> Iterator[Fault]:
    """What Asterisk would take for something else."""
    for name, least, most in (
        ("ring_s", 1, 600), ("retry_s", 0, 600), ("wrapup_s", 0, 3600), ("limit", 0, 10_000), ("level_s", 1, 3600),
        ("place_every_s", 0, 3600), ("say_every_s", 5, 3600), ("weight", 0, 1000),
    ):  # fmt: skip
        value = getattr(queue, name)
        if not least <= value <= most:
            yield Fault(code="bad-figure", at=queue.name, what=str(value))
    for rule in queue.penalties:
        if rule.after_s < 0 or not 0 <= rule.least <= rule.most:
            yield Fault(code="bad-penalty", at=queue.name, what=f"{rule.after_s}: {rule.least}-{rule.most}")
    for after in twice([str(rule.after_s) for rule in queue.penalties]):
        yield Fault(code="penalty-twice", at=queue.name, what=after)


def _codes(plan: Plan) -> Iterator[Fault]:
    dialled = {name: getattr(plan.codes, name) for name in DIALLED if getattr(plan.codes, name)}
    keys = [getattr(plan.codes, name) for name in KEYS if getattr(plan.codes, name)]
    for code in (*dialled.values(), *keys):
        if not (_KEY if code in keys else _CODE).fullmatch(code):
            yield Fault(code="bad-code", at=code)
    for name, code in dialled.items():
        for other, longer in dialled.items():
            hides = name in FOLLOWED and longer.startswith(code) and digits(longer[len(code) :])
            if (name < other and code == longer) or (hides and code != longer):
                yield Fault(code="code-clash", at=code, what=longer)
    for place, key in enumerate(keys):  # a key that another begins with is never waited for
        for later in keys[place + 1 :]:
            if key.startswith(later) or later.startswith(key):
                yield Fault(code="key-clash", at=key, what=later)


def _inside(plan: Plan) -> Iterator[Fault]:
    """Numbers inside, feature codes and slots of parked calls: whichever is found first hides the other."""
    numbered = [*(one.number for one in plan.queues), *(one.number for one in plan.groups)]
    inside = [*(one.extension for one in plan.people), *numbered]
    slots = _slots(plan)
    for number in filter(None, inside):
        for name in DIALLED:
            code = getattr(plan.codes, name)
            if code and (number == code or (name in FOLLOWED and number.startswith(code))):
                yield Fault(code="code-inside", at=number, what=code)
        if digits(number) and len(number) < 8 and int(number) in slots:
            yield Fault(code="slot-inside", at=number)
    for name in DIALLED:
        code = getattr(plan.codes, name)
        if digits(code) and int(code) in slots:
            yield Fault(code="slot-inside", at=code)


def _slots(plan: Plan) -> frozenset[int]:
    lot = plan.parking
    if not lot.number:
        return frozenset()
    own = [int(lot.number)] if digits(lot.number) else []
    return frozenset((*own, *range(lot.first, min(lot.last, lot.first + MOST_SLOTS) + 1)))


def _parking(plan: Plan) -> Iterator[Fault]:
    lot = plan.parking
    if lot.number:
        if not digits(lot.number):
            yield Fault(code="bad-inside", at=lot.number)
        within = digits(lot.number) and lot.first <= int(lot.number) <= lot.last
        if not 1 <= lot.first <= lot.last < lot.first + MOST_SLOTS or within:
            yield Fault(code="bad-slots", at=lot.number, what=f"{lot.first}-{lot.last}")
        if not 10 <= lot.wait_s <= 7200:
            yield Fault(code="bad-time", at=lot.number, what=str(lot.wait_s))


def _recording(plan: Plan) -> Iterator[Fault]:
    """A talk that is recorded and nobody says so: in Russia as in the Union one has to."""
    yield from _sound(plan, "announcement", plan.announcement)
    if plan.refusal and (len(plan.refusal) != 1 or plan.refusal not in recording.KEYS):
        yield Fault(code="bad-key", at="announcement", what=plan.refusal)
    if plan.refusal and not plan.announcement:
        yield Fault(code="no-untold", at="announcement", what=plan.refusal, weight="warning")
    if not plan.announcement:
        recorded = [
            *(one.digits for one in plan.numbers if one.record),
            *(one.name for one in plan.queues if one.record),
            *(one.prefix for one in plan.routes if one.record),
        ]
        for name in recorded:
            yield Fault(code="unannounced", at=name, weight="warning")


def _people(plan: Plan) -> Iterator[Fault]:
    known = {one.extension for one in plan.people}
    for one in plan.people:
        if one.caller_id and not digits(one.caller_id.removeprefix("+")):
            yield Fault(code="bad-caller-id", at=one.extension, what=one.caller_id)
    for spy in plan.spies:
        if spy not in known:
            yield Fault(code="spy-nobody", at=spy)


def _routes(plan: Plan) -> Iterator[Fault]:
    known, hours = {one.extension for one in plan.people}, {one.id for one in plan.hours}
    trunks = {one.name for one in plan.trunks}
    for route in plan.routes:
        for extension in route.who:
            if extension not in known:
                yield Fault(code="no-person", at=route.prefix, what=extension)
        if len(route.who) > MOST_WHO:
            yield Fault(code="who-many", at=route.prefix, what=str(len(route.who)))
        if route.hours and route.hours not in hours:
            yield Fault(code="no-hours", at=route.prefix, what=route.hours)
        if route.allowed and trunks and route.trunk not in trunks:
            yield Fault(code="trunk-elsewhere", at=route.prefix, what=route.trunk, weight="warning")
        yield from _dialled(route)


def _dialled(route: Route) -> Iterator[Fault]:
    if route.caller_id and not digits(route.caller_id.removeprefix("+")):
        yield Fault(code="bad-caller-id", at=route.prefix, what=route.caller_id)
    if route.add and not digits(route.add.removeprefix("+")):
        yield Fault(code="bad-add", at=route.prefix, what=route.add)
    if min(route.strip, route.limit, route.longest_min, route.digits) < 0 or route.strip > (route.digits or 30):
        yield Fault(code="bad-figure", at=route.prefix, what=str(route.strip))


def _trunks(plan: Plan) -> Iterator[Fault]:
    devices = [device for one in plan.people for device in (*one.devices, *one.browsers)]
    for name in twice([*(one.name for one in plan.trunks), *dict.fromkeys(devices)]):
        yield Fault(code="trunk-twice", at=name)
    for one in plan.trunks:
        if not is_host(one.host) or not 0 < one.port < 65536:
            yield Fault(code="bad-host", at=one.name, what=f"{one.host}:{one.port}")
        if (one.username and not is_user(one.username)) or (one.registers and not one.username):
            yield Fault(code="bad-user", at=one.name, what=one.username)


def _dates(plan: Plan) -> Iterator[Fault]:
    for hours in plan.hours:
        if not _is_zone(hours.zone):
            yield Fault(code="bad-zone", at=hours.id, what=hours.zone)
        for day in hours.days:
            if not _is_date(day.date):
                yield Fault(code="bad-date", at=hours.id, what=day.date)
        for span in hours.spans:
            if not span.days or not set(span.days) <= set(range(7)):
                yield Fault(code="bad-days", at=hours.id, what=f"{span.begins}-{span.ends}")
    if not _is_zone(plan.zone):
        yield Fault(code="bad-zone", at="zone", what=plan.zone)


def _names(plan: Plan) -> Iterator[Fault]:
    """Names of files' sections, and of contexts: those are shorter."""
    for kind, names in (
        ("group", [one.id for one in plan.groups]),
        ("music", [one.name for one in plan.music]),
        ("trunk", [one.name for one in plan.trunks]),
    ):
        for name in names:
            if not is_word(name):
                yield Fault(code="bad-name", at=name, what=kind)
    for kind, names in (("group", [one.id for one in plan.groups]), ("music", [one.name for one in plan.music])):
        for name in twice(names):
            yield Fault(code=f"{kind}-twice", at=name)


def _sound(plan: Plan, at: str, name: str) -> Iterable[Fault]:
    return [Fault(code="no-sound", at=at, what=name)] if name and name not in {one.name for one in plan.sounds} else []


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


LOOKS: tuple[Callable[[Plan], Iterator[Fault]], ...] = (
    _names, _groups, _boxes, _queues, _codes, _inside, _parking, _recording, _people, _routes, _trunks, _dates,
)  # fmt: skip
