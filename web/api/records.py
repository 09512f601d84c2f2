"""What the API takes and gives, as msgspec Structs: bounds stand in the types."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from cti.clients.card import ClientCard, ClientDraft, Phone
from cti.storage.journal import CallRow
from cti.storage.search import ClientRow
from cti.telephony.numbering import show

Line = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=20_000)]
RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Kind = Literal["person", "sole-trader", "company"]


class SignIn(Struct, forbid_unknown_fields=True):
    login: Line
    password: Annotated[str, Meta(max_length=1024)]
    totp: Annotated[str, Meta(max_length=12)] = ""


class Me(Struct):
    id: int
    login: str
    name: str
    role: str
    language: str
    csrf: str


class PhoneIn(Struct, forbid_unknown_fields=True):
    typed: Annotated[str, Meta(min_length=1, max_length=80)]
    label: Annotated[str, Meta(max_length=40)] = ""
    shared: bool = False


class ClientIn(Struct, forbid_unknown_fields=True):
    name: Name
    kind: Kind = "company"
    full_name: Annotated[str, Meta(max_length=400)] = ""
    note: Text = ""
    responsible_id: int | None = None
    phones: Annotated[list[PhoneIn], Meta(max_length=50)] = []
    emails: Annotated[list[Annotated[str, Meta(max_length=254)]], Meta(max_length=50)] = []

    def draft(self) -> ClientDraft:
        """As the feature takes it."""
        return ClientDraft(
            name=self.name.strip(),
            kind=self.kind,
            full_name=self.full_name.strip(),
            note=self.note,
            responsible_id=self.responsible_id,
            phones=tuple(Phone(typed=p.typed, label=p.label, shared=p.shared) for p in self.phones if p.typed.strip()),
            emails=tuple(mail.strip() for mail in self.emails if mail.strip()),
        )


class ClientChange(ClientIn, forbid_unknown_fields=True, kw_only=True):
    version: int


class PhoneOut(Struct):
    typed: str
    e164: str | None
    shown: str
    extension: str
    label: str
    shared: bool


class ClientOut(Struct):
    id: int
    name: str
    kind: str
    full_name: str
    note: str
    responsible_id: int | None
    responsible: str
    phones: list[PhoneOut]
    emails: list[str]
    version: int
    created_at: float
    updated_at: float


class ClientLine(Struct):
    id: int
    name: str
    full_name: str
    kind: str
    phones: list[PhoneOut]
    emails: list[str]
    responsible: str
    note: str
    updated_at: float


class ClientPage(Struct):
    rows: list[ClientLine]
    total: int | None
    next_cursor: str | None


class Made(Struct):
    id: int


class Dial(Struct, forbid_unknown_fields=True):
    to: Annotated[str, Meta(min_length=1, max_length=80)]
    client_id: int | None = None
    request_id: RequestId | None = None


class Dialled(Struct):
    request_id: str


class Digits(Struct, forbid_unknown_fields=True):
    digits: Annotated[str, Meta(pattern=r"^[0-9*#A-D]{1,20}$")]


class Note(Struct, forbid_unknown_fields=True):
    text: Text


class Chosen(Struct, forbid_unknown_fields=True):
    client_id: int


class CallOut(Struct):
    id: str
    direction: str | None
    number: str | None
    shown: str
    caller_name: str | None
    called: str | None
    queue: str | None
    started_at: float
    queued_at: float | None
    answered_at: float | None
    ended_at: float | None
    outcome: str | None
    reason: str | None
    client_id: int | None
    client_name: str
    user_id: int | None
    user_name: str
    note: str
    open: bool
    legs: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    transfers: list[dict[str, Any]] = []


class CallPage(Struct):
    rows: list[CallOut]
    total: int | None
    next_cursor: str | None


class AgentOut(Struct):
    id: int
    name: str
    extension: str
    device: str
    since: float
    online: bool


class MemberOut(Struct):
    device: str
    name: str
    paused: bool
    pause_reason: str
    in_call: bool


class QueueOut(Struct):
    name: str
    members: list[MemberOut]


class StepOut(Struct):
    at: float
    step: str
    text: str
    user_id: int | None
    args: dict[str, str]


class UserOut(Struct):
    id: int
    login: str
    name: str
    role: str
    team: str
    language: str
    blocked: bool


def client_out(card: ClientCard) -> ClientOut:
    """A card as the API gives it."""
    phones = [PhoneOut(p.typed, p.e164, show(p.e164) or p.typed, p.extension, p.label, p.shared) for p in card.phones]
    rest = {f: getattr(card, f) for f in ClientOut.__struct_fields__ if f not in ("phones", "emails")}
    return ClientOut(**rest, phones=phones, emails=list(card.emails))


def client_line(row: ClientRow) -> ClientLine:
    """A row of the list."""
    phones = [PhoneOut(e or "", e, show(e), x, label, False) for e, x, label in row.phones]
    rest = {f: getattr(row, f) for f in ClientLine.__struct_fields__ if f not in ("phones", "emails")}
    return ClientLine(**rest, phones=phones, emails=list(row.emails))


def call_out(row: CallRow) -> CallOut:
    """A call of the journal."""
    skip = {"shown", "legs", "notes", "transfers"}
    rest = {f: getattr(row, f) for f in CallOut.__struct_fields__ if f not in skip}
    many = {f: msgspec.to_builtins(list(getattr(row, f))) for f in ("legs", "notes", "transfers")}
    return CallOut(**rest, **many, shown=show(row.number) or row.caller_number or "")
