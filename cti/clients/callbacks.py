"""A call-back that somebody orders on the company's site, and the key by which a site may send such orders."""

from __future__ import annotations

from dataclasses import dataclass

from cti.clients.masking import Telephone, Words

NAME_CHARS, COMMENT_CHARS, PAGE_CHARS = 160, 1000, 400
LATEST_WISH_S = 60 * 86_400.0  # nobody asks to be called later than that


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the site sends. client_key: made by it, a repeated order is one. number: E.164. wished_at: UNIX seconds."""

    client_key: str
    number: Telephone
    name: Words = ""
    comment: Words = ""
    page: Words = ""
    wished_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyDraft:
    """queue, team_id: whose orders they are; neither: everybody's. origins: sites, as `https://shop.example`.

    per_minute: orders by this key; per_number: orders of one number within an hour.
    """

    name: str
    queue: str = ""
    team_id: int | None = None
    origins: tuple[str, ...] = ()
    per_minute: int = 30
    per_number: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Key(KeyDraft):
    """A key as stored; its value is known to the site alone. Times in UNIX seconds."""

    id: int
    team: str = ""
    created_at: float
    revoked_at: float | None = None
    used_at: float | None = None
    orders: int = 0
