"""Recordings of calls: the player, its sound, files to take away, and holding one against deletion."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from cti.errors import Refused
from cti.storage import calls, recording_gaps
from cti.storage.journal import CallRow
from cti.storage.recordings import Recording
from web import recording_texts
from web.api.base import call_of
from web.api.calls import readable
from web.auth import person_of
from web.i18n import language_of, say
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed, showed_callers
from web.waveform import wave

KINDS = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac"}
LONGEST_WHY = 400


async def of_call(request: web.Request) -> web.Response:
    """The recordings of a call, each with its player."""
    row = await readable(request)
    showed_callers(request, [row])
    return page(request, "parts/recordings.html", call=row, recorded=await players(request, row))


async def players(request: web.Request, call: CallRow) -> list[dict[str, Any]]:
    """The recordings of a call that the person may hear, as the player needs them."""
    rows = await services_of(request).recordings.of_call(person_of(request), call.id)
    language = language_of(request)
    async with services_of(request).db.read() as conn:
        gaps = await recording_gaps.of_recordings(conn, [row.id for row in rows])
    return [
        {
            "row": row,
            "wave": wave(call, row, gaps.get(row.id, ())) if row.state == "there" else None,
            "plays": row.state == "there" and Path(row.name).suffix in KINDS,
            "said": say(language, recording_texts.state(row.state, row.why)) if row.state != "there" else "",
        }
        for row in rows
    ]


async def sound(request: web.Request) -> web.StreamResponse:
    """The sound that a key opens, in parts where the player asks for them."""
    path = await services_of(request).recordings.sound(person_of(request), request.match_info["key"][:64])
    return _file(path, "inline")


async def download(request: web.Request) -> web.StreamResponse:
    """A recording as a file."""
    services, person = services_of(request), person_of(request)
    row, path = await services.recordings.download(person, call_of(request))
    async with services.db.read() as conn:
        call = await calls.get(conn, row.call_id)
    showed(request, [call.client_id if call else None], count=1, thing=f"recording:{row.call_id}")
    return _file(path, f'attachment; filename="{_name(row, services.zone)}"')


async def hold(request: web.Request) -> web.StreamResponse:
    """Nothing deletes it from now on."""
    form, services = await request.post(), services_of(request)
    why, until = str(form.get("why", ""))[:LONGEST_WHY], str(form.get("until", ""))[:10]
    last = _end_of(until, services.zone)
    if until and last is None:
        raise Refused("bad-day", "This is no day.")
    call = await services.recordings.hold(person_of(request), call_of(request), until=last, why=why)
    raise web.HTTPSeeOther(f"/calls/{quote(call)}")


async def release(request: web.Request) -> web.StreamResponse:
    """It goes again when its time is over."""
    call = await services_of(request).recordings.release(person_of(request), call_of(request))
    raise web.HTTPSeeOther(f"/calls/{quote(call)}")


def _file(path: Path, disposition: str) -> web.FileResponse:
    kind = KINDS.get(path.suffix, "application/octet-stream")
    return web.FileResponse(path, headers={"Content-Type": kind, "Content-Disposition": disposition})


def _name(row: Recording, zone: Any) -> str:
    """Of the file that is taken away: when, and nothing of whom."""
    began = datetime.fromtimestamp(row.started_at, zone)
    return f"{began:%Y-%m-%d_%H-%M-%S}-{row.id[:6]}{Path(row.name).suffix[:8]}"


def _end_of(day: str, zone: Any) -> float | None:
    """When a day is over."""
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


ROUTES = (
    Route("GET", "/calls/{id}/recordings", of_call, "recordings.listen", "call"),
    Route("GET", "/recordings/{key}/sound", sound, "recordings.listen", "nothing"),
    Route("POST", "/recordings/{id}/file", download, "recordings.download", "export"),
    Route("POST", "/recordings/{id}/hold", hold, "recordings.keep", "nothing"),
    Route("POST", "/recordings/{id}/release", release, "recordings.keep", "nothing"),
)
