"""What a plan lacks at its site: passwords, sounds in the languages of its calls. See faults.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dialplan.fault import Fault, digits
from dialplan.files import contexts
from dialplan.inside import PARKED
from dialplan.linkage import linkage
from dialplan.plan import Plan, ways
from dialplan.site import Site

PIN = re.compile(r"[0-9]{4,12}")
INSIDE = "ru"  # the language of phones inside


def site_faults(plan: Plan, site: Site) -> tuple[Fault, ...]:
    """What is wrong with a plan that has no fault of its own, where it is to be published."""
    found = (*_secrets(plan, site), *_sounds(plan, site))
    return found or linkage(contexts(plan, site), elsewhere=(PARKED,))


def _secrets(plan: Plan, site: Site) -> Iterator[Fault]:
    if not digits(site.caller_id.removeprefix("+")):
        yield Fault(code="bad-caller-id", at="site", what=site.caller_id)
    for person in plan.people:
        for device in (*person.devices, *person.browsers):
            if not site.secrets.get(device):
                yield Fault(code="no-secret", at=device)
    for number in (*(one.extension for one in plan.people if one.voicemail), *(one.number for one in plan.boxes)):
        if not PIN.fullmatch(site.secrets.get(f"box-{number}", "")):
            yield Fault(code="no-pin", at=number)
    if not site.voicemail and (plan.boxes or any(one.voicemail for one in plan.people)):
        yield Fault(code="no-voicemail", at="site")
    for trunk in plan.trunks:
        if trunk.username and not site.secrets.get(f"trunk-{trunk.name}"):
            yield Fault(code="no-secret", at=trunk.name)


def _sounds(plan: Plan, site: Site) -> Iterator[Fault]:
    """Sounds that nobody has in the language in which they would be played: the caller would hear nothing."""
    if site.sounds is None:
        return
    brought = {one.name: {take.language for take in one.takes} for one in plan.sounds}
    for (at, sound), languages in played(plan).items():
        there = {language for language, names in site.sounds.items() if sound in names} | brought.get(sound, set())
        for language in sorted(languages - there):
            yield Fault(code="no-sound", at=at, what=f"{language}: {sound}", weight="warning" if there else "error")


def played(plan: Plan) -> Mapping[tuple[str, str], set[str]]:
    """Who plays a sound (a step, a queue, `announcement`) and which -> in what languages."""
    nodes = {node.id: node for node in plan.nodes}
    found: dict[tuple[str, str], set[str]] = {}
    queues = {one.name: one.say for one in plan.queues if one.say}
    for queue, say in queues.items():
        found[queue, say] = {INSIDE}
    if plan.announcement:
        found["announcement", plan.announcement] = {one.language for one in plan.numbers if one.record} | {INSIDE}
    for number in plan.numbers:
        left, seen = [number.first], set[str]()
        while left:
            node = nodes.get(left.pop())
            if node is None or node.id in seen:
                continue
            seen.add(node.id)
            left += [to for _, to, _ in ways(node)]
            for sound in (getattr(node, "sound", ""), getattr(node, "greeting", "")):
                if sound:
                    found.setdefault((node.id, sound), set()).add(number.language)
            queue = getattr(node, "queue", "")
            if queue in queues:
                found[queue, queues[queue]].add(number.language)
    return found
