"""Who was erased, told without telling who: his numbers and addresses as keyed hashes, his cards by their ids.

An id alone is not enough to know a card again in an older base: the moment it was made goes with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Kind = Literal["phone", "email", "inn", "letter"]
Card = tuple[int, float]  # id, created_at


class Entry(Struct, frozen=True, kw_only=True):
    """A person of the list. clients: his card and those merged into it; people: his contact persons; by: who erased."""

    id: str
    at: float
    user_id: int | None
    by: str
    reason: str
    clients: tuple[Card, ...]
    people: tuple[Card, ...] = ()
    marks: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()  # marks of his letters: in the list alone, the base has a table of them
    void: bool = False  # it came to nothing


class Marks:
    """Keyed hashes: of what is erased, and of what comes in. key: the installation's own, kept outside the base."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"erased:" + key).digest()

    def of(self, kind: Kind, value: str) -> str:
        """The mark of one value. kind says how it is written: E.164, folded, digits."""
        return hmac.new(self._key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()[:32]

    def of_all(self, kind: Kind, values: Iterable[str]) -> tuple[str, ...]:
        """The marks of several values."""
        return tuple(self.of(kind, one) for one in values)
