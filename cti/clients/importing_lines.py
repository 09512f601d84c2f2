"""Rows of a file on their way into the base, and the cards that they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cti.clients.card import ClientCard, ClientDraft, with_numbers
from cti.clients.changes import Change, Fields, as_fields, differences, draft_of
from cti.clients.contacts import ContactDraft
from cti.clients.filters import fold
from cti.clients.importing import CONSENTS, PERSON, Known, Mapped, RowFault, fields_of, number_of
from cti.telephony.numbering import NumberPlan

Key = tuple[str, str]  # kind and value of what a client is known by


@dataclass(kw_only=True, slots=True)
class Line:
    """A row on its way. keys: what it may be known by; fresh: those that no row above has; twice: the row of it.

    said: of its contact person; agreed: of consents, by purpose.
    """

    row: int
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    agreed: Mapping[str, bool] = field(default_factory=dict)
    fault: RowFault | None = None
    keys: list[Key] = field(default_factory=list)
    fresh: set[Key] = field(default_factory=set)
    client_id: int | None = None
    twice: int | None = None
    draft: ClientDraft | None = None  # a new client, and his id
    made: int | None = None
    person: ContactDraft | None = None  # a new contact person

    def read(self, kinds: Sequence[str], plan: NumberPlan) -> None:
        """Find the keys, in the order of their kinds."""
        said: dict[str, list[str]] = {
            "id": [str(self.fields["id"])] if "id" in self.fields else [],
            "inn": [self.fields["inn"]] if "inn" in self.fields else [],
            "phone": [number_of(one[0], plan).e164 or "" for one in self.fields.get("phones", ())],
            "email": [fold(one) for one in self.fields.get("emails", ())],
        }
        self.keys = [(kind, value) for kind in kinds for value in said[kind] if value]


def lines(rows: Sequence[Sequence[str]], before: int, mapped: Mapped, known: Known) -> Iterator[Line]:
    """The rows that say something. before: rows of the file above them."""
    named = mapped.index("name") if "name" in mapped else None
    for number, row in enumerate(rows, before + 1):
        if not any(cell.strip() for cell in row):
            continue
        name = row[named].strip()[:80] if named is not None and named < len(row) else ""
        try:
            fields = fields_of(row, mapped, known)
            if not fields:
                raise RowFault("row", "nothing")
            said, agreed = fields.pop(PERSON, {}), fields.pop(CONSENTS, {})
            if said and "contact" not in said and set(said) != {"contact_role"}:
                raise RowFault("contact", "no-contact")
            yield Line(row=number, name=name, fields=fields, said=said, agreed=agreed)
        except RowFault as fault:
            yield Line(row=number, name=name, fault=fault)


class Held:
    """A client of whom rows speak: as he was, and as they make him."""

    __slots__ = ("before", "card", "fields", "was")

    def __init__(self, was: ClientCard) -> None:
        self.was = was
        self.before: Fields = as_fields(was)
        self.card: ClientCard | ClientDraft = was
        self.fields: Fields = self.before

    def become(self, after: Fields, plan: NumberPlan) -> list[Change]:
        """Have these fields from now on; what that changes. Phones that stay are not read again."""
        changed = differences(self.fields, after)
        if changed and after["phones"] == self.fields["phones"]:
            self.card, self.fields = draft_of(after, self.card.phones), after
        elif changed:
            self.card = with_numbers(draft_of(after), plan)
            self.fields = as_fields(self.card)
        return changed
