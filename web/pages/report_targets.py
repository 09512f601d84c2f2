"""What the figures are to be, of queues and of teams, with what was said before."""

from __future__ import annotations

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.features.figure_targets import UNITS
from cti.reports import kpi
from cti.reports.targets import in_force
from cti.storage import queue_figures, targets, users
from web import kpi_texts
from web.asking import asker_of
from web.figure_words import Words
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/reports/targets"
OF_QUEUES = tuple(one for one in kpi.QUEUES if one.key in UNITS and not one.key.startswith("asterisk"))
OF_TEAMS = (*kpi.AGENTS, kpi.FIRST_CALL)


async def show(request: web.Request, error: str = "") -> web.Response:
    """The targets of all queues and teams, and the last changes."""
    asker, services = asker_of(request), services_of(request)
    async with services.db.read() as conn:
        said = await targets.history(conn)
        changes = await targets.changes(conn)
        queues = await queue_figures.known_queues(conn)
        teams = await users.team_names(conn)
    words, soon = Words(asker), services.clock() + 900
    rows = [("queues", "", asker.say(N_("All queues"))), *(("queues", name, name) for name in queues)]
    rows += [("teams", "", asker.say(N_("All people"))), *(("teams", str(id_), name) for id_, name in teams.items())]
    known = {(kind, whose): name for kind, whose, name in rows}

    def value(figure: str, whose: str) -> str:
        number = dict(said).get((figure, whose), [(0.0, None)])[-1][1]
        if number is None:
            return ""
        return f"{number * 100:g}" if UNITS[figure] == "share" else f"{number:g}"

    def usual(figure: str) -> str:
        number = in_force(said, figure, "", soon)
        return "" if number is None else f"{number * 100:g}" if UNITS[figure] == "share" else f"{number:g}"

    def whose(figure: str, whose_: str) -> str:
        kind = "queues" if figure in {one.key for one in kpi.QUEUES} else "teams"
        return known.get((kind, whose_), whose_)

    return page(
        request,
        "report_targets.html",
        status=409 if error else 200,
        title=N_("Targets"),
        groups=[
            ("queues", asker.say(N_("Queues")), OF_QUEUES, [row for row in rows if row[0] == "queues"]),
            ("teams", asker.say(N_("Teams")), OF_TEAMS, [row for row in rows if row[0] == "teams"]),
        ],
        names={key: asker.say(kpi_texts.NAMES[key]) for key in UNITS},
        value=value,
        usual=usual,
        whose=whose,
        written=lambda one: words.number(one.value, UNITS[one.figure]) if one.figure in UNITS else "–",
        changes=changes,
        may_write=scope(asker.person, "figures.targets") != "none",
        error=error,
        said=asker.say(N_("Saved: it holds from the next quarter of an hour on.")) if "said" in request.query else "",
    )


async def save(request: web.Request) -> web.StreamResponse:
    """One target; empty: none of its own."""
    form = await request.post()
    figure, whose, text = (str(form.get(name, "")).strip()[:80] for name in ("figure", "whose", "value"))
    try:
        value = float(text.replace(",", ".").rstrip("%")) if text else None
        if value is not None and UNITS.get(figure) == "share":
            value = round(value / 100, 6)
        await services_of(request).figure_targets.say(asker_of(request).person, figure, whose.replace("\0", ""), value)
    except ValueError:
        return await show(request, asker_of(request).say(kpi_texts.REFUSALS["bad-target"]))
    except Refused as refused:
        return await show(request, told(request, refused))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


ROUTES = (
    Route("GET", HERE, show, "figures.read", "staff"),
    Route("POST", HERE, save, "figures.targets", "nothing"),
)
