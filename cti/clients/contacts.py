"""Contact persons: people of one client or of several, with phones and mails of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from cti.clients.card import Phone, labels_of
from cti.clients.masking import DEEP_WORDS, Words


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactDraft:
    """What may be said of a contact person. roles: by client, an entry of the directory of roles or None."""

    name: Words
    note: Words = ""
    phones: tuple[Phone, ...] = ()
    emails: tuple[Words, ...] = ()
    email_labels: Annotated[Mapping[str, str], DEEP_WORDS] = field(default_factory=dict)
    roles: Mapping[int, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Belonging:
    """A client whose contact person somebody is. role: the directory's name, "" where none is said."""

    client_id: int
    client_name: Words
    role_id: int | None = None
    role: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A contact person as stored. version rises by one with every change. Times are UNIX seconds."""

    id: int
    name: Words
    note: Words
    phones: tuple[Phone, ...]
    emails: tuple[Words, ...]
    belongs: tuple[Belonging, ...]
    version: int
    created_at: float
    updated_at: float
    email_labels: Annotated[Mapping[str, str], DEEP_WORDS] = field(default_factory=dict)

    def role_at(self, client_id: int) -> str:
        """His role at a client, "" where none is said."""
        return next((one.role for one in self.belongs if one.client_id == client_id), "")


NOBODY: Mapping[str, Any] = {"name": "", "note": "", "phones": [], "emails": [], "email_labels": {}}


def fields_of(contact: Contact | ContactDraft) -> dict[str, Any]:
    """The person's fields as JSON can hold them, for the record of changes."""
    return {
        "name": contact.name,
        "note": contact.note,
        "phones": [[one.typed, one.extension, one.label, one.shared] for one in contact.phones],
        "emails": list(contact.emails),
        "email_labels": labels_of(contact.emails, contact.email_labels),
    }


def draft_of(fields: Mapping[str, Any], roles: Mapping[int, int | None]) -> ContactDraft:
    """The person that these fields describe. Phones are yet to be read."""
    return ContactDraft(
        name=fields["name"],
        note=fields["note"],
        phones=tuple(Phone(typed=t, extension=x, label=label, shared=s) for t, x, label, s in fields["phones"]),
        emails=tuple(fields["emails"]),
        email_labels=fields.get("email_labels") or {},
        roles=roles,
    )
