"""Texts that people consent to, purpose by purpose: each change is a new version, and the old ones stay."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.messages.consent import ASKED, PURPOSES
from cti.storage import consents
from web.auth import person_of
from web.i18n import translate
from web.pages.settings import at
from web.render import page
from web.routes import Route
from web.sending_texts import PURPOSES as NAMES
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/consents"


async def show(request: web.Request) -> web.Response:
    """All of them."""
    return await _page(request)


async def add(request: web.Request) -> web.StreamResponse:
    """A new version of one."""
    form = await request.post()
    purpose, language = (str(form.get(name, ""))[:16] for name in ("purpose", "language"))
    try:
        await services_of(request).consents.word(person_of(request), purpose, language, str(form.get("text", "")))
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved#{purpose}")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        found = await consents.wordings(conn)
    values: dict[str, Any] = {
        "purposes": [
            (one, NAMES[one], {tongue: _of(found, one, tongue) for tongue in ("ru", "en")})
            for one in PURPOSES
            if one in ASKED
        ],
        "said": translate(request, N_("The new version is in force; the old ones stay.")) if _saved(request) else "",
    }
    shown = page(request, "settings/consents.html", status=status, title=N_("Consents"), error=error, **values)
    return at(request, shown, HERE)


def _of(found: list[consents.Wording], purpose: str, language: str) -> list[consents.Wording]:
    return [one for one in found if (one.purpose, one.language) == (purpose, language)]


def _saved(request: web.Request) -> bool:
    return request.query.get("said") == "saved"


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "staff"),
    Route("POST", HERE, add, "settings.manage", "nothing"),
)
