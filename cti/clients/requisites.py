"""Russian company numbers and their check digits: INN, KPP, OGRN.

Sources: the tax service's orders on the structure of INN and KPP, the government's decree on OGRN; all published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

Fault = Literal["length", "digits", "check"]

COMPANY: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
PERSON_FIRST: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
PERSON_SECOND: Final = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
OGRN_MODULUS: Final = {13: 11, 15: 13}


def digits(text: str) -> str:
    """The digits of what people type, spaces and dashes away."""
    return "".join(sign for sign in text if sign in "0123456789")


def inn_fault(text: str, *, company: bool | None = None) -> Fault | None:
    """What is wrong with an INN; None when it is right. company: 10 digits are wanted, False: 12."""
    if not (text.isascii() and text.isdigit()):
        return "digits"
    wanted = (10, 12) if company is None else (10,) if company else (12,)
    if len(text) not in wanted:
        return "length"
    if len(text) == 10:
        return None if _sum(text, COMPANY) == int(text[9]) else "check"
    right = _sum(text, PERSON_FIRST) == int(text[10]) and _sum(text, PERSON_SECOND) == int(text[11])
    return None if right else "check"


def kpp_fault(text: str) -> Fault | None:
    """What is wrong with a KPP: four digits, two digits or capital letters, three digits."""
    if len(text) != 9:
        return "length"
    return None if re.fullmatch(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}", text) else "digits"


def ogrn_fault(text: str) -> Fault | None:
    """What is wrong with an OGRN (13 digits) or a sole trader's OGRNIP (15)."""
    if not (text.isascii() and text.isdigit()):
        return "digits"
    modulus = OGRN_MODULUS.get(len(text))
    if modulus is None:
        return "length"
    return None if int(text[:-1]) % modulus % 10 == int(text[-1]) else "check"


def _sum(text: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False)) % 11 % 10
