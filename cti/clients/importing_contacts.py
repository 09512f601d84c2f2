"""The contact person that a row of a file names beside its client, with his own phone, e-mail and role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cti.clients.card import Phone
from cti.clients.contacts import ContactDraft

PARTS = ("contact", "contact_phone", "contact_email", "contact_role")  # fields that columns may be
LONGEST = 200


def person_of(said: Mapping[str, Any]) -> ContactDraft | None:
    """The person of what a row's PARTS say; None where it names nobody. His clients are yet to be said."""
    if "contact" not in said:
        return None
    phones = tuple(
        Phone(typed=typed, e164=number.e164, extension=number.extension)
        for typed, number in said.get("contact_phone", ())
    )
    return ContactDraft(name=said["contact"], phones=phones, emails=tuple(said.get("contact_email", ())))
