"""Whose letter it is: the client and the contact person by the addresses in its head, and why, as a code.

The order: an address of theirs that stands on a card; the domain of a company, never of a public mail host; the
conversation the letter is part of. Several clients that fit leave it undecided unless the conversation has one of them:
then a person chooses. Our own mailboxes' addresses tell nothing. Pure: what the base knows is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# Hosts where everybody has a mailbox: their domain says nothing of who writes.
PUBLIC_HOSTS = frozenset((
    "gmail.com", "googlemail.com", "yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua",
    "narod.ru", "mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "vk.com", "xmail.ru", "rambler.ru",
    "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru", "rambler.ua", "outlook.com", "hotmail.com", "live.com",
    "live.ru", "msn.com", "outlook.ru", "icloud.com", "me.com", "mac.com", "yahoo.com", "ymail.com", "proton.me",
    "protonmail.com", "pm.me", "aol.com", "gmx.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.com",
    "zoho.com", "tutanota.com", "tuta.io", "fastmail.com", "qip.ru", "pochta.ru", "nextmail.ru", "hotbox.ru", "e1.ru",
    "ngs.ru", "ukr.net", "i.ua", "meta.ua", "bigmir.net", "tut.by", "mail.kz", "mail.by", "qq.com", "163.com",
    "126.com", "sina.com", "naver.com", "duck.com", "relay.firefox.com", "privaterelay.appleid.com",
))  # fmt: skip
CHOICES_MOST = 5
Role = str
# whose address tells most: who wrote a letter that came; to whom one of ours went
ORDER = {"in": ("from", "reply-to", "cc", "to"), "out": ("to", "cc", "bcc", "reply-to")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who has an address or a domain: a client himself, or his contact person."""

    client_id: int
    name: str
    contact_id: int | None = None
    contact: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Belongs:
    """Whose a letter is. code: address, contact, domain, conversation, by-hand; several, unknown, own: undecided.

    names: what the code is told with: address, domain, client, contact. choices: clients of `several`.
    """

    code: str
    client_id: int | None = None
    contact_id: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[int, ...] = ()


def outside(people: Iterable[tuple[Role, str]], ours: Collection[str], direction: str) -> list[str]:
    """Folded addresses of the other side, the one that tells most first. people: (role, folded address)."""
    found = list(people)
    ranked = (address for role in ORDER[direction] for of, address in found if of == role and address)
    return [one for one in dict.fromkeys(ranked) if one not in ours]


def domain_of(address: str) -> str:
    """The domain by which a company may be known; "" for a public host's, and for what has none."""
    domain = address.rpartition("@")[2].strip(".") if "@" in address else ""
    return "" if "." not in domain or is_public(domain) else domain


def is_public(domain: str) -> bool:
    """Whether everybody may have an address there."""
    return domain in PUBLIC_HOSTS


def decide(
    addresses: Sequence[str],
    *,
    by_address: Mapping[str, Sequence[Owner]],
    by_domain: Mapping[str, Sequence[Owner]],
    conversation: Owner | None = None,
) -> Belongs:
    """Whose a letter is. addresses: of the other side, as `outside` ranks them. conversation: whose that is so far."""
    if not addresses:
        return _of_conversation(conversation) or Belongs(code="own")
    undecided: Belongs | None = None
    for known, code in ((by_address, "address"), (by_domain, "domain")):
        for address in addresses:
            key = address if code == "address" else domain_of(address)
            owners = known.get(key, ()) if key else ()
            if not owners:
                continue
            found = _one_of(owners, conversation, code, key)
            if found.client_id is not None:
                return found
            undecided = undecided or found
        if undecided is not None:
            return undecided
    return _of_conversation(conversation) or Belongs(code="unknown", names={"address": addresses[0]})


def _one_of(owners: Sequence[Owner], conversation: Owner | None, code: str, key: str) -> Belongs:
    """The one owner; of several the one the conversation has."""
    clients = dict.fromkeys(one.client_id for one in owners)
    fits = [one for one in owners if conversation is not None and one.client_id == conversation.client_id]
    if len(clients) > 1 and not fits:
        return Belongs(code="several", names={code: key}, choices=tuple(clients)[:CHOICES_MOST])
    chosen = next((one for one in (fits or owners) if one.contact_id is not None), (fits or owners)[0])
    told = {code: key, "client": chosen.name}
    if len(clients) > 1:
        return Belongs(
            code="several-conversation", client_id=chosen.client_id, contact_id=chosen.contact_id, names=told
        )
    if chosen.contact_id is not None and code == "address":
        told |= {"contact": chosen.contact}
        return Belongs(code="contact", client_id=chosen.client_id, contact_id=chosen.contact_id, names=told)
    return Belongs(code=code, client_id=chosen.client_id, names=told)


def _of_conversation(conversation: Owner | None) -> Belongs | None:
    if conversation is None:
        return None
    return Belongs(code="conversation", client_id=conversation.client_id, names={"client": conversation.name})
