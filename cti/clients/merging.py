"""Two cards become one, and two again: what each field is then. Fields are those of clients/changes.py.

Of a plain field one card's value stays, as a person chose; a note may be both. Lists are united, in the order of the
kept card, then what the other one adds. Taken back, a field that nobody has changed since is as it was; from a list
goes what the other card brought and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from cti.clients.card import ClientCard, Phone
from cti.clients.changes import PLAIN, Fields, as_fields

Choice = Literal["kept", "gone", "both"]
LISTS = ("phones", "emails", "places")
LABELS = "email_labels"  # follow their addresses: nobody chooses


def combined(kept: ClientCard, gone: ClientCard, choices: Mapping[str, Choice]) -> dict[str, Any]:
    """The fields of the kept card with the other one in it. A field without a choice: the kept card's, if it says any.

    both: of a note alone.
    """
    ours, others = as_fields(kept), as_fields(gone)
    fields = dict(ours)
    for name in sorted({*ours, *others} - {*LISTS, LABELS}):
        mine, other = ours.get(name), others.get(name)
        if isinstance(mine, list) or isinstance(other, list):
            fields[name] = _united(mine or [], other or [])
        elif name == "note" and choices.get(name) == "both":
            fields[name] = "\n\n".join(part for part in dict.fromkeys((mine, other)) if part)
        elif choices.get(name) == "gone" or (name not in choices and mine in (None, "")):
            fields[name] = other
    known = {_number(phone) for phone in kept.phones}
    fields["phones"] = ours["phones"] + [
        row for phone, row in zip(gone.phones, others["phones"], strict=True) if _number(phone) not in known
    ]
    fields["emails"] = _united(ours["emails"], others["emails"], key=str.casefold)
    fields[LABELS] = {**others[LABELS], **ours[LABELS]}
    fields["places"] = _united(ours["places"], others["places"], key=str)
    return _said(fields)


def separated(now: Fields, before: Fields, after: Fields) -> dict[str, Any]:
    """The kept card's fields without the other one. before, after: what they were when the two became one."""
    fields = dict(now)
    for name in {*before, *after}:
        was, became, is_now = before.get(name), after.get(name), now.get(name)
        if is_now == became:
            fields[name] = was
        elif isinstance(is_now, list) and isinstance(became, list):
            brought = [one for one in became if one not in (was or [])]
            fields[name] = [one for one in is_now if one not in brought]
    return _said(fields)


def differ(one: ClientCard, two: ClientCard) -> list[str]:
    """The fields of which a person chooses: both cards say something, and not the same."""
    left, right = as_fields(one), as_fields(two)
    empty = (None, "")
    return [
        name
        for name in dict.fromkeys((*left, *right))
        if name not in (*LISTS, LABELS)
        and left.get(name) != right.get(name)
        and left.get(name) not in empty
        and right.get(name) not in empty
        and not isinstance(left.get(name), list)
    ]


def _said(fields: Fields) -> dict[str, Any]:
    """Without properties that say nothing: a card does not have them."""
    return {name: value for name, value in fields.items() if value is not None or name in PLAIN}


def _united(mine: list[Any], others: list[Any], key: Any = lambda one: one) -> list[Any]:
    known = [key(one) for one in mine]
    return mine + [one for one in others if key(one) not in known]


def _number(phone: Phone) -> tuple[str, str]:
    return phone.e164 or re.sub(r"\D", "", phone.typed) or phone.typed, phone.extension
