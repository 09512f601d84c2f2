"""Texts in the reader's language: the code holds English, `locale/ru` its Russian; a test keeps it complete."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aiohttp import web
from babel.messages.pofile import read_po

from web.auth import IDENTITY

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("ru", "en")
LANGUAGE_COOKIE = "trubka-language"


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> text in `language`; empty for English."""
    file = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if language == "en" or not file.exists():
        return {}
    with file.open("rb") as po:
        entries = read_po(po, locale=language)
    return {str(e.id): str(e.string) for e in entries if e.id and e.string and not e.fuzzy and isinstance(e.id, str)}


def say(language: str, text: str, **values: object) -> str:
    """The text in a language, with its {fields} filled."""
    told = catalogue(language).get(text, text)
    for name, value in values.items():
        told = told.replace("{" + name + "}", str(value))
    return told


def language_of(request: web.Request) -> str:
    """The person's own language; before sign-in the browser's, Russian where it does not say."""
    if IDENTITY in request:
        return request[IDENTITY].person.language
    wanted = request.headers.get("Accept-Language", "")[:2].casefold()
    return wanted if wanted in LANGUAGES else "ru"


def translate(request: web.Request, text: str) -> str:
    """The text in the reader's language."""
    return say(language_of(request), text)
