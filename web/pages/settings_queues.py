"""Settings of queues, for admins: reasons for not being ready, work after a call, what may come of a call."""

from __future__ import annotations

from aiohttp import web

from cti.clients import pop_rules
from cti.clients.outside_page import FIELDS, OPENS, OutsidePage
from cti.clients.pop_rules import PopRule
from cti.clients.properties import COLORS
from cti.errors import Refused
from cti.reports.queue_sums import Thresholds
from cti.storage import desk_settings, dispositions, queue_figures, thresholds
from cti.storage import duty as stored
from cti.storage.dispositions import Disposition
from cti.storage.duty import Reason
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/queues"
MOST = 100


async def show(request: web.Request) -> web.Response:
    """Reasons and queues."""
    return await _page(request)


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        reasons = await stored.reasons(conn, retired=True)
        own = await stored.wrap_up_times(conn)
        required, lists = await dispositions.required(conn), await dispositions.every(conn, retired=True)
        rules = await desk_settings.rules(conn)
        limits = await thresholds.history(conn)
        known = await queue_figures.known_queues(conn)
        queues = {*known, *services.agent_states.queues(), *own, *rules, *limits} - {""}
    shown = page(
        request,
        "settings/queues.html",
        status=status,
        title=N_("Queues"),
        reasons=reasons,
        queues=sorted(queues),
        own=own,
        required=required,
        rules=rules,
        outside=services.desk_settings.outside,
        opens=OPENS,
        places=FIELDS,
        usual=PopRule(),
        known={"when": pop_rules.WHENS, "none": pop_rules.NONE, "one": pop_rules.ONE, "several": pop_rules.SEVERAL},
        lists={queue: [one for one in lists if one.queue == queue] for queue in ("", *sorted(queues))},
        colors=COLORS,
        default=services.settings.agents.wrap_up_s,
        limits={queue: said[-1] for queue, said in limits.items()},
        usual_limits=Thresholds(),
        now=services.clock(),
        error=error,
        said=said(request),
    )
    return at(request, shown, HERE)


async def keep_reasons(request: web.Request) -> web.StreamResponse:
    """Save the reasons in their order; a line without a name is left out where it is new."""
    form = await request.post()
    ids = [str(one) for one in form.getall("id", [])][:MOST]
    names = [str(one).strip()[:80] for one in form.getall("name", [])][:MOST]
    work, retired = ({str(one) for one in form.getall(key, [])} for key in ("work", "retired"))
    wanted = [
        Reason(
            id=int(id_) if id_.isascii() and id_.isdigit() else 0, name=name, work=id_ in work, retired=id_ in retired
        )
        for id_, name in zip(ids, names, strict=False)
        if name or id_.isdigit()
    ]
    try:
        await services_of(request).duty_admin.keep_reasons(person_of(request), wanted)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def keep_results(request: web.Request) -> web.StreamResponse:
    """Save the results of one queue, or of all, in their order."""
    form = await request.post()
    ids = [str(one) for one in form.getall("id", [])][:MOST]
    names = [str(one).strip()[:80] for one in form.getall("name", [])][:MOST]
    colors = [str(one)[:8] for one in form.getall("color", [])][:MOST]
    steps = [str(one)[:8] for one in form.getall("next", [""] * len(ids))][:MOST]
    retired = {str(one) for one in form.getall("retired", [])}
    wanted = [
        Disposition(id=number_of(id_), name=name, color=color, retired=id_ in retired, next_step=step)
        for id_, name, color, step in zip(ids, names, colors, steps, strict=False)
        if name or id_.isdigit()
    ]
    try:
        await services_of(request).call_results.keep(person_of(request), str(form.get("queue", ""))[:80], wanted)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def set_queue(request: web.Request) -> web.StreamResponse:
    """A queue's own time after calls, and whether they need a result."""
    form = await request.post()
    queue, seconds = str(form.get("queue", ""))[:80], str(form.get("seconds", "")).strip()
    try:
        if seconds and not (seconds.isascii() and seconds.isdigit()):
            raise Refused("bad-wrap-up", "Give seconds from 0 to 3600.")
        await services_of(request).duty_admin.set_queue(
            person_of(request), queue, int(seconds[:6]) if seconds else None, required="required" in form
        )
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def set_thresholds(request: web.Request) -> web.StreamResponse:
    """Within how many seconds a queue, or all, are to be answered; nothing said of a queue: as all."""
    form = await request.post()
    queue = str(form.get("queue", ""))[:80]
    given = [str(form.get(name, "")).strip()[:6] for name in ("answer_within_s", "short_s")]
    try:
        if any(given) and not all(one.isascii() and one.isdigit() for one in given):
            raise Refused("bad-thresholds", "Give whole seconds.")
        said = Thresholds(answer_within_s=int(given[0]), short_s=int(given[1])) if all(given) else None
        await services_of(request).duty_admin.set_thresholds(person_of(request), queue, said)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def set_card(request: web.Request) -> web.StreamResponse:
    """When the cards of a queue come, and what they do."""
    form = await request.post()
    rule = PopRule(**{name: str(form.get(name, ""))[:8] for name in ("when", "none", "one", "several")})  # type: ignore[arg-type]  # looked at by keep_rule
    try:
        await services_of(request).desk_settings.keep_rule(person_of(request), str(form.get("queue", ""))[:80], rule)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def set_outside(request: web.Request) -> web.StreamResponse:
    """The page of another system; an empty address is none."""
    form = await request.post()
    template, opens = str(form.get("template", "")).strip()[:2000], str(form.get("opens", ""))[:8]
    wanted = OutsidePage(template=template, opens=opens) if template else None  # type: ignore[arg-type]  # looked at by keep_outside
    try:
        await services_of(request).desk_settings.keep_outside(person_of(request), wanted)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


def number_of(id_: str) -> int:
    """The id of a reason, 0 for a new one."""
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 10 else 0


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/reasons", keep_reasons, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/results", keep_results, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/outside", set_outside, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/card", set_card, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/one", set_queue, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/thresholds", set_thresholds, "settings.manage", "nothing"),
)
