"""Texts in the reader's language: the code holds English, `locale/ru` its Russian; a test keeps it complete.

The catalogue is read as it is committed: nothing has to be compiled before a start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aiohttp import web
from babel import Locale
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from web.auth import IDENTITY

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("ru", "en")
NAMES = frozenset(  # fields of texts whose whole numbers are names of something
    ("year", "number", "port", "id", "code", "extension", "line", "row", "first", "last", "version", "slot")
)
PLURALS = ("one", "few", "many")  # the order of Russian forms in the catalogue


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What one language says. plurals: by the English singular. scripts: the texts that the browser's scripts use."""

    texts: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: frozenset[str] = frozenset()


def N_(text: str) -> str:
    """Marks a text for the catalogue."""
    return text


@cache
def catalogue(language: str) -> Catalogue:
    """The language's catalogue; empty for English."""
    file = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if language == "en" or not file.exists():
        return Catalogue()
    with file.open("rb") as po:
        entries = [e for e in read_po(po, locale=language) if e.id and e.string and not e.fuzzy]
    return Catalogue(
        texts={e.id: e.string for e in entries if isinstance(e.id, str) and isinstance(e.string, str)},
        plurals={
            e.id[0]: tuple(e.string) for e in entries if not isinstance(e.id, str) and isinstance(e.string, tuple)
        },
        scripts=frozenset(
            e.id if isinstance(e.id, str) else e.id[0]
            for e in entries
            if any(place.startswith("web/static/js/") for place, _line in e.locations)
        ),
    )


def grouped(n: int, language: str) -> str:
    """A number of things as people write it: `1 356`, `1,356`."""
    return format_decimal(n, locale=language) if abs(n) >= 1000 else str(n)


def say(language: str, text: str, **values: object) -> str:
    """The text in a language, with its {fields} filled; whole numbers are of things unless they NAME one."""
    return _filled(catalogue(language).texts.get(text, text), values, language)


def say_many(language: str, one: str, many: str, n: int, **values: object) -> str:
    """The text for n things; {n} is the number."""
    forms = catalogue(language).plurals.get(one)
    if forms is None:
        return _filled(one if n == 1 else many, {"n": n, **values}, language)
    place = PLURALS.index(Locale(language).plural_form(n)) if language == "ru" else int(n != 1)
    return _filled(forms[min(place, len(forms) - 1)], {"n": n, **values}, language)


def _filled(text: str, values: Mapping[str, object], language: str) -> str:
    for name, value in values.items():
        whole = type(value) is int and name not in NAMES
        text = text.replace("{" + name + "}", grouped(value, language) if whole else str(value))  # type: ignore[arg-type]
    return text


def language_of(request: web.Request) -> str:
    """The person's own language; before sign-in the browser's, Russian where it does not say."""
    if IDENTITY in request:
        return request[IDENTITY].person.language
    wanted = request.headers.get("Accept-Language", "")[:2].casefold()
    return wanted if wanted in LANGUAGES else "ru"


def translate(request: web.Request, text: str) -> str:
    """The text in the reader's language."""
    return say(language_of(request), text)
