"""What differs between two plans, in words: each thing with its fields, as the forms call them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from dialplan.compare import Changed
from dialplan.edits import LINKS
from web.dialplan_names import Names
from web.dialplan_texts import WAYS
from web.i18n import N_
from web.plan_forms import KINDS
from web.step_forms import FIELDS

PARTS: Mapping[str, str] = {
    "numbers": N_("Number"),
    "nodes": N_("Step"),
    "hours": N_("Hours"),
    "queues": N_("Queue"),
    "people": N_("Person"),
    "routes": N_("Route"),
    "sounds": N_("Sound"),
    "groups": N_("Group"),
    "boxes": N_("Mailbox"),
    "trunks": N_("Line outside"),
    "music": N_("Music"),
    "codes": N_("Codes"),
    "parking": N_("Parking"),
    "spies": N_("Who may listen"),
    "announcement": N_("Announcement of recording"),
    "refusal": N_("Key that says no to a recording"),
    "zone": N_("Time zone"),
}
HOW: Mapping[str, tuple[str, str]] = {
    "added": (N_("added"), "talk"),
    "removed": (N_("deleted"), "miss"),
    "changed": (N_("changed"), "hold"),
}
LABELS: Mapping[str, str] = {
    **{field.name: field.label for some in FIELDS.values() for field in some},
    **{field.name: field.label for kind in KINDS.values() for _, some in kind.groups for field in some},
    **WAYS,
    "title": N_("Title"),
    "first": N_("First step"),
    "language": N_("Language of its sounds"),
    "record": N_("Recorded"),
    "choices": N_("Keys and where they lead"),
    "ways": N_("Tags of the client and where they lead"),
    "zone": N_("Time zone"),
    "spans": N_("Week"),
    "days": N_("Special days"),
    "name": N_("Name"),
    "devices": N_("Phones"),
    "browsers": N_("Phones in the browser"),
    "voicemail": N_("Voicemail"),
    "kind": N_("Kind of step"),
}
LONGEST = 160


@dataclass(frozen=True, kw_only=True)
class Told:
    """One difference. fields: label, what it was, what it becomes."""

    part: str
    how: tuple[str, str]
    title: str
    fields: tuple[tuple[str, str, str], ...]


def told(changes: tuple[Changed, ...], was: Names, becomes: Names) -> Iterator[Told]:
    """Differences in words; a step is called as the plan that has it calls it."""
    for one in changes:
        names = was if one.how == "removed" else becomes
        title = names.step(one.id) if one.part == "nodes" else one.title or one.id
        if one.part == "nodes" and one.kind and names.kind(one.kind) != title:
            title = f"{names.kind(one.kind)}: {title}"
        if one.part in ("numbers", "people") and one.title:
            title = f"{one.id} {one.title}"
        rows = tuple(
            (
                _label(one, each.name),
                _value(each.name, each.was, was),
                _value(each.name, each.became, becomes),
            )
            for each in one.fields
        )
        yield Told(part=PARTS.get(one.part, one.part), how=HOW[one.how], title=title, fields=rows)


def _label(one: Changed, name: str) -> str:
    """What the form of a thing calls its field: two kinds of steps may mean others by one name."""
    kind = KINDS.get(one.part)
    own = [each for _, some in kind.groups for each in some] if kind else FIELDS.get(one.kind, ())
    return next((each.label for each in own if each.name == name), LABELS.get(name, name))


def _value(name: str, value: object, names: Names) -> str:
    if name == "holiday" and not value:
        return names.as_closed
    if name in LINKS or name == "first":
        return names.step(str(value)) if value else names.nowhere
    if name == "queue":
        return names.queue(str(value))
    if name in ("choices", "ways") and isinstance(value, tuple):
        text = ", ".join(f"{key} → {names.step(to) if to else names.nowhere}" for key, to in value)
    elif name == "spans" and isinstance(value, tuple):
        text = ", ".join(f"{names.days(span.days)} {span.begins}-{span.ends}" for span in value)
    elif isinstance(value, tuple):
        text = ", ".join(_short(one) for one in value)
    else:
        text = names.flag(value) if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _short(one: Any) -> str:
    if not is_dataclass(one) or isinstance(one, type):
        return str(one)
    values = (getattr(one, field.name) for field in fields(one))
    return " ".join(
        ", ".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in values if v not in ("", (), False)
    )
