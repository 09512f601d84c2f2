"""SIP without telephone numbers, for the browser phone of a person from whom they are hidden.

Each number in the headers that the PBX sends becomes a stand-in, and the stand-in the number again on the way back: the
PBX hears its own words, so that no dialogue breaks. Names shown beside an address are masked by the caller's own rule.
One veil per connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable

FIRST = 100_000_000_000  # stand-ins begin with 000, as no number does
MOST = 1000  # numbers of one connection
_NUMBER = re.compile(r"(?<=sip:|tel:)\+?\d{7,18}(?=[@;>?\s]|$)", re.IGNORECASE)
_SECURE = re.compile(r"(?<=sips:)\+?\d{7,18}(?=[@;>?\s]|$)", re.IGNORECASE)
_SHOWN = re.compile(r'"(?:[^"\\]|\\.)*"|^[^<"]*(?=<)')
_STAND_IN = re.compile(r"(?<=[:])000\d{12}(?=[@;>?\s]|$)")


class Veil:
    """mask: of the names that stand beside addresses."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._stand_ins: dict[str, str] = {}
        self._numbers: dict[str, str] = {}

    def to_browser(self, text: str) -> str:
        """What the PBX says, without numbers."""
        head, end, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        return "\r\n".join([first, *map(self._hidden, lines)]) + end + body

    def to_pbx(self, text: str) -> str:
        """What the browser says, with the numbers again."""
        head, end, body = text.partition("\r\n\r\n")
        return _STAND_IN.sub(lambda found: self._numbers.get(found[0], found[0]), head) + end + body

    def _hidden(self, line: str) -> str:
        name, colon, value = line.partition(":")
        if "<" not in value and ":" not in value:
            return line
        value = _SHOWN.sub(lambda shown: self._named(shown[0]), value)
        if name.lower() == "from" and value.lstrip().startswith("<") and (number := _NUMBER.search(value)):
            value = f' "{self._mask(number[0])}" {value.lstrip()}'  # what the person is shown of who calls
        for pattern in (_NUMBER, _SECURE):
            value = pattern.sub(lambda found: self._stand_in(found[0]), value)
        return name + colon + value

    def _named(self, name: str) -> str:
        """A name beside an address; one whose digits are hidden stands in quotes."""
        masked = self._mask(name)
        return masked if masked == name or name.startswith('"') else f' "{masked.strip()}" '

    def _stand_in(self, number: str) -> str:
        if number not in self._stand_ins:
            if len(self._stand_ins) >= MOST:
                self._stand_ins.clear()
                self._numbers.clear()
            stand_in = f"000{FIRST + len(self._stand_ins):012}"
            self._stand_ins[number], self._numbers[stand_in] = stand_in, number
        return self._stand_ins[number]
