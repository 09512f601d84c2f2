"""/reports/schedules: reports that go by letter on a schedule: whose, next time, last result; made, sent, paused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.storage import mailboxes, scheduled_reports
from cti.storage.scheduled_reports import Scheduled
from web import report_letters, schedule_filters, schedule_texts
from web.asking import asker_of
from web.auth import person_of
from web.i18n import translate
from web.pages.settings import number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/reports/schedules"
LONGEST = 20_000  # of a field
SAID = {
    "saved": N_("Saved."),
    "queued": N_("The report is in the outbox and leaves in a moment."),
    "paused": N_("Paused: nothing is sent until you let it go on."),
    "resumed": N_("It goes on from its next time."),
    "deleted": N_("Deleted."),
}


async def show(request: web.Request) -> web.Response:
    """The schedules a person may manage, and a form for a new one, or for one that is changed."""
    return await _shown(request)


async def _shown(
    request: web.Request, error: str = "", typed: Scheduled | None = None, status: int = 200
) -> web.Response:
    asker, query = asker_of(request), request.query
    all_of_them = scope(asker.person, "settings.manage") == "all"
    async with asker.services.db.read() as conn:
        rows = await scheduled_reports.every(conn, None if all_of_them else asker.person.id)
        boxes = await mailboxes.every(conn)
    changed = query.get("id", "")
    one = typed or next((row for row in rows if str(row.id) == changed), None) or _new(request, boxes)
    own = [box.address for box in boxes if box.kind == "personal"]
    said = await schedule_filters.filters(asker)
    values: dict[str, Any] = {
        "rows": rows,
        "one": one,
        "boxes": [(box.id, _from(request, box)) for box in sorted(boxes, key=_is_paused) if box.kind == "shared"],
        "own": own,
        "reports": [
            (key, asker.say(report.title), report.right)
            for key, report in report_letters.REPORTS.items()
            if scope(asker.person, report.right) != "none"
        ],
        "titles": {key: asker.say(report.title) for key, report in report_letters.REPORTS.items()},
        "every": schedule_texts.EVERY,
        "spans": schedule_texts.SPANS,
        "filters": {row.id: await said.said(row.report, report_letters.filters_of(row.query)) for row in [*rows, one]},
        "when": lambda row: report_letters.when(asker, row),
        "at": lambda moment: report_letters.at(asker, moment),
        "results": {code: asker.say(text) for code, text in schedule_texts.RESULTS.items()},
        "states": {code: asker.say(text) for code, text in schedule_texts.STATES.items()},
        "said": translate(request, SAID[query["said"]]) if query.get("said") in SAID else "",
        "error": error,
    }
    return page(request, "report_schedules.html", status=status, title=N_("Reports by letter"), **values)


def _is_paused(box: mailboxes.Mailbox) -> bool:
    return box.paused_at is not None


def _from(request: web.Request, box: mailboxes.Mailbox) -> str:
    """A mailbox to choose; nothing leaves by a paused one, so those come last."""
    return f"{box.name} <{box.address}>" + (f", {translate(request, N_('paused'))}" if _is_paused(box) else "")


def _new(request: web.Request, boxes: list[mailboxes.Mailbox]) -> Scheduled:
    """A form that nobody has filled, or one that a report's page begins."""
    query = request.query
    report = query.get("report", "")
    own = [box.address for box in boxes if box.owner_id == person_of(request).id]
    return Scheduled(
        name=translate(request, report_letters.REPORTS[report].title) if report in report_letters.REPORTS else "",
        report=report,
        query=urlencode(report_letters.filters_of(request.query_string)) if report else "",
        span="yesterday",
        format="pdf",
        every="day",
        day=1,
        minute=480,
        mailbox_id=None,
        people=tuple(own),
    )


async def save(request: web.Request) -> web.StreamResponse:
    """Make a schedule, or change one."""
    form = await request.post()
    given = {name: str(value)[:LONGEST].replace("\0", "") for name, value in form.items()}
    one = _typed(given)
    try:
        if one.report not in report_letters.REPORTS:
            raise Refused("no-such-report", "There is no such report.")
        if len(one.query) > report_letters.QUERY_CHARS:
            raise Refused("report-filters-long", "The filters of this report are too long to be kept.")
        await services_of(request).report_letters.save(person_of(request), one)
    except Refused as refused:
        return await _shown(request, told(request, refused), one, 409)
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


def _typed(given: dict[str, str]) -> Scheduled:
    """What stands in the form; what is no number is one that is refused."""
    hours, _, minutes = given.get("time", "").partition(":")
    every: Any = given.get("every", "")
    days = {"week": _number(given.get("weekday", "")), "month": _number(given.get("monthday", ""))}
    span: Any = given.get("span", "")
    asked = {name: value for name, value in parse_qsl(given.get("query", ""))[:20] if name not in report_letters.DAYS}
    return Scheduled(
        id=max(0, _number(given.get("id", ""))),
        version=_number(given.get("version", "")),
        name=given.get("name", ""),
        report=given.get("report", ""),
        query=urlencode(asked),
        span=span,
        format=given.get("format", ""),
        every=every,
        day=days.get(every, 1),
        minute=_number(hours) * 60 + _number(minutes),
        mailbox_id=_number(given.get("mailbox_id", "")),
        people=tuple(dict.fromkeys(given.get("people", "").replace(",", " ").replace(";", " ").split())),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


async def act(request: web.Request) -> web.StreamResponse:
    """Send it now, pause it, let it go on, delete it."""
    form, person = await request.post(), person_of(request)
    letters, id_ = services_of(request).report_letters, number(request)
    said = ""
    try:
        match form.get("act"):
            case "send":
                result = await letters.send_now(person, id_)
                if result != "queued":
                    return await _shown(request, translate(request, schedule_texts.RESULTS[result]), status=409)
                said = result
            case "pause" | "resume" as what:
                await letters.pause(person, id_, paused=what == "pause")
                said = f"{what}d"
            case "delete":
                await letters.remove(person, id_)
                said = "deleted"
    except Refused as refused:
        return await _shown(request, told(request, refused), status=409)
    raise web.HTTPSeeOther(f"{HERE}?said={said}")


ROUTES = (
    Route("GET", HERE, show, "reports.send", "staff"),
    Route("POST", HERE, save, "reports.send", "nothing"),
    Route("POST", HERE + "/{id}", act, "reports.send", "nothing"),
)
