"""What the API takes and gives of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from cti.clients.card import ClientCard, ClientDraft, Phone, Place
from cti.clients.masking import unsealed
from cti.clients.properties import Value
from cti.desktop import Match
from cti.telephony.numbering import show
from web import wire
from web.api.records import Cursor, Id, Limit, Text

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
FullName = Annotated[str, Meta(max_length=400)]
Email = Annotated[str, Meta(max_length=254)]
Kind = Literal["person", "sole-trader", "company"]
LONGEST_PHONE = 400  # one that is hidden comes back with its seal
LISTED = ("id", "name", "full_name", "kind", "phones", "emails", "responsible", "note", "updated_at")


PHONE = "A number in any spelling, at most 80 characters; or one that was hidden, as it was given: +7 935 •••-••-01§…"


class PhoneIn(Struct, forbid_unknown_fields=True):
    typed: Annotated[str, Meta(min_length=1, max_length=LONGEST_PHONE, description=PHONE)]
    extension: Annotated[str, Meta(max_length=16, pattern=r"^[0-9]*$")] = ""
    label: Annotated[str, Meta(max_length=40)] = ""
    shared: bool = False


Phones = Annotated[list[PhoneIn], Meta(max_length=50)]
Emails = Annotated[list[Email], Meta(max_length=50)]

Labels = Annotated[
    dict[Email, Annotated[str, Meta(max_length=40)]],
    Meta(max_length=50, description="E-mail address -> what it is: accounts, home, ..."),
]


class PlaceIn(Struct, forbid_unknown_fields=True):
    kind: Literal["address", "legal", "postal", "site", "telegram", "whatsapp", "max", "viber", "vk", "other"]
    value: Annotated[str, Meta(min_length=1, max_length=400)]


Places = Annotated[list[PlaceIn], Meta(max_length=50)]
Said = Annotated[
    dict[Annotated[str, Meta(pattern="^[1-9][0-9]{0,8}$")], Any],
    Meta(max_length=200, description="Property id -> value: id of a list's value, ids, number, text, true, 2026-11-23"),
]


class ClientIn(Struct, forbid_unknown_fields=True):
    name: Name
    kind: Kind = "company"
    full_name: FullName = ""
    note: Text = ""
    responsible_id: Id | None = None
    phones: Phones = []
    emails: Emails = []
    email_labels: Labels = {}
    places: Places = []
    inn: Annotated[str, Meta(max_length=12)] = ""
    kpp: Annotated[str, Meta(max_length=9)] = ""
    ogrn: Annotated[str, Meta(max_length=15)] = ""
    relation_id: Id | None = None
    region_id: Id | None = None
    industry_id: Id | None = None
    source_id: Id | None = None
    time_zone: Annotated[str, Meta(max_length=40)] = ""
    properties: Said = {}

    def draft(self) -> ClientDraft:
        """As the feature takes it."""
        return ClientDraft(**{name: _field(name, getattr(self, given)) for name, given in GIVEN})


class ClientChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is given is set, the rest stays. version: of the card that was read; or its ETag in If-Match."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    name: Name | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    full_name: FullName | UnsetType = UNSET
    note: Text | UnsetType = UNSET
    responsible_id: Id | UnsetType | None = UNSET
    phones: Phones | UnsetType = UNSET
    emails: Emails | UnsetType = UNSET
    email_labels: Labels | UnsetType = UNSET
    places: Places | UnsetType = UNSET
    inn: Annotated[str, Meta(max_length=12)] | UnsetType = UNSET
    kpp: Annotated[str, Meta(max_length=9)] | UnsetType = UNSET
    ogrn: Annotated[str, Meta(max_length=15)] | UnsetType = UNSET
    relation_id: Id | UnsetType | None = UNSET
    region_id: Id | UnsetType | None = UNSET
    industry_id: Id | UnsetType | None = UNSET
    source_id: Id | UnsetType | None = UNSET
    time_zone: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    properties: Said | UnsetType = UNSET

    def draft(self, card: ClientCard) -> ClientDraft:
        """The card with the change in it; properties that are not given stay."""
        fields: dict[str, Any] = {}
        for name, given in GIVEN:
            value = getattr(self, given)
            fields[name] = getattr(card, name) if value is UNSET else _field(name, value)
        if self.properties is not UNSET:
            fields["values"] = {**card.values, **fields["values"]}
        return ClientDraft(**fields)


GIVEN = tuple((name, {"values": "properties"}.get(name, name)) for name in ClientDraft.__dataclass_fields__)


def _field(name: str, value: Any) -> Any:
    """A field of the draft from what was given."""
    match name:
        case "name" | "full_name" | "inn" | "kpp" | "ogrn" | "time_zone":
            return value.strip()
        case "phones":
            return tuple(
                Phone(typed=p.typed, extension=p.extension, label=p.label, shared=p.shared)
                for p in value
                if p.typed.strip()
            )
        case "emails":
            return tuple(mail.strip() for mail in value if mail.strip())
        case "places":
            return tuple(Place(kind=one.kind, value=one.value) for one in value)
        case "values":
            return {int(key): tuple(one) if isinstance(one, list) else one for key, one in value.items()}
        case _:
            return value


class Moved(Struct):
    """The client was merged into this one."""

    moved: int


class ClientQuery(Struct, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=200, description="Any part of a name, phone, e-mail or note; empty: all")] = ""
    sort: Literal["name", "-name", "created", "-created", "updated", "-updated"] = "name"
    filter: Annotated[
        str, Meta(pattern=r"^(responsible:(me|[1-9][0-9]{0,8}))?$", description="responsible:me or responsible:ID")
    ] = ""
    columns: Annotated[
        str,
        Meta(
            pattern=rf"^(({'|'.join(LISTED)})(,({'|'.join(LISTED)}))*)?$",
            description=f"Which fields, by comma, of {', '.join(LISTED)}; empty: all. id always comes",
        ),
    ] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class PhoneOut(Struct):
    typed: str
    e164: str | None
    shown: str
    extension: str
    label: str
    shared: bool


class PlaceOut(Struct):
    kind: str
    value: str


class ClientOut(Struct):
    """restricted: nothing may be done with the data, for this reason."""

    id: int
    name: str
    kind: str
    full_name: str
    note: str
    responsible_id: int | None
    responsible: str
    phones: list[PhoneOut]
    emails: list[str]
    email_labels: dict[str, str]
    places: list[PlaceOut]
    inn: str
    kpp: str
    ogrn: str
    relation_id: int | None
    region_id: int | None
    industry_id: int | None
    source_id: int | None
    time_zone: str
    properties: dict[str, Any]
    restricted: bool
    restricted_why: str
    version: int
    created_at: float
    updated_at: float


class ContactOut(Struct):
    id: int
    name: str
    role: str


class FoundOut(ClientOut, kw_only=True):
    """A client found by a number. why: the reason as a sentence; contact: his contact person whose phone it is."""

    why: str
    contact: ContactOut | None


class ClientLine(Struct):
    """A client in a list; what `columns` leaves out is absent."""

    id: int
    name: str | UnsetType = UNSET
    full_name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    phones: list[PhoneOut] | UnsetType = UNSET
    emails: list[str] | UnsetType = UNSET
    responsible: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    updated_at: float | UnsetType = UNSET


class ClientPage(Struct):
    rows: list[ClientLine]
    total: int | None
    next_cursor: str | None


def client_out(card: ClientCard) -> ClientOut:
    """A card as the API gives it."""
    return ClientOut(**_out(card))


def found_out(card: ClientCard, one: Match, reader: wire.Reader) -> FoundOut:
    """A card found by a number, with the reason."""
    contact = ContactOut(id=one.contact.id, name=one.contact.name, role=one.contact.role) if one.contact else None
    why = wire.match(one, reader)["why"]
    return FoundOut(**_out(card), why=why, contact=contact)


def _out(card: ClientCard) -> dict[str, Any]:
    made = ("phones", "emails", "email_labels", "places", "properties", "restricted")
    rest = {f: getattr(card, f) for f in ClientOut.__struct_fields__ if f not in made}
    return rest | {
        "phones": phones_out(card),
        "emails": list(card.emails),
        "email_labels": dict(card.email_labels),
        "places": [PlaceOut(kind=one.kind, value=one.value) for one in card.places],
        "properties": said(card.values),
        "restricted": card.restricted_at is not None,
    }


def phones_out(card: ClientCard) -> list[PhoneOut]:
    """Phones as typed, as read and as shown."""
    return [
        PhoneOut(one.typed, one.e164, show(one.e164) or unsealed(one.typed), one.extension, one.label, one.shared)
        for one in card.phones
    ]


def said(values: Mapping[int, Value]) -> dict[str, Any]:
    """Properties as JSON holds them."""
    return {str(key): list(one) if isinstance(one, tuple) else one for key, one in values.items()}


def client_line(row: ClientCard, columns: str = "") -> ClientLine:
    """A row of the list. columns: the wanted ones by comma, "" for all."""
    wanted = set(columns.split(",")) if columns else set(LISTED)
    fields: dict[str, Any] = {name: getattr(row, name) for name in LISTED if name in wanted | {"id"}}
    if "phones" in fields:
        fields["phones"] = phones_out(row)
    if "emails" in fields:
        fields["emails"] = list(row.emails)
    return ClientLine(**fields)
