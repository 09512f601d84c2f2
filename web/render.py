"""Templates into pages. A page asked for by the shell's own navigation comes without the shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cti.telephony.numbering import show
from web import texts
from web.auth import IDENTITY
from web.i18n import catalogue, language_of, say
from web.services import services_of

FOLDER = Path(__file__).parent
VENDOR = FOLDER / "static" / "vendor"
JS_TEXTS = FOLDER / "static" / "js" / "texts.json"


@cache
def environment() -> Environment:
    """The templates; autoescape always."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.globals["icon"] = icon
    made.filters["number"] = show
    made.filters["duration"] = duration
    return made


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page, or its main part where the shell asks for it."""
    language = language_of(request)
    identity = request.get(IDENTITY)
    settings = services_of(request).settings
    zone = ZoneInfo(settings.numbers.time_zone)

    def moment(at: float | None, form: str = "%d.%m.%Y %H:%M") -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime(form) if at else ""

    def tell(text: str, **fields: object) -> str:
        return say(language, text, **fields)

    def word(table: str, code: str | None) -> str:
        return say(language, _tables()[table].get(code or "", code or ""))

    shell = identity is not None and not request.headers.get("HX-Request")
    text = (
        environment()
        .get_template(template)
        .render(
            _=tell,
            word=word,
            moment=moment,
            person=identity.person if identity else None,
            csrf=identity.csrf if identity else "",
            language=language,
            theme=identity.person.theme if identity else "auto",
            path=request.path,
            shell=shell,
            version=asset_version(),
            js_texts=js_texts(language),
            **values,
        )
    )
    headers = {"Vary": "HX-Request"}
    if identity is not None and not shell and status == 200 and not template.startswith("parts/"):
        headers["HX-Push-Url"] = request.path_qs
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def error_page(request: web.Request, status: int, detail: str) -> web.Response:
    """A sentence and what to do."""
    return page(request, "error.html", status=status, detail=detail, code=status)


def duration(seconds: float | None) -> str:
    """`4:05`, `1:02:03`; "" for nothing."""
    if seconds is None or seconds < 0:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@cache
def icon(name: str) -> Markup:
    """An icon of the outline set, drawn in place; it is never the only sign of a thing."""
    drawn: dict[str, str] = json.loads((VENDOR / "icons.json").read_text(encoding="utf-8"))
    frame = (
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>'
    )
    return Markup(frame).format(Markup(drawn[name]))  # noqa: S704 - from our own build, never from a request


@cache
def asset_version() -> str:
    """Changes with every build, so that a browser never mixes two."""
    stamp = VENDOR / "app.js"
    return str(int(stamp.stat().st_mtime)) if stamp.exists() else "0"


@cache
def js_texts(language: str) -> str:
    """The texts that scripts use, as JSON."""
    words: list[str] = json.loads(JS_TEXTS.read_text(encoding="utf-8"))
    known = catalogue(language)
    return json.dumps({text: known.get(text, text) for text in words}, ensure_ascii=False)


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return {
        "outcome": texts.OUTCOMES,
        "device": texts.DEVICES,
        "direction": texts.DIRECTIONS,
        "kind": texts.KINDS,
        "role": texts.ROLES,
        "link": texts.LINKS,
    }
