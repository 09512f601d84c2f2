"""Toll guard: which numbers may be dialled at all, and how often. Deny by default.

Pure. A number is allowed when its country is listed, it is a real number of that country and it is in no denied or
premium range. Internal numbers are always allowed; emergency and short service numbers are not dialled by a click.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberType

_EXPENSIVE = {
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
}


def forbidden(e164: str, *, countries: Sequence[str], deny: Sequence[str]) -> str | None:
    """Why the number may not be dialled: a sentence, or None when it may. e164: `+` and digits."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "This is not a telephone number."
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    own = phonenumbers.region_code_for_number(number)
    if (own or region) not in countries and not (own is None and set(regions) & set(countries)):
        return f"Calls to this country ({own or region}) are not allowed; an admin can add it to dial.countries."
    if any(e164.startswith(prefix if prefix.startswith("+") else f"+{prefix}") for prefix in deny):
        return "This range of numbers is not allowed; an admin can change dial.deny."
    if phonenumbers.number_type(number) in _EXPENSIVE:
        return "Premium-rate numbers are not dialled by a click."
    if not phonenumbers.is_possible_number(number):
        return "The number is too short or too long for its country."
    return None


@dataclass(kw_only=True, slots=True)
class Pace:
    """One person's calls of the last hour against the limits. Times are UNIX seconds, rising."""

    per_minute: int
    per_hour: int
    _times: deque[float] = field(default_factory=deque)

    def too_often(self, now: float) -> bool:
        """Whether one more call now would break a limit."""
        while self._times and self._times[0] <= now - 3600:
            self._times.popleft()
        last_minute = sum(1 for at in self._times if at > now - 60)
        return last_minute >= self.per_minute or len(self._times) >= self.per_hour

    def count(self, now: float) -> None:
        """A call was placed now."""
        self._times.append(now)
