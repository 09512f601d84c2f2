"""What a client has consented to, as segments ask: the register's words for him, replayed in their order.

Asked by codes, a purpose and a way: `marketing:phone` is advertising by SMS. A withdrawal holds on each; STOP is one
of every purpose, and what was given before it does not outlive it. The same as SQL is storage/client_consents.py; what
may be sent to one address is messages/consent.py's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CODES = ("marketing:phone", "marketing:email", "survey:phone", "survey:email", "calls:phone")
Stand = Literal["given", "refused", ""]


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A row of the register. id: of rows of one moment, the later; purpose "": every one."""

    id: int
    at: float
    kind: str
    purpose: str
    given: bool


def stand(words: Sequence[Word], code: str) -> Stand:
    """How a client stands to a purpose on one way; "": he has said nothing that holds."""
    purpose, _, kind = code.partition(":")
    said: bool | None = None
    stopped = False
    for word in sorted(words, key=lambda one: (one.at, one.id)):
        if word.given and word.kind != kind:
            continue
        if word.purpose == "":
            stopped = not word.given
            said = None if stopped else said
        elif word.purpose == purpose:
            said = word.given
    if said:
        return "given"
    return "refused" if stopped or said is False else ""
