"""Recordings without people: numbers and names replaced, the same one by the same other within a file.

Digits keep their count and their last two are counted up from a running number; short numbers (extensions, up to five
digits) stay, since without them the calls could not be told. Names become «Person 1», «Person 2». What a dialplan tells
of a client in a UserEvent is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cti.telephony.words import CHANNEL_HEADERS

_NAMES = re.compile(r"(?:CallerIDName|ConnectedLineName|CallerName|MemberName|.*CallerIDName|.*ConnectedLineName)$")
_NUMBER = re.compile(r"(?<![\d.-])\+?\d{6,20}(?![\d.])")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_DROPPED = {"Secret", "Variable", "ChanVariable", "AppData", "Context-Data", "Reg-User-Agent", "UserAgent", "URI"}
_STAY = {"Uniqueid", "Linkedid", "DestUniqueid", "DestLinkedid", "BridgeUniqueid", "Timestamp", "ActionID", "Holdtime"}
_EMPTY = {"", "<unknown>", "<no name>", "unknown", "anonymous"}


class Anonymiser:
    """One file's replacements."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def headers(self, headers: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
        """A copy of one event without names, numbers and addresses."""
        own_words = headers.get("Event") == "UserEvent" and headers.get("UserEvent") != "TrubkaQueue"
        return {
            key: [self._value(key, v) for v in value] if isinstance(value, list) else self._value(key, value)
            for key, value in headers.items()
            if key not in _DROPPED and not (own_words and key not in CHANNEL_HEADERS)
        }

    def _value(self, key: str, value: str) -> str:
        if key in _STAY or key.endswith(("Uniqueid", "Linkedid")):
            return value
        if _NAMES.match(key):
            return self._name(value)
        return _ADDRESS.sub("192.0.2.1", _NUMBER.sub(lambda m: self._number(m.group()), value))

    def _name(self, value: str) -> str:
        if value.casefold() in _EMPTY:
            return value
        if re.fullmatch(r"\+?\d+", value):
            return _NUMBER.sub(lambda m: self._number(m.group()), value)
        return self._names.setdefault(value, f"Person {len(self._names) + 1}")

    def _number(self, value: str) -> str:
        digits = value.removeprefix("+")
        made = self._numbers.setdefault(digits[-10:], f"{935_555_0000 + len(self._numbers):010d}")
        return value[: len(value) - len(digits)] + (digits[:-10] + made if len(digits) >= 10 else made[-len(digits) :])
