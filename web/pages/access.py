"""The access journal: its lines, whose data was seen or taken out in a period, whether it is whole; and as files."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.clients.seen import ids_of
from cti.errors import Refused
from cti.features.access_review import Of, reach
from cti.storage import access_log, cards, merges, properties, users
from cti.storage.access_log import Asked, Kept
from web import leak_letters
from web.auth import person_of
from web.client_texts import FIELDS
from web.i18n import language_of, say
from web.privacy_texts import ACTIONS, BROKEN, thing_text
from web.render import moment_of, page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_, told

HERE = "/settings/access"
ROWS = 100
NAMED = 3  # clients of a line whose names stand on the page
WEEK = 7
FILES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
HEADINGS: dict[Of, tuple[str, ...]] = {
    "lines": (
        N_("Line"), N_("When"), N_("Who"), N_("What he did"), N_("What"), N_("Persons"), N_("Clients"), N_("Address"),
        N_("Reason"), N_("Chain"),
    ),
    "clients": (N_("Client's number"), N_("Name"), N_("Times in files"), N_("Times shown"), N_("To how many people")),
}  # fmt: skip
GIVEN = ("login", "action", "client", "since", "until")


async def show(request: web.Request) -> web.Response:
    """Lines, the newest first."""
    return await _journal(request)


async def check(request: web.Request) -> web.Response:
    """Look whether all lines are as they were written."""
    try:
        told_ = await services_of(request).access_review.check(person_of(request))
    except Refused as error:
        return await _journal(request, status=409, error=told(request, error))
    if told_.how:
        wrong = say(language_of(request), BROKEN[told_.how], line=told_.broken)
        return await _journal(request, error=wrong)
    return await _journal(request, whole=f"{told_.last}:{told_.chain}" if told_.lines else "", lines=told_.lines)


async def _journal(
    request: web.Request, *, status: int = 200, error: str = "", whole: str | None = None, lines: int = 0
) -> web.Response:
    asked = reach(person_of(request), await _asked(request))
    before = request.query.get("before", "")
    async with services_of(request).db.read() as conn:
        rows = await access_log.newest(conn, asked, limit=ROWS, before=int(before) if _is_id(before) else None)
        logins = [user.login for user in await users.every(conn)]
    in_words, named = await _told(request, rows)
    showed(request, named, asked=[one for one in GIVEN if request.query.get(one)])
    return _page(
        request,
        "settings/access_journal.html",
        status=status,
        error=error,
        rows=in_words,
        more=rows[-1].id if len(rows) == ROWS else None,
        logins=logins,
        whole=whole,
        lines=lines,
    )


async def _told(request: web.Request, rows: Sequence[Kept]) -> tuple[list[dict[str, Any]], list[int]]:
    """Lines in words, and the clients whose names stand in them."""
    some = {row.id: [id_ for id_, _ in zip(ids_of(row.clients), range(NAMED), strict=False)] for row in rows}
    wanted = dict.fromkeys(id_ for ids in some.values() for id_ in ids)
    async with services_of(request).db.read() as conn:
        names = await cards.names(conn, wanted)
        fields = {f"property:{prop.id}": prop.name for prop in await properties.every(conn, retired=True)}
    language = language_of(request)
    fields |= {name: say(language, text) for name, text in FIELDS.items()}
    fields |= {name.removesuffix("_id"): text for name, text in fields.items()}
    return [
        {
            "line": row,
            "did": say(language, ACTIONS.get(row.action, row.action)),
            "thing": thing_text(language, row.thing, fields),
            "whom": [(id_, names.get(id_, "")) for id_ in some[row.id]],
            "more": max(0, row.count - len(some[row.id])),
        }
        for row in rows
    ], list(names)


async def review(request: web.Request) -> web.Response:
    """Who saw or took out whose data in a period; with the drafts of what is told of a leak."""
    if "since" not in request.query:
        showed(request)
        return _page(request, "settings/access_review.html", found=None)
    try:
        found = await services_of(request).access_review.review(person_of(request), await _asked(request))
    except Refused as error:
        showed(request)
        return _page(request, "settings/access_review.html", status=409, found=None, error=told(request, error))
    async with services_of(request).db.read() as conn:
        names = await cards.names(conn, [one.client_id for one in found.met])
    showed(request, names, count=found.clients, asked=[one for one in GIVEN if request.query.get(one)])
    moment = moment_of(request)
    span = [_day_text(request, one) or "…" for one in ("since", "until")]
    letters = {code: leak_letters.letters(code, found, span[0], span[1], moment) for code in ("ru", "en")}
    return _page(request, "settings/access_review.html", found=found, names=names, letters=letters)


async def give_lines(request: web.Request) -> web.Response:
    """Lines as a file."""
    return await _file(request, "lines")


async def give_clients(request: web.Request) -> web.Response:
    """Whose data was seen or taken out, as a file."""
    return await _file(request, "clients")


async def _file(request: web.Request, of: Of) -> web.Response:
    kind = request.match_info["kind"]
    if kind not in FILES:
        raise web.HTTPNotFound(text="There is no such file.")
    language, asked = language_of(request), await _asked(request)
    headings = [say(language, one) for one in HEADINGS[of]]
    words: dict[str, str] = {action: say(language, text) for action, text in ACTIONS.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{kind}"
        rows = await services_of(request).access_review.write(
            person_of(request), asked, path, of=of, headings=headings, words=words
        )
        data = await asyncio.to_thread(path.read_bytes)
    showed(request, count=rows, thing=f"access-log.{kind}")
    headers = {"Content-Type": FILES[kind], "Content-Disposition": f'attachment; filename="access-{of}.{kind}"'}
    return web.Response(body=data, headers=headers)


async def _asked(request: web.Request) -> Asked:
    """What the address asks for; of a client also under the numbers of those that were merged into him."""
    query, zone = request.query, services_of(request).zone
    until = _day(query.get("until", ""))
    client = query.get("client", "")
    ids: Iterable[int] = ()
    if _is_id(client):
        async with services_of(request).db.read() as conn:
            ids = await merges.all_of(conn, int(client))
    login, action = query.get("login", "")[:64].strip(), query.get("action", "")
    asked = Asked(login=login, clients=tuple(ids), action=action if action in ACTIONS else "")
    since = _day(query.get("since", ""))
    return replace(
        asked,
        since=datetime(since.year, since.month, since.day, tzinfo=zone).timestamp() if since else None,
        until=_after(until, zone) if until else None,
    )


def _after(day: date, zone: Any) -> float:
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=zone).timestamp()


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found if 1970 < found.year < 9999 else None


def _day_text(request: web.Request, name: str) -> str:
    found = _day(request.query.get(name, ""))
    return found.strftime("%d.%m.%Y") if found else ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _page(request: web.Request, template: str, *, status: int = 200, error: str = "", **values: Any) -> web.Response:
    """A page of these, with what its form says."""
    given = {name: request.query.get(name, "")[:64] for name in GIVEN}
    now = datetime.fromtimestamp(services_of(request).clock(), services_of(request).zone).date()
    return page(
        request,
        template,
        status=status,
        title=N_("Access journal"),
        given=given,
        week_ago=(now - timedelta(days=WEEK)).isoformat(),
        today=now.isoformat(),
        actions=ACTIONS,
        address=urlencode([(name, value) for name, value in given.items() if value]),
        error=error,
        **values,
    )


ROUTES = (
    Route("GET", HERE, show, "access.read", "journal"),
    Route("POST", f"{HERE}/check", check, "access.read", "journal"),
    Route("GET", f"{HERE}/lines.{{kind}}", give_lines, "access.read", "journal"),
    Route("GET", f"{HERE}/review", review, "access.read", "journal"),
    Route("GET", f"{HERE}/clients.{{kind}}", give_clients, "access.read", "journal"),
)
