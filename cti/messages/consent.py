"""For what people may be written to: purposes, what each needs, and what a withdrawal stops.

A consent is said for one purpose and one address, or for all addresses of a client; what a client has withdrawn is
withdrawn by letter, SMS and telephone alike, until he says otherwise for an address. What was said last holds. Pure.
"""

from __future__ import annotations

from typing import Literal, get_args

Purpose = Literal["service", "marketing", "survey", "calls"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ASKED: frozenset[Purpose] = frozenset(("marketing", "survey", "calls"))  # nothing without a consent that was given
Kind = Literal["phone", "email"]
Source = Literal["card", "import", "api", "page", "letter", "sms", "call"]
STOP_KEY = "stop:"  # the key of what thanks for a STOP begins so: it goes although all was withdrawn
EVERY = ""  # a withdrawal of all purposes: STOP


def stands(purpose: Purpose, said: bool | None, withdrawn_all: bool) -> str:
    """Why nothing may be sent: `no-consent`, `withdrawn`; "": it may. said: the latest word for this purpose."""
    if said is False or (withdrawn_all and said is not True):
        return "withdrawn"
    if said is None and purpose in ASKED:
        return "no-consent"
    return ""
