"""What the API asks of the journal: each filter of the page, times as UNIX seconds."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from cti.storage.call_asked import CallsAsked
from cti.telephony.numbering import read
from web.api.records import Cursor, Id, Limit, Moment
from web.auth import person_of
from web.call_filters import hears, numbers_of
from web.services import services_of

Name = Annotated[str, Meta(max_length=120)]
Seconds = Annotated[int, Meta(ge=0, le=10**7)]
Outcome = Literal[
    "answered", "no-answer", "busy", "rejected", "cancelled", "abandoned", "diverted", "voicemail", "self-service",
    "callback-requested", "failed", "unfinished", "open",
]  # fmt: skip
PLAIN = (
    "since", "until", "direction", "outcome", "result", "agent_id", "team_id", "queue", "client_id", "wait_from",
    "wait_to", "talk_from", "talk_to", "recording", "noted", "marked", "pbx", "imported",
)  # fmt: skip


class CallQuery(Struct, forbid_unknown_fields=True):
    client_id: Annotated[Id, Meta(description="Calls with one client")] | UnsetType = UNSET
    number: Annotated[
        str,
        Meta(max_length=120, description="A number in any spelling; two, with a comma between: both took part"),
    ] = ""
    outcome: Annotated[Outcome, Meta(description="open: the call goes on")] | UnsetType = UNSET
    since: Annotated[Moment, Meta(description="Started at or after, UNIX seconds")] | UnsetType = UNSET
    until: Annotated[Moment, Meta(description="Started before, UNIX seconds")] | UnsetType = UNSET
    direction: Literal["inbound", "outbound", "internal"] | UnsetType = UNSET
    result: Annotated[Name, Meta(description="What an agent said came of it")] | UnsetType = UNSET
    agent_id: Annotated[Id, Meta(description="Talked, rang or placed it")] | UnsetType = UNSET
    team_id: Id | UnsetType = UNSET
    queue: Annotated[Name, Meta(description="It went through this queue")] | UnsetType = UNSET
    did: Annotated[Name, Meta(description="Our line that was called")] = ""
    wait_from: Seconds | UnsetType = UNSET
    wait_to: Seconds | UnsetType = UNSET
    talk_from: Seconds | UnsetType = UNSET
    talk_to: Seconds | UnsetType = UNSET
    recording: Annotated[bool, Meta(description="There is one that you may hear")] | UnsetType = UNSET
    noted: bool | UnsetType = UNSET
    note: Annotated[Name, Meta(description="Words of a note")] = ""
    marked: bool | UnsetType = UNSET
    pbx: Name | UnsetType = UNSET
    imported: Annotated[bool, Meta(description="From a log of the PBX")] | UnsetType = UNSET
    mine: Annotated[bool, Meta(description="Only one's own")] = False
    limit: Limit = 50
    cursor: Cursor = ""


def asked_by(request: web.Request, query: CallQuery) -> CallsAsked:
    """The filters as storage takes them. Raises Refused for a number with hidden digits."""
    services = services_of(request)
    given = {name: value for name in PLAIN if (value := getattr(query, name)) is not UNSET}
    given |= {name: value.replace("\0", "") for name, value in given.items() if isinstance(value, str)}
    did, note = query.did.replace("\0", ""), query.note.replace("\0", "")
    number = services.sights.opened(query.number.replace("\0", ""))
    return CallsAsked(
        **given,
        did=(read(did, services.plan).e164 or did) or None,
        note=note,
        numbers=numbers_of(number, services.plan),
        hears=hears(person_of(request)),
    )


def names_asked(query: CallQuery) -> list[str]:
    """Which filters were given, never what."""
    more = ("number", "did", "note", "mine")
    return sorted(name for name in (*PLAIN, *more) if getattr(query, name) not in (UNSET, "", False))
