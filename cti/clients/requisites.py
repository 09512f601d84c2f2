"""Russian company numbers: whether what was typed can be right, by length and check digits.

A wrong number on a card is worse than none: it joins strangers and parts twins. The taxpayer's number (INN) and the
state register's (OGRN) carry check digits; the tax office's reason code (KPP) has only a form. A check digit catches
most slips, not all: the remainder 10 is written as 0, so a few numbers that end with 0 have a right-looking neighbour
(OGRN of a sole trader: 0, 1 and 2).
A sign that does not belong is told before a wrong length. Whether such a company exists is not known here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from string import ascii_uppercase
from typing import Any, Final, Literal

from cti.clients.card import ClientDraft

Fault = Literal["length", "digits", "check"]
OF_KIND: Final = {  # which numbers a kind of client has
    "company": ("inn", "kpp", "ogrn"),
    "sole-trader": ("inn", "ogrn"),
    "person": ("inn",),
}

COMPANY_INN, PERSON_INN = 10, 12
KPP = 9
COMPANY_OGRN, PERSON_OGRN = 13, 15

# Weights of the digits before each check digit.
_COMPANY: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_PERSON_FIRST: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_PERSON_SECOND: Final = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)

_DIGITS: Final = frozenset("0123456789")  # str.isdigit takes other scripts' as well
_KPP_SIGNS: Final = _DIGITS | frozenset(ascii_uppercase)
_KPP_FORM: Final = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")


def refusal(kind: str, inn: str, kpp: str, ogrn: str) -> tuple[str, str] | None:
    """What is wrong with the numbers of such a client: a refusal's code and sentence; None where nothing is."""
    company, has = kind == "company", OF_KIND[kind]
    if inn and inn_fault(inn, company=company):
        return ("bad-inn", "This INN is wrong: a company has 10 digits.") if company else (
            "bad-inn-of-a-person", "This INN is wrong: a person has 12 digits.")  # fmt: skip
    if kpp and "kpp" not in has:
        return "kpp-of-a-company", "Only a company has a KPP."
    if kpp and kpp_fault(kpp):
        return "bad-kpp", "This KPP is wrong: it has 9 characters."
    if ogrn and "ogrn" not in has:
        return "ogrn-of-a-company", "A person has no OGRN: choose another kind of client."
    if ogrn and ogrn_fault(ogrn, company=company):
        return ("bad-ogrn", "This OGRN is wrong: a company has 13 digits.") if company else (
            "bad-ogrnip", "This OGRNIP is wrong: it has 15 digits.")  # fmt: skip
    return None


def fitting(draft: ClientDraft) -> ClientDraft:
    """The draft without the numbers that its kind does not have."""
    lost: dict[str, Any] = {name: "" for name in ("kpp", "ogrn") if name not in OF_KIND[draft.kind]}
    return replace(draft, **lost)


def digits(text: str) -> str:
    """Only the digits of what was typed: people part them with spaces."""
    return "".join(sign for sign in text if sign in _DIGITS)


def inn_fault(text: str, *, company: bool | None = None) -> Fault | None:
    """What is wrong with a taxpayer's number; None: it is right.

    company: True wants a company's 10 digits, False a person's or sole trader's 12, None takes either.
    """
    lengths = {None: (COMPANY_INN, PERSON_INN), True: (COMPANY_INN,), False: (PERSON_INN,)}[company]
    if fault := _form_fault(text, lengths):
        return fault
    weights = (_COMPANY,) if len(text) == COMPANY_INN else (_PERSON_FIRST, _PERSON_SECOND)
    return None if all(_weighed(text, row) for row in weights) and not _blank(text) else "check"


def kpp_fault(text: str) -> Fault | None:
    """What is wrong with a reason code: 4 digits, 2 digits or capital Latin letters, 3 digits; no check digit."""
    if not _KPP_SIGNS.issuperset(text):
        return "digits"
    if len(text) != KPP:
        return "length"
    return None if _KPP_FORM.fullmatch(text) else "digits"


def ogrn_fault(text: str, *, company: bool | None = None) -> Fault | None:
    """What is wrong with a number of the state register; None: it is right.

    company: True wants a company's 13 digits, False a sole trader's 15, None takes either.
    """
    lengths = {None: (COMPANY_OGRN, PERSON_OGRN), True: (COMPANY_OGRN,), False: (PERSON_OGRN,)}[company]
    if fault := _form_fault(text, lengths):
        return fault
    check = int(text[:-1]) % (len(text) - 2) % 10  # 13 digits: modulo 11; 15 digits: modulo 13
    return None if check == int(text[-1]) and not _blank(text) else "check"


def _form_fault(text: str, lengths: tuple[int, ...]) -> Fault | None:
    if not _DIGITS.issuperset(text):
        return "digits"
    return None if len(text) in lengths else "length"


def _weighed(text: str, weights: tuple[int, ...]) -> bool:
    """The digit after the weighed ones is their check digit."""
    total = sum(weight * int(digit) for weight, digit in zip(weights, text, strict=False))
    return total % 11 % 10 == int(text[len(weights)])


def _blank(text: str) -> bool:
    """Zeros fit every check and are typed where a form insists on a number; nobody has them."""
    return not text.strip("0")
