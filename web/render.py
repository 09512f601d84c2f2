"""Templates into pages. A page asked for by the shell's own navigation comes without the shell.

Names every template has: `_` and `_n` (texts), `word` (a code of web/texts.py), `moment` and the filters `number` and
`duration` (as people write them), `can` (a right of the reader), `icon`, `person`, `csrf`, `language`, `theme`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from cti.access import Person, Right, scope
from cti.clients.contracts import CURRENCIES, show_amount
from cti.clients.masking import unsealed
from cti.clients.places import link_of
from cti.clients.properties import plain
from cti.telephony.numbering import show
from cti.telephony.watching import registrar_of
from web import client_texts, course_texts, keys, newcomer_texts, template_texts, texts
from web.auth import IDENTITY
from web.comparing import unread
from web.i18n import catalogue, grouped, language_of, say, say_many
from web.services import services_of

FOLDER = Path(__file__).parent
VENDOR = FOLDER / "static" / "vendor"
TABLES: Mapping[str, Mapping[str, str]] = {
    "outcome": texts.OUTCOMES,
    "device": texts.DEVICES,
    "direction": texts.DIRECTIONS,
    "kind": client_texts.KINDS,
    "property": client_texts.PROPERTY_KINDS,
    "directory": client_texts.DIRECTORIES,
    "color": client_texts.COLORS,
    "place": client_texts.PLACES,
    "field": client_texts.FIELDS,
    "role": texts.ROLES,
    "link": texts.LINKS,
    "reason": texts.REASONS,
    "transfer": course_texts.TRANSFERS,
    "likeness": client_texts.LIKENESS,
    "template": template_texts.FIELDS,
    "newcomer": newcomer_texts.REFUSALS,
}
IN_SCRIPTS = ("outcome", "device", "direction", "kind", "likeness", "template")


def set_up(app: web.Application) -> None:
    """Give the application its templates; autoescape always, a misspelled name is an error."""
    aiohttp_jinja2.setup(
        app,
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        auto_reload=False,  # while an upgrade puts its files in place, this version goes on with its own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment = aiohttp_jinja2.get_env(app)
    environment.filters |= {
        "number": show,
        "unsealed": unsealed,
        "duration": duration,
        "amount": _amount,
        "currency": _currency,
        "day": day,
        "opens": link_of,
        "plain": _plain,
        "bytes": _bytes,
        "grouped": _grouped,
    }
    environment.globals |= {"icon": icon, "keys_listed": keys.listed, "key_letter": keys.letter}
    environment.tests["seen_by_sip"] = lambda call: bool(registrar_of(call))


def _outside_opens(request: web.Request) -> str:
    """How another system's page about a client is opened, "" where there is none."""
    outside = services_of(request).desk_settings.outside
    return outside.opens if outside else ""


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page, or its main part where the shell asks for it."""
    identity = request.get(IDENTITY)
    names = {
        **_language_names(request),
        "person": identity.person if identity else None,
        "can": _rights(identity.person if identity else None),
        "csrf": identity.csrf if identity else "",
        "theme": identity.person.theme if identity else "auto",
        "path": request.path,
        "no_days": unread(request.query),
        "shell": identity is not None and not request.headers.get("HX-Request"),
        "version": asset_version(),
        "outside_opens": _outside_opens(request) if identity else "",
    }
    text = aiohttp_jinja2.render_string(template, request, {**names, **values})
    return web.Response(text=text, status=status, content_type="text/html", headers={"Vary": "HX-Request"})


def error_page(request: web.Request, status: int, detail: str) -> web.Response:
    """A sentence and what to do."""
    return page(request, "error.html", status=status, detail=detail, code=status)


def _language_names(request: web.Request) -> dict[str, Any]:
    language = language_of(request)
    zone = services_of(request).zone

    def tell(text: str, **fields: object) -> str:
        return say(language, text, **fields)

    def tell_many(one: str, many: str, n: int, **fields: object) -> str:
        return say_many(language, one, many, n, **fields)

    def word(table: str, code: str | None) -> str:
        return say(language, TABLES[table].get(code or "", code or ""))

    return {
        "_": tell,
        "_n": tell_many,
        "word": word,
        "moment": moment_of(request),
        "zone": zone.key,
        "language": language,
        "js_texts": js_texts(language),
    }


def moment_of(request: web.Request) -> Callable[..., str]:
    """How UNIX seconds are shown where the installation is; "" for nothing."""
    zone = services_of(request).zone

    def moment(at: float | None, form: str = "%d.%m.%Y %H:%M") -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime(form) if at else ""

    return moment


def _rights(person: Person | None) -> Callable[[Right], bool]:
    return lambda right: person is not None and scope(person, right) != "none"


def duration(seconds: float | None) -> str:
    """`4:05`, `1:02:03`; "" for nothing."""
    if seconds is None or seconds < 0:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def day(iso: str | None) -> str:
    """`23.11.2026` of `2026-11-23`; "" for nothing."""
    return ".".join(reversed(iso.split("-"))) if iso else ""


@pass_context
def _amount(context: Context, hundredths: int | None) -> str:
    """A sum as the reader's language writes it."""
    return show_amount(hundredths, "." if context.get("language") == "en" else ",")


@pass_context
def _grouped(context: Context, n: int) -> str:
    """A large number as the reader's language writes it."""
    return grouped(n, context.get("language") or "en")


def _currency(code: str) -> str:
    """As people write it beside a sum."""
    return CURRENCIES.get(code, code)


def _plain(value: object) -> str:
    """A number of a property as its field shows it, or what was typed there instead."""
    return plain(value) if isinstance(value, (int, float)) else str(value or "")


@pass_context
def _bytes(context: Context, count: int) -> str:
    """`340 B`, `12 KB`, `3.4 MB`, `1.2 GB` of a file, as the reader's language writes it."""
    english = context.get("language") == "en"
    units = ("B", "KB", "MB", "GB") if english else ("Б", "КБ", "МБ", "ГБ")
    power = min(max(count.bit_length() - 1, 0) // 10, len(units) - 1)
    text = f"{count / 1024**power:.{1 if power > 1 else 0}f}"
    return f"{text if english else text.replace('.', ',')}\u00a0{units[power]}"


def icon(name: str) -> Markup:
    """An icon of the sprite; it is never the only sign of a thing."""
    place = f"/static/vendor/icons.svg?v={asset_version()}#{name}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>').format(escape(place))


FILTERS: Mapping[str, Callable[..., str]] = {
    "number": show,
    "duration": duration,
    "amount": show_amount,
    "day": day,
    "opens": link_of,
    "plain": _plain,
}


@cache
def asset_version() -> str:
    """Changes with every build, so that a browser never mixes two."""
    stamp = VENDOR / "app.js"
    return str(int(stamp.stat().st_mtime)) if stamp.exists() else "0"


@cache
def js_texts(language: str) -> str:
    """What scripts say, as JSON: texts, plurals and the words of codes."""
    known = catalogue(language)
    return json.dumps(
        {
            "texts": {text: known.texts[text] for text in sorted(known.scripts & known.texts.keys())},
            "plurals": {one: known.plurals[one] for one in sorted(known.scripts & known.plurals.keys())},
            "words": {
                table: {code: say(language, text) for code, text in TABLES[table].items()} for table in IN_SCRIPTS
            },
        },
        ensure_ascii=False,
    )
