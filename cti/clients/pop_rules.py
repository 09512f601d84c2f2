"""When a card comes, and what it does: an admin's rule for the calls of a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

When = Literal["ring", "answer", "hand"]
What = Literal["card", "list", "form", "nothing"]
WHENS: tuple[When, ...] = get_args(When)
# What may be done for so many clients as have the number; the first is what is done without a rule.
NONE: tuple[What, ...] = ("form", "nothing")
ONE: tuple[What, ...] = ("card", "list", "nothing")
SEVERAL: tuple[What, ...] = ("list", "card", "nothing")


@dataclass(frozen=True, kw_only=True, slots=True)
class PopRule:
    """when: by hand, a card never comes by itself. none, one, several: what is done for so many clients.

    form: a form for a new client; nothing: as by hand.
    """

    when: When = "ring"
    none: What = "form"
    one: What = "card"
    several: What = "list"

    @property
    def sound(self) -> bool:
        """Whether each part is one that may be said."""
        chosen = ((self.when, WHENS), (self.none, NONE), (self.one, ONE), (self.several, SEVERAL))
        return all(one in known for one, known in chosen)

    def of(self, kind: str) -> What:
        """What is done with a card of that kind; a colleague and a hidden number are always shown."""
        whats: dict[str, What] = {"client": self.one, "several": self.several, "unknown": self.none}
        return whats.get(kind, "card")
