"""Who is behind a number of a campaign: a list, and as a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.clients.exporting import mark_of
from cti.errors import reason_needed
from cti.messages.campaigns import PERSON_STATES
from cti.sheets.write import Cell, write_marked
from cti.storage import call_list_results, campaign_people
from cti.storage.call_list_results import Answered, Called
from cti.storage.campaign_people import Row
from cti.storage.scripts import AnswerRow
from cti.telephony.numbering import show
from web.api.exports import attached
from web.auth import person_of
from web.campaign_texts import MARKS, PEOPLE, WHYS
from web.i18n import translate
from web.pages.campaigns import HERE, WORDS, known
from web.render import moment_of, page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_

PAGE = 100
FILE_MOST = 100_000
HEADINGS = (
    N_("No."), N_("Client"), N_("Number or address"), N_("Text"), N_("State"), N_("Why"), N_("When"), N_("Wrote back"),
    N_("Called back"), N_("Unsubscribed"),
)  # fmt: skip
OF_CALLS = (N_("Calls"), N_("Latest call"), N_("Agent"), N_("Result"), N_("Answers"))  # beside them, of a call list
ASKED = ("state", "why", "mark", "variant", "result", "answer")


async def show_people(request: web.Request) -> web.Response:
    """Who is behind a number."""
    one, asked = await known(request), asked_of(request)
    after = request.query.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    async with services_of(request).db.read() as conn:
        rows = await campaign_people.listed(conn, one.id, **asked, after=start, limit=PAGE)
        numbers = [] if one.writes else [row.number for row in rows]
        calls = await call_list_results.latest(conn, one.id, numbers)
    showed(request, (row.client_id for row in rows), count=len(rows), thing="campaign")
    query = {name: value for name, value in request.query.items() if name in ASKED}
    more = urlencode({**query, "after": rows[-1].number}) if len(rows) == PAGE else ""
    values: dict[str, Any] = {"one": one, "rows": rows, "calls": calls, "more": more, "asked": query, **WORDS}
    heading = _heading(request, query)
    return page(request, "campaign_people.html", title=one.name, heading=heading, **values)


def asked_of(request: web.Request) -> dict[str, Any]:
    """Which people the address asks for."""
    state, variant = request.query.get("state", ""), request.query.get("variant", "")
    return {
        "states": tuple(one for one in state.split(",") if one in PERSON_STATES),
        "why": request.query.get("why", "")[:16] or None,
        "mark": request.query.get("mark", "")[:16],
        "variant": int(variant) if variant in ("0", "1") else None,
        "result": request.query.get("result", "")[:80],
        "answer": _answer(request.query.get("answer", "")),
    }


def _answer(text: str) -> tuple[int, str] | None:
    """A question's id and what was answered, `3:yes`."""
    question, _, given = text.partition(":")
    return (int(question), given[:400]) if question.isascii() and question.isdigit() and len(question) < 10 else None


def _heading(request: web.Request, query: Mapping[str, str]) -> str:
    words = [PEOPLE[one] for one in query.get("state", "").split(",") if one in PEOPLE]
    words += [MARKS[query["mark"]]] if query.get("mark") in MARKS else []
    words += [WHYS[query["why"]]] if query.get("why") in WHYS else []
    said = [translate(request, word) for word in words]
    said += ["AB"[int(query["variant"])]] if query.get("variant") in ("0", "1") else []
    said += [query["result"]] if query.get("result") else []
    return ", ".join(said)


async def give_file(request: web.Request) -> web.StreamResponse:
    """The same people as an Excel file, whose going out the access journal keeps."""
    services, person, one = services_of(request), person_of(request), await known(request)
    why = request.query.get("reason", "")[:400].strip()
    left = FILE_MOST if why else await services.exports.left(person)
    async with services.db.read(slow=True) as conn:
        rows = await campaign_people.listed(conn, one.id, **asked_of(request), limit=left + 1)
        numbers = [] if one.writes else [row.number for row in rows[:left]]
        calls = await call_list_results.latest(conn, one.id, numbers)
    if len(rows) > left:
        raise reason_needed()
    now = datetime.fromtimestamp(services.clock(), services.zone).isoformat(" ", "seconds")
    mark = mark_of(person.login, person.id, now)
    headings = [translate(request, name) for name in (*HEADINGS, *(() if one.writes else OF_CALLS))]
    cells = [[*_cells(request, row), *([] if one.writes else _of_call(request, row, calls))] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.xlsx"
        await asyncio.to_thread(write_marked, path, headings, cells, mark)
        data = await asyncio.to_thread(path.read_bytes)
    showed(request, (row.client_id for row in rows), count=len(rows), thing="campaign", why=why)
    return web.Response(body=data, headers=attached(f"{one.name}.xlsx", "xlsx"))


def _cells(request: web.Request, row: Row) -> list[Cell]:
    moment = moment_of(request)
    address = row.address if "@" in row.address else show(row.address)
    return [
        row.number, row.client, address, "AB"[row.variant], translate(request, PEOPLE[row.state]),
        translate(request, WHYS.get(row.why, row.why)) if row.why else "", moment(row.at), moment(row.replied_at),
        moment(row.called_at), moment(row.unsubscribed_at),
    ]  # fmt: skip


def _of_call(request: web.Request, row: Row, calls: Mapping[int, Called]) -> list[Cell]:
    call = calls.get(row.number)
    if call is None:
        return [row.tries, "", "", "", ""]
    given = "; ".join(f"{one.question} — {translate(request, said(one))}" for one in call.answers)
    return [row.tries, moment_of(request)(call.at), call.by, call.result, given]


def said(one: AnswerRow | Answered) -> str:
    """An answer as it is read: yes and no are words, which are translated."""
    if one.kind == "yes-no":
        return N_("yes") if one.answer == "1" else N_("no")
    return one.answer


ROUTES = (
    Route("GET", HERE + "/{id}/people", show_people, "campaigns.read", "clients"),
    Route("GET", HERE + "/{id}/people.xlsx", give_file, "clients.export", "export"),
)
