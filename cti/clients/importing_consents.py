"""What a row of a file says of a client's consents: a column for each purpose, yes or no."""

from __future__ import annotations

from collections.abc import Mapping

# field of a column -> purpose; what people call it
FIELDS: Mapping[str, str] = {
    "consent_marketing": "marketing", "consent_survey": "survey", "consent_calls": "calls",
}  # fmt: skip
NAMES: Mapping[str, tuple[str, ...]] = {
    "consent_marketing": ("согласие на рекламу", "согласие на рассылку", "реклама", "consent to advertising"),
    "consent_survey": ("согласие на опросы", "consent to surveys"),
    "consent_calls": ("согласие на звонки", "consent to calls"),
}
_YES = frozenset(("да", "yes", "1", "true", "есть", "согласен", "согласна", "дано", "+"))
_NO = frozenset(("нет", "no", "0", "false", "отказ", "отозвано", "не согласен", "не согласна", "-"))


def said(text: str) -> bool | None:
    """What a cell says; None: neither yes nor no."""
    word = " ".join(text.casefold().split())
    return True if word in _YES else False if word in _NO else None
