"""Who is given a conversation that came to a shared mailbox: the client's manager, else who is there with the least.

Only people of the mailbox are. Nobody is given what a person has chosen otherwise. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A mailbox as its rules need it. people: who belongs to it and may sign in; target_s: working seconds or None.

    hours, weekdays, time_zone: its own, as messages/hours.py reads them; "" for those of the house.
    """

    id: int
    name: str
    kind: str
    owner_id: int | None = None
    target_s: int | None = None
    hours: str = ""
    weekdays: str = ""
    time_zone: str = ""
    assigns: bool = True
    people: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Who has it and why: mailbox (it is his own), responsible, least-loaded; None: nobody yet."""

    user_id: int | None
    code: str = ""


def give(box: Box, *, responsible: int | None, here: Collection[int], loads: Mapping[int, int]) -> Given:
    """Who gets a conversation. here: who has a page open; loads: open conversations of each."""
    if box.kind == "personal":
        return Given(user_id=box.owner_id, code="mailbox") if box.owner_id is not None else Given(user_id=None)
    if not box.assigns:
        return Given(user_id=None)
    if responsible in box.people:
        return Given(user_id=responsible, code="responsible")
    there = sorted(box.people & set(here), key=lambda one: (loads.get(one, 0), one))
    return Given(user_id=there[0], code="least-loaded") if there else Given(user_id=None)
