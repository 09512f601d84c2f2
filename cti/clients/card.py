"""A client's card as records: what storage keeps and screens show.

A phone keeps what was typed beside what was read of it: an unreadable number is kept, found by its digits and never
dialled or matched. A *shared* phone is a switchboard's: it says which company calls, not which person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from cti.clients.masking import DEEP_WORDS, TYPED, Telephone, Words
from cti.clients.properties import Value
from cti.desktop import ClientBrief, ContactBrief
from cti.telephony.numbering import NumberPlan, apart, bare, read

KINDS = ("person", "sole-trader", "company")
PLACES = ("address", "legal", "postal", "site", "telegram", "whatsapp", "max", "viber", "vk", "other")


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """One phone of a client. e164: None where `typed` could not be read as a number."""

    typed: Annotated[str, TYPED]
    e164: Telephone | None = None
    extension: str = ""
    label: Words = ""
    shared: bool = False

    @property
    def bare(self) -> str:
        """What was typed, without the extension where it was read: that has a field of its own."""
        return bare(self.typed) if self.extension else self.typed


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a client is found beside phones and mail. kind: one of PLACES."""

    kind: str
    value: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientDraft:
    """What a person may set of a client; the first phone and e-mail are the primary ones.

    email_labels: what an address is (`accounts`, `home`), by the address.
    """

    name: Words
    kind: str = "company"
    full_name: Words = ""
    note: Words = ""
    responsible_id: int | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Words, ...] = ()
    email_labels: Annotated[Mapping[str, str], DEEP_WORDS] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    relation_id: int | None = None
    region_id: int | None = None
    industry_id: int | None = None
    source_id: int | None = None
    time_zone: str = ""
    values: Annotated[Mapping[int, Value], DEEP_WORDS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientCard:
    """A client as stored. version rises by one with every change of what a draft
    sets. Times are UNIX seconds; restricted_at: since when nothing may be done with the data, None: all may.

    The ids are of directory entries; values are what is said of its properties.
    """

    id: int
    name: Words
    kind: str
    full_name: Words
    note: Words
    responsible_id: int | None
    responsible: str
    phones: tuple[Phone, ...]
    emails: tuple[Words, ...]
    version: int
    created_at: float
    updated_at: float
    email_labels: Annotated[Mapping[str, str], DEEP_WORDS] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    relation_id: int | None = None
    region_id: int | None = None
    industry_id: int | None = None
    source_id: int | None = None
    time_zone: str = ""
    restricted_at: float | None = None
    restricted_why: Words = ""
    last_letter_at: float | None = None
    values: Annotated[Mapping[int, Value], DEEP_WORDS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneMatch:
    """A client who has the number asked for. contact: this person's of his; local: found as it is dialled here."""

    client: ClientBrief
    label: Words
    extension: str
    shared: bool
    contact: ContactBrief | None = None
    local: bool = False


def with_numbers(draft: ClientDraft, plan: NumberPlan) -> ClientDraft:
    """The draft with each phone read: e164 and extension filled from what was typed."""
    return replace(draft, phones=read_phones(draft.phones, plan))


def read_phones(phones: Iterable[Phone], plan: NumberPlan) -> tuple[Phone, ...]:
    """Phones with their numbers read under a plan; several numbers in one field become several phones."""
    parts = ((phone, apart(phone.typed)) for phone in phones)
    every = (replace(phone, typed=typed) if len(some) > 1 else phone for phone, some in parts for typed in some)
    return tuple(_read(phone, plan) for phone in every)


def labels_of(emails: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    """What is said of these addresses, and of no others."""
    return {address: label for address in emails if (label := labels.get(address, ""))}


def _read(phone: Phone, plan: NumberPlan) -> Phone:
    number = read(phone.typed, plan)
    return replace(phone, e164=number.e164, extension=number.extension or phone.extension)
