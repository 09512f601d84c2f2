"""Limits of what is sent: the budget of a day, how often, when nobody is disturbed, and which words end it."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from cti.errors import Conflicts, Refused
from cti.messages.limits import Limits
from web.auth import person_of
from web.i18n import translate
from web.pages.settings import at
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/sending"
COUNTS = ("a_day", "ad_days", "unknown_h", "approval_over")


async def show(request: web.Request) -> web.Response:
    """The limits, and what today has cost."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """Set them."""
    form = await request.post()
    version = str(form.get("version", "0"))[:9]
    try:
        given = _limits_of(form)
        await services_of(request).sending_limits.save(person_of(request), given, int(version or 0))
    except (msgspec.ValidationError, ValueError):
        error = translate(request, "A number or a time is out of its bounds: see what stands beside the fields.")
        return await _page(request, status=409, error=error)
    except Conflicts:
        error = translate(request, "Somebody changed this meanwhile: look at the new state and save again.")
        return await _page(request, status=409, error=error)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


def _limits_of(form: Any) -> Limits:
    """Raises ValueError, ValidationError."""

    def text(name: str, most: int = 20) -> str:
        return str(form.get(name, ""))[:most].strip()

    budget = text("budget").replace("\u00a0", "").replace(" ", "").replace(",", ".") or "0"
    return msgspec.convert(
        {
            "budget_day": round(float(budget) * 100),
            "quiet_from": text("quiet_from", 5),
            "quiet_to": text("quiet_to", 5),
            "stop_words": [word for one in text("stop_words", 600).split(",") if (word := one.strip())],
            **{name: int(text(name, 9) or 0) for name in COUNTS},
        },
        Limits,
    )


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    given, version, today = await services_of(request).sending_limits.read()
    values: dict[str, Any] = {
        "limits": given,
        "limits_version": version,
        "today": today,
        "said": translate(request, N_("Saved.")) if request.query.get("said") == "saved" and not error else "",
    }
    shown = page(request, "settings/sending.html", status=status, title=N_("Sending"), error=error, **values)
    return at(request, shown, HERE)


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "staff"),
    Route("POST", HERE, change, "settings.manage", "nothing"),
)
