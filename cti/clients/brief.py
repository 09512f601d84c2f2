"""What a card that pops up shows of a client: a few facts of each kind, and no more than fit."""

from __future__ import annotations

from dataclasses import dataclass

from cti.clients.masking import Telephone, Words


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactBrief:
    """A contact person of a client. phones: (E.164, extension or "", label)."""

    id: int
    name: Words
    role: str = ""
    phones: tuple[tuple[Telephone, str, Words], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractBrief:
    """A contract that ends soon. ends_on: `2026-12-31`."""

    id: int
    number: str
    ends_on: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LastCall:
    """The last call with a client. at: UNIX seconds; by: who talked."""

    at: float
    direction: str
    outcome: str
    by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskBrief:
    """An open task. due_at: UNIX seconds, None for some day; owner: who does it, "" for nobody yet."""

    id: int
    what: Words
    due_at: float | None = None
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneBrief:
    """Where a client's clock stands. region: the region it is known by, "" where the card itself says it."""

    name: str
    region: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientBrief:
    """What a pop shows of a client. phones: (E.164, extension or "", label) in the card's order.

    properties: (name, value as text, colour or "") of those that an admin marked for the pop. people: his contact
    persons. contracts: those that end within a month. tasks: open ones, the most urgent first. letters: conversations
    in shared mailboxes that wait for our answer. restricted: no calls to him, no messages. zone: None where not known.
    """

    id: int
    name: Words
    full_name: Words = ""
    kind: str = "company"
    phones: tuple[tuple[Telephone, str, Words], ...] = ()
    emails: tuple[Words, ...] = ()
    responsible: str = ""
    note: Words = ""
    properties: tuple[tuple[str, Words, str], ...] = ()
    relation: str = ""
    restricted: bool = False
    restricted_why: Words = ""
    people: tuple[ContactBrief, ...] = ()
    contracts: tuple[ContractBrief, ...] = ()
    last: LastCall | None = None
    tasks: tuple[TaskBrief, ...] = ()
    letters: int = 0
    zone: ZoneBrief | None = None
