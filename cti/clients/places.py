"""Where a place of a client opens: sites and messengers by the addresses that are known to be theirs, or nowhere."""

from __future__ import annotations

import re

from cti.clients.card import Place

_SITE = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[\w-]{2,}(?::\d{1,5})?(?:/[^\s\"'<>\\]*)?", re.IGNORECASE)
_HOMES = r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|vk\.com|vk\.ru)/"
_NAME = re.compile(rf"(?:{_HOMES})?@?([A-Za-z0-9_.]{{2,64}})", re.IGNORECASE)


def link_of(place: Place) -> str:
    """An https address, or http where people wrote so; "" for what cannot be opened."""
    value = place.value.strip()
    match place.kind:
        case "site" if _SITE.fullmatch(value):
            return value if value.casefold().startswith(("http://", "https://")) else f"https://{value}"
        case "telegram":
            number = _number(value)
            return f"https://t.me/{number or _name(value)}" if number or _name(value) else ""
        case "whatsapp" if _number(value):
            return f"https://wa.me/{_number(value).removeprefix('+')}"
        case "vk" if _name(value):
            return f"https://vk.com/{_name(value)}"
    return ""


def _number(value: str) -> str:
    """`+79355550101` of a number in an international spelling; "" for anything else."""
    digits = re.sub(r"\D", "", value)
    return f"+{digits}" if re.fullmatch(r"\+[\d\s()-]{8,24}", value) and 8 <= len(digits) <= 15 else ""


def _name(value: str) -> str:
    found = _NAME.fullmatch(value)
    return found[1] if found else ""
