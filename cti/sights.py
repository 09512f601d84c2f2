"""Whose eyes see numbers, and the seals of numbers that were hidden: made and opened with the installation's key.

A seal is ciphertext: it says nothing, is never the same twice, and any page of this installation may carry it back.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from cryptography.fernet import Fernet, InvalidToken

from cti.access import Person, hides
from cti.clients.card import Phone
from cti.clients.masking import DOT, OPEN, Sight, is_masked
from cti.errors import Refused
from cti.telephony.numbering import SEAL

_SEALED = re.compile(rf"[^{SEAL}]{{0,100}}{SEAL}([A-Za-z0-9_-]{{40,400}}={{0,2}})(\s*доб\.?\s*\d{{1,10}})?\s*")


class Sights:
    """key: of secrets at rest (a Fernet key); internal: regular expression of the whole internal number."""

    def __init__(self, key: bytes, internal: str = Sight().internal) -> None:
        own = hashlib.sha256(b"numbers:" + key).digest()  # a seal opens nothing else that this key keeps
        self._box = Fernet(base64.urlsafe_b64encode(own))
        self.hiding = Sight(hides=True, internal=internal, seal=self._seal, unseal=self._unseal)

    def of(self, person: Person) -> Sight:
        """How a person sees numbers."""
        return self.hiding if hides(person) else OPEN

    def opened(self, text: str) -> str:
        """A number as it was before it was hidden; any other text as it is. Raises Refused for a mask without a seal.

        Nothing may stand around a seal but an extension: a person cannot ask after parts of a number.
        """
        if SEAL not in text:
            if is_masked(text):
                raise _masked()
            return text
        found = _SEALED.fullmatch(text)
        number = self._unseal(found[1]) if found else None
        if found is None or not number:
            raise _masked()
        return number + (found[2] or "")

    def opened_phones(self, phones: Iterable[Phone]) -> tuple[Phone, ...]:
        """Phones as they were before they were hidden. Raises Refused."""
        return tuple(replace(one, typed=self.opened(one.typed)[:80]) for one in phones)

    def _unseal(self, token: str) -> str | None:
        try:
            return self._box.decrypt(token.encode()).decode()
        except (InvalidToken, ValueError):
            return None

    def _seal(self, number: str) -> str:
        return self._box.encrypt(number.encode()).decode()


def _masked() -> Refused:
    return Refused("masked-number", f"A number with {DOT} in it is hidden and cannot be used: enter it whole.")
