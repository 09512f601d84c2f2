"""A card as fields, what differs between two cards, and how two people's changes become one.

A field's value is what JSON can hold, so that a change can be written down, shown and taken back. A property's field
is `property:ID`. Who saves on an older version saves only what he changed; where both changed the same field to
different values, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

from cti.clients.card import ClientCard, ClientDraft, Phone, Place, labels_of
from cti.clients.masking import BY_FIELD

Fields = Mapping[str, Any]
PLAIN = (
    "name", "kind", "full_name", "note", "responsible_id", "inn", "kpp", "ogrn", "relation_id", "region_id",
    "industry_id", "source_id", "time_zone",
)  # fmt: skip
PROPERTY = "property:"
_plain = attrgetter(*PLAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One field changed. was, became: as in Fields."""

    field: str
    was: Annotated[Any, BY_FIELD]
    became: Annotated[Any, BY_FIELD]


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Two people changed one field differently. by, at: who the other one is ("" for the server), UNIX seconds."""

    field: str
    theirs: Annotated[Any, BY_FIELD]
    mine: Annotated[Any, BY_FIELD]
    by: str = ""
    at: float = 0.0


def as_fields(card: ClientCard | ClientDraft) -> dict[str, Any]:
    """The card's fields by name."""
    fields: dict[str, Any] = dict(zip(PLAIN, _plain(card), strict=True))
    fields["phones"] = [[one.typed, one.extension, one.label, one.shared] for one in card.phones]
    fields["emails"] = list(card.emails)
    fields["email_labels"] = labels_of(card.emails, card.email_labels)
    fields["places"] = [[one.kind, one.value] for one in card.places]
    for property_id, value in card.values.items():
        if value is not None:
            fields[f"{PROPERTY}{property_id}"] = list(value) if isinstance(value, tuple) else value
    return fields


def draft_of(fields: Fields, phones: tuple[Phone, ...] | None = None) -> ClientDraft:
    """The card that these fields describe. phones: as they were read; else they are yet to be (`card.with_numbers`)."""
    if phones is None:
        phones = tuple(Phone(typed=t, extension=x, label=label, shared=s) for t, x, label, s in fields["phones"])
    values = {
        int(name.removeprefix(PROPERTY)): tuple(value) if isinstance(value, list) else value
        for name, value in fields.items()
        if name.startswith(PROPERTY)
    }
    return ClientDraft(
        **{name: fields[name] for name in PLAIN},
        phones=phones,
        emails=tuple(fields["emails"]),
        email_labels=fields.get("email_labels") or {},
        places=tuple(Place(kind=kind, value=value) for kind, value in fields["places"]),
        values=values,
    )


def differences(before: Fields, after: Fields) -> list[Change]:
    """What changed, in the order of the names."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [Change(field=name, was=before.get(name), became=after.get(name)) for name in sorted(names)]


def taken_back(now: Fields, done: Iterable[Change]) -> dict[str, Any]:
    """The fields with changes (newest first) taken back; what was changed again since stays."""
    fields = dict(now)
    for change in done:
        if fields.get(change.field) == change.became:
            fields[change.field] = change.was
    return {name: value for name, value in fields.items() if value is not None or name in now}


def merged(base: Fields, mine: Fields, theirs: Fields) -> tuple[dict[str, Any], list[Conflict]]:
    """My changes of `base` over theirs. The fields hold mine where both differ."""
    fields, conflicts = dict(theirs), []
    for change in differences(base, mine):
        now = theirs.get(change.field)
        if now != base.get(change.field) and now != change.became:
            conflicts.append(Conflict(field=change.field, theirs=now, mine=change.became))
        fields[change.field] = change.became
    return fields, conflicts
