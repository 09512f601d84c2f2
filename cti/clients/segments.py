"""Segments: an expression over a client's fields, properties and history, and whether a client is in it.

The same expression as SQL is storage/conditions.py; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from cti.clients.card import ClientCard
from cti.clients.consenting import CODES, Word, stand
from cti.clients.filters import (
    KIND_OF_PROPERTY,
    MOST_CONDITIONS,
    Condition,
    FieldKind,
    day_begins,
    fold,
    is_yes,
    property_id,
    typed_digits,
    wants_set,
)
from cti.clients.properties import Property, Value

DAY_S = 86_400.0
MOST_DEPTH = 4
TAG = r"[a-z][a-z0-9_-]{0,31}"
HIGHEST_PRIORITY = 100
LISTS = ("responsible", "relation", "region", "industry", "source")


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Conditions and groups of which all, any or none must hold; of nothing, everything holds."""

    match: Literal["all", "any", "none"] = "all"
    conditions: Sequence[Condition] = []
    groups: Sequence[Group] = []


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A saved expression. frozen_at: its clients are those of that moment, whatever happens; None: found anew.

    tag: the word by which a dialplan is told of its clients; "": it is not. priority: of their calls in queues.
    """

    id: int
    name: str
    expression: Group
    frozen_at: float | None = None
    tag: str = ""
    priority: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A property's value with the time for which it held; until None: it holds now."""

    property_id: int
    value: Value
    since: float
    until: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFact:
    """One call with the client. direction: inbound or outbound; None: not known."""

    started_at: float
    direction: str | None
    answered: bool
    ended: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractFact:
    """One contract. Days as `2026-11-23`; amount: hundredths."""

    signed_on: str | None
    ends_on: str | None
    amount: int | None
    currency: str
    number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientFacts:
    """All that can be asked of a client. said: of properties, now and before. frozen: segments that he was put into.

    contacts: names of his contact persons. words: what he said of being written to and called.
    """

    card: ClientCard
    said: tuple[Said, ...] = ()
    calls: tuple[CallFact, ...] = ()
    contracts: tuple[ContractFact, ...] = ()
    frozen: frozenset[int] = frozenset()
    contacts: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()


def leaves(group: Group) -> Iterator[Condition]:
    """All conditions of an expression."""
    yield from group.conditions
    for one in group.groups:
        yield from leaves(one)


def fault(group: Group, *, own: int | None = None, known: Mapping[int, Segment] | None = None) -> str | None:
    """What is wrong with an expression, as a code. own: the segment it is of, known: all there are."""
    if _depth(group) > MOST_DEPTH:
        return "too-deep"
    asked = list(leaves(group))
    if not asked:
        return "empty-segment"
    if len(asked) > MOST_CONDITIONS:
        return "too-many-conditions"
    if own is not None and own in _reached(group, known or {}, set()):
        return "segment-of-itself"
    return None


def _depth(group: Group) -> int:
    return 1 + max((_depth(one) for one in group.groups), default=0)


def asked_segments(condition: Condition) -> list[int]:
    """Segments that a condition names."""
    named = condition.value if condition.field == "segment" and isinstance(condition.value, list) else []
    return [one for one in named if isinstance(one, int)]


def _reached(group: Group, known: Mapping[int, Segment], seen: set[int]) -> set[int]:
    for leaf in leaves(group):
        for one in asked_segments(leaf):
            if one not in seen:
                seen.add(one)
                if one in known:
                    _reached(known[one].expression, known, seen)
    return seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Says whether clients are in segments. zone: where a day begins; now: UNIX seconds."""

    properties: Mapping[int, Property]
    segments: Mapping[int, Segment]
    zone: ZoneInfo
    now: float

    def holds(self, group: Group, facts: ClientFacts) -> bool:
        """Whether the expression holds for a client."""
        parts = [self._condition(one, facts) for one in group.conditions]
        parts += [self.holds(one, facts) for one in group.groups]
        if not parts:
            return True
        match group.match:
            case "all":
                return all(parts)
            case "any":
                return any(parts)
            case _:
                return not any(parts)

    def _condition(self, one: Condition, facts: ClientFacts) -> bool:
        prop = self.properties.get(property_id(one.field) or 0)
        if prop is not None:
            return self._property(prop, one, facts)
        card = facts.card
        match one.field:
            case "segment":
                inside = any(self._inside(id_, facts) for id_ in asked_segments(one))
                return inside if one.op == "any-of" else not inside
            case "phones" if one.op == "contains":
                return any(typed_digits(str(one.value)) in (phone.e164 or "") for phone in card.phones)
            case "emails" if one.op == "contains":
                return any(fold(str(one.value)) in fold(address) for address in card.emails)
            case "contacts" | "contracts" | "places":
                return _among(_words(one.field, facts), one)
            case "phones" | "emails":
                return bool(getattr(card, one.field)) == (one.op == "filled")
            case "kind":
                return _listed((card.kind,), one)
            case "restricted":
                return (card.restricted_at is not None) == wants_set(one)
            case "consented" | "refused":
                wanted = "given" if one.field == "consented" else "refused"
                return _listed(tuple(code for code in CODES if stand(facts.words, code) == wanted), one)
            case "created" | "updated" | "last_letter":
                return self._day(getattr(card, f"{one.field}_at"), one)
            case name if name in LISTS:
                chosen = getattr(card, f"{name}_id")
                return _listed(() if chosen is None else (chosen,), one)
            case "name" | "full_name" | "inn" | "kpp" | "ogrn" | "time_zone" | "note":
                return _text(getattr(card, one.field), one)
            case _:
                return self._history(one, facts)

    def inside(self, segment: Segment, facts: ClientFacts) -> bool:
        """Whether a client is in a segment."""
        return segment.id in facts.frozen if segment.frozen_at is not None else self.holds(segment.expression, facts)

    def _inside(self, segment_id: int, facts: ClientFacts) -> bool:
        segment = self.segments.get(segment_id)
        return segment_id in facts.frozen if segment is None else self.inside(segment, facts)

    def _day(self, moment: float | None, one: Condition) -> bool:
        if moment is None:
            return one.op == "empty"
        if one.op == "from":
            return moment >= day_begins(str(one.value), self.zone)
        if one.op == "to":
            return moment < day_begins(str(one.value), self.zone, days=1)
        return one.op == "filled"

    def _property(self, prop: Property, one: Condition, facts: ClientFacts) -> bool:
        then = None if one.at is None else day_begins(one.at, self.zone, days=1)
        held = [said.value for said in facts.said if said.property_id == prop.id and _held(said, then)]
        return said_holds(KIND_OF_PROPERTY[prop.kind], held, one)

    def _history(self, one: Condition, facts: ClientFacts) -> bool:
        match one.field:
            case "called":
                return any(self._between(call.started_at, one.value) for call in facts.calls)
            case "signed":
                since, until = one.value
                days = [contract.signed_on for contract in facts.contracts if contract.signed_on]
                every = not since and not until and bool(facts.contracts)
                return every or any((not since or day >= since) and (not until or day <= until) for day in days)
            case "contact":
                return self._contact(one, facts)
            case "contract_ends":
                today = datetime.fromtimestamp(self.now, self.zone).date()
                last = (today + timedelta(days=int(one.value))).isoformat()
                return any(today.isoformat() <= (contract.ends_on or "") <= last for contract in facts.contracts)
            case "contract_sum":
                total = sum(contract.amount or 0 for contract in facts.contracts if contract.currency == "RUB")
                if one.op in ("empty", "filled"):
                    return (total > 0) == (one.op == "filled")
                return _ranged(total / 100, float(one.value), one.op)
            case _:
                return self._count(one, facts)

    def _between(self, moment: float, period: Any) -> bool:
        since, until = period
        after = not since or moment >= day_begins(since, self.zone)
        return after and (not until or moment < day_begins(until, self.zone, days=1))

    def _contact(self, one: Condition, facts: ClientFacts) -> bool:
        talks = [call.started_at for call in facts.calls if call.answered]
        if one.op in ("empty", "filled"):
            return bool(talks) == (one.op == "filled")
        newer = any(talk >= self.now - int(one.value) * DAY_S for talk in talks)
        return newer if one.op == "newer" else not newer

    def _count(self, one: Condition, facts: ClientFacts) -> bool:
        calls = [call for call in facts.calls if one.days is None or call.started_at >= self.now - one.days * DAY_S]
        if one.field == "unanswered":
            calls = [call for call in calls if call.direction == "inbound" and call.ended and not call.answered]
        elif one.field != "calls":
            calls = [call for call in calls if call.direction == one.field]
        return _ranged(len(calls), int(one.value), one.op)


def said_holds(kind: FieldKind, said: Sequence[Any], one: Condition) -> bool:
    """Whether a condition holds of what is said under a field, as its kind compares; of nothing, only `empty` does."""
    if one.op in ("empty", "filled"):
        return bool(said) == (one.op == "filled")
    match kind:
        case "list":
            ids = [part for value in said for part in (value if isinstance(value, tuple) else (value,))]
            return _listed(tuple(ids), one)
        case "text" | "email" | "words":
            return any(_text(str(value), one) for value in said)
        case "phone":
            return any(typed_digits(str(one.value)) in str(value) for value in said)
        case "yes-no":
            return any(bool(value) == is_yes(one.value) for value in said)
        case "date":
            return any(_ranged(str(value), str(one.value), one.op) for value in said)
        case _:
            return any(
                _ranged(float(value), float(one.value), one.op) for value in said if isinstance(value, (int, float))
            )


def _words(field: str, facts: ClientFacts) -> tuple[str, ...]:
    match field:
        case "contacts":
            return facts.contacts
        case "contracts":
            return tuple(contract.number for contract in facts.contracts)
        case _:
            return tuple(place.value for place in facts.card.places)


def _among(words: tuple[str, ...], one: Condition) -> bool:
    if one.op == "contains":
        return any(fold(str(one.value)[:200]) in fold(word) for word in words)
    return bool(words) == (one.op == "filled")


def _held(said: Said, then: float | None) -> bool:
    if then is None:
        return said.until is None
    return said.since < then and (said.until is None or said.until >= then)


def _text(text: str, one: Condition) -> bool:
    if one.op in ("empty", "filled"):
        return (text == "") == (one.op == "empty")
    folded, word = fold(text), fold(str(one.value)[:200])
    match one.op:
        case "is":
            return folded == word
        case "begins":
            return folded.startswith(word)
        case _:
            return word in folded


def _listed(chosen: tuple[Any, ...], one: Condition) -> bool:
    if one.op in ("empty", "filled"):
        return bool(chosen) == (one.op == "filled")
    inside = any(str(mine) == str(asked) for mine in chosen for asked in one.value)
    return inside if one.op == "any-of" else not inside


def _ranged(value: Any, asked: Any, op: str) -> bool:
    match op:
        case "from":
            return bool(value >= asked)
        case "to":
            return bool(value <= asked)
        case _:
            return bool(value == asked)
