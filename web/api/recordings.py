"""/api/v1/recordings: those of a call, and hearing one."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from msgspec import Struct

from cti.features.recording_pauses import Recorded
from cti.storage import calls
from web.api.base import Operation, body_of, call_of, reply
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


class RecordedNow(Struct, kw_only=True):
    """Whether one's own call is recorded now; since when it is paused, and until when. UNIX seconds."""

    running: bool
    paused_at: float | None
    until: float | None


class Paused(Struct, kw_only=True, forbid_unknown_fields=True):
    """paused: keep nothing, or go on. why: the agent wants it, or writes into a field marked so."""

    paused: bool
    why: Literal["agent", "field"] = "agent"


async def now(request: web.Request) -> web.Response:
    """Whether one's own call is recorded; one that is over, or of others, as far as one may know of it, is not."""
    state = await services_of(request).recording_pauses.state(person_of(request), call_of(request))
    if state is None:
        await readable(request)
    return _now(state or Recorded(running=False))


async def pause(request: web.Request) -> web.Response:
    """Keep nothing of what is said, or go on."""
    body, pauses = await body_of(request, Paused), services_of(request).recording_pauses
    person, call = person_of(request), call_of(request)
    return _now(await (pauses.pause(person, call, body.why) if body.paused else pauses.go_on(person, call)))


def _now(state: Recorded) -> web.Response:
    return reply(RecordedNow(running=state.running, paused_at=state.paused_at, until=state.until))


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
        path="/calls/{id}/recording",
        handler=now,
        who="notes.write",
        shows="nothing",
        text="Whether one's own call is recorded now, or paused",
        gives=RecordedNow,
        refusals=(404, 409),
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/recording",
        handler=pause,
        who="notes.write",
        shows="nothing",
        text="Pause the recording of one's own call, or go on; after two minutes it goes on by itself",
        body=Paused,
        gives=RecordedNow,
        refusals=(409, 503, 504),
    ),
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
