"""/api/v1/clients/likely, /clients/duplicates and /clients/merges: who is likely one client, merged and taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.card import ClientCard
from cti.clients.duplicates import Candidate
from cti.features.client_duplicates import DAY_S, UNDO_DAYS
from cti.storage import duplicates, merges
from cti.telephony.numbering import show
from web.api.base import Invalid, Operation, body_of, query_of, reply
from web.api.client_records import LONGEST_PHONE, Email, FullName, Kind
from web.api.records import Cursor, Id, Limit, Made, Ok
from web.auth import person_of
from web.services import services_of
from web.shown import showed

Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class LikelyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A card as it is being written. id: of the client whose card it is, 0 for a new one. phones: as typed."""

    id: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    name: Annotated[str, Meta(max_length=200)] = ""
    full_name: FullName = ""
    kind: Kind = "company"
    inn: Annotated[str, Meta(max_length=40)] = ""
    kpp: Annotated[str, Meta(max_length=40)] = ""
    phones: Annotated[list[Annotated[str, Meta(max_length=LONGEST_PHONE)]], Meta(max_length=50)] = []
    emails: Annotated[list[Email], Meta(max_length=50)] = []


class ReasonOut(Struct):
    """code: inn, phone, email, name or full-name. value: what is equal; shown: as people write it."""

    code: str
    value: str
    shown: str


class LikelyOut(Struct):
    id: int
    name: str
    kind: str
    responsible: str
    score: float
    reasons: list[ReasonOut]


class PairsQuery(Struct, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Cursor = ""


class BriefOut(Struct):
    id: int
    name: str
    version: int


class PairOut(Struct):
    one: BriefOut
    two: BriefOut
    score: float
    reasons: list[ReasonOut]


class PairsPage(Struct):
    rows: list[PairOut]
    total: int | None
    next_cursor: str | None


class TwoIn(Struct, forbid_unknown_fields=True):
    one: Id
    two: Id


class MergeIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """choices: field -> whose value stays, as in a card's history; both of a note alone; else the kept card's."""

    kept: Id
    kept_version: Version
    gone: Id
    gone_version: Version
    choices: Annotated[
        dict[Annotated[str, Meta(max_length=40)], Literal["kept", "gone", "both"]], Meta(max_length=200)
    ] = {}


class UndoIn(Struct, forbid_unknown_fields=True):
    """id: of the merge."""

    id: Id


class MergeOut(Struct):
    id: int
    at: float
    by: str
    kept: int
    gone: int
    gone_name: str


async def likely(request: web.Request) -> web.Response:
    """Who is likely the client of a card that is being written."""
    body = await body_of(request, LikelyIn)
    asked = Candidate(
        id=body.id,
        name=body.name,
        full_name=body.full_name,
        kind=body.kind,
        inn="".join(body.inn.split()),
        kpp="".join(body.kpp.split()).upper(),
        phones=tuple(body.phones),
        emails=tuple(body.emails),
    )
    found = await services_of(request).duplicates.likely(person_of(request), asked)
    typed = [name for name in ("name", "full_name", "inn", "phones", "emails") if getattr(body, name)]
    showed(request, (card.id for card, _one in found), asked=typed)
    return reply(
        [
            LikelyOut(card.id, card.name, card.kind, card.responsible, one.score, _reasons(one.reasons))
            for card, one in found
        ]
    )


async def pairs(request: web.Request) -> web.Response:
    """Likely duplicates of the whole base."""
    query = query_of(request, PairsQuery)
    async with services_of(request).db.read() as conn:
        page = await duplicates.pairs(conn, limit=query.limit, cursor=query.cursor or None)
    showed(request, (card.id for pair in page.rows for card in (pair.one, pair.two)))
    rows = [PairOut(_brief(one.one), _brief(one.two), one.score, _reasons(one.reasons)) for one in page.rows]
    return reply(PairsPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


async def dismiss(request: web.Request) -> web.Response:
    """These are two clients."""
    body = await body_of(request, TwoIn)
    await services_of(request).duplicates.dismiss(person_of(request), body.one, body.two)
    return reply(Ok())


async def merge(request: web.Request) -> web.Response:
    """One client of two."""
    body = await body_of(request, MergeIn)
    if any(choice == "both" and field != "note" for field, choice in body.choices.items()):
        raise Invalid("body.choices", "Only a note may be both.")
    made = await services_of(request).duplicates.merge(
        person_of(request),
        body.kept,
        body.gone,
        versions={body.kept: body.kept_version, body.gone: body.gone_version},
        choices=body.choices,
    )
    return reply(Made(id=made), 201)


async def merged(request: web.Request) -> web.Response:
    """Merges that can be taken back."""
    services = services_of(request)
    async with services.db.read() as conn:
        found = await merges.recent(conn, since=services.clock() - UNDO_DAYS * DAY_S)
    showed(request, (one.gone_id for one in found))
    return reply([MergeOut(m.id, m.at, m.user_name, m.kept_id, m.gone_id, m.gone_name) for m in found])


async def undo(request: web.Request) -> web.Response:
    """Take a merge back."""
    body = await body_of(request, UndoIn)
    await services_of(request).duplicates.undo(person_of(request), body.id)
    return reply(Ok())


def _brief(card: ClientCard) -> BriefOut:
    return BriefOut(card.id, card.name, card.version)


def _reasons(reasons: duplicates.Reasons) -> list[ReasonOut]:
    return [ReasonOut(code, value, show(value) if code == "phone" else value) for code, value in reasons]


OPERATIONS = (
    Operation(
        method="POST",
        path="/clients/likely",
        handler=likely,
        who="clients.read",
        shows="clients",
        text="Who is likely the client of a card that is being written; the likeliest first",
        body=LikelyIn,
        gives=list[LikelyOut],
    ),
    Operation(
        method="GET",
        path="/clients/duplicates",
        handler=pairs,
        who="clients.merge",
        shows="clients",
        text="Clients who are likely one, the likeliest pairs first",
        query=PairsQuery,
        gives=PairsPage,
    ),
    Operation(
        method="POST",
        path="/clients/duplicates/dismiss",
        handler=dismiss,
        who="clients.merge",
        shows="nothing",
        text="These are two clients: the pair is not shown again",
        body=TwoIn,
        gives=Ok,
        refusals=(409,),
    ),
    Operation(
        method="POST",
        path="/clients/merges",
        handler=merge,
        who="clients.merge",
        shows="nothing",
        text="Make one client of two, on the versions that were read",
        body=MergeIn,
        gives=Made,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/clients/merges",
        handler=merged,
        who="clients.merge",
        shows="clients",
        text="Merges that can be taken back, newest first",
        gives=list[MergeOut],
    ),
    Operation(
        method="POST",
        path="/clients/merges/undo",
        handler=undo,
        who="clients.merge",
        shows="nothing",
        text="Take a merge back: both clients are there again",
        body=UndoIn,
        gives=Ok,
        refusals=(409,),
    ),
)
