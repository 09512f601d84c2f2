"""/api/v1/recordings: those of a call, and hearing one."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from cti.storage import calls
from web.api.base import Operation, call_of, reply
from web.api.calls import readable
from web.auth import person_of
from web.services import services_of
from web.shown import showed, showed_callers


class RecordingOut(Struct, kw_only=True):
    """A recording. state: preparing, there, absent, deleted; why: of absent and deleted. Times: UNIX seconds."""

    id: str
    started: float
    ended: float | None
    announced: bool
    demanded: bool
    state: str
    why: str
    size_bytes: int | None
    duration_s: float | None
    sha256: str
    held_until: float | None
    held_why: str


class Opened(Struct, kw_only=True):
    """Where the sound is, for this person, for some hours; Range requests are answered."""

    url: str


async def listed(request: web.Request) -> web.Response:
    """Those of a call that the person may hear."""
    row = await readable(request)
    found = await services_of(request).recordings.of_call(person_of(request), row.id)
    showed_callers(request, [row] if found else [])
    return reply(
        [
            RecordingOut(
                id=one.id,
                started=one.started_at,
                ended=one.ended_at,
                announced=one.announced,
                demanded=one.demanded,
                state=one.state,
                why=one.why,
                size_bytes=one.size,
                duration_s=one.duration_s,
                sha256=one.sha256,
                held_until=one.held_until,
                held_why=one.held_why,
            )
            for one in found
        ]
    )


async def listen(request: web.Request) -> web.Response:
    """Hear one: a line in the access journal, whatever pieces of it the player asks for."""
    services = services_of(request)
    row, key = await services.recordings.listen(person_of(request), call_of(request))
    async with services.db.read() as conn:
        call = await calls.get(conn, row.call_id)
    showed(request, [call.client_id if call else None], count=1, thing=f"recording:{row.call_id}")
    return reply(Opened(url=f"/recordings/{key}/sound"))


OPERATIONS = (
    Operation(
        method="GET",
        path="/calls/{id}/recordings",
        handler=listed,
        who="recordings.listen",
        shows="call",
        text="The recordings of a call",
        gives=list[RecordingOut],
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/recordings/{id}/listens",
        handler=listen,
        who="recordings.listen",
        shows="call",
        text="Hear a recording: where its sound is",
        gives=Opened,
        refusals=(404, 409),
    ),
)
