"""Scores of calls: forms, drafts kept as they are filled in, given scores, agents' answers, averages."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.reports.quality import Criterion, score
from cti.storage import reviews, score_forms, users
from cti.storage.reviews import Comment, Review
from cti.storage.score_forms import Form
from web.api.base import Operation, body_of, call_of, place, query_of, reply
from web.api.calls import readable
from web.api.records import Id
from web.auth import person_of
from web.services import services_of
from web.shown import showed_callers

Answer = Annotated[int, Meta(ge=-1, le=10, description="0 to the criterion's best; -1: it does not apply")]
Moment = Annotated[float, Meta(ge=0, le=86400)]


class CommentIO(Struct):
    """at: seconds into the recording; null: of the whole conversation. criterion: its id, 0 for none."""

    text: Annotated[str, Meta(max_length=1000)]
    at: Moment | None = None
    criterion: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class ReviewIn(Struct, forbid_unknown_fields=True):
    form_id: Id
    answers: Annotated[dict[Annotated[str, Meta(pattern=r"^[0-9]{1,9}$")], Answer], Meta(max_length=60)] = {}
    comments: Annotated[list[CommentIO], Meta(max_length=100)] = []
    calibration_id: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class DraftOut(Struct):
    """percent: of what is answered; null where nothing is. left: criteria without an answer."""

    percent: float | None
    failed: bool
    left: list[int]


class ReviewOut(Struct):
    """A given score. form, version_id: by which it was given."""

    id: int
    call_id: str
    form: str
    version_id: int
    agent_id: int | None
    agent: str
    by_user_id: int | None
    by: str
    percent: float | None
    failed: bool
    given_at: float | None
    answers: dict[str, int]
    comments: list[CommentIO]
    reply: str
    disputed: bool
    verdict: str
    settled_at: float | None


class FormOut(Struct):
    """queue: null for calls of every queue. version_id changes with the criteria."""

    id: int
    name: str
    queue: str | None
    version: int
    version_id: int
    criteria: list[Criterion]


class Span(Struct, forbid_unknown_fields=True):
    since: Annotated[float, Meta(ge=0, le=2**40, description="UNIX seconds, inclusive")] = 0.0
    until: Annotated[float, Meta(ge=0, le=2**40, description="UNIX seconds, exclusive")] = 2.0**40


class AverageOut(Struct):
    """percent: mean score of `scored` calls; mark: clients' mean mark, 1 to 5, of `marked` calls."""

    agent_id: int
    agent: str
    scored: int
    percent: float | None
    marked: int
    mark: float | None


class ReplyIn(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=2000)]
    disputed: bool = False


def _out(one: Review) -> ReviewOut:
    return ReviewOut(
        id=one.id, call_id=one.call_id, form=one.form, version_id=one.version_id, agent_id=one.agent_id,
        agent=one.agent, by_user_id=one.by_user_id, by=one.by, percent=one.percent, failed=one.failed,
        given_at=one.given_at, answers={str(id_): answer for id_, answer in one.answers.items()},
        comments=[CommentIO(text=own.text, at=own.at, criterion=own.criterion) for own in one.comments],
        reply=one.reply, disputed=one.disputed, verdict=one.verdict, settled_at=one.settled_at,
    )  # fmt: skip


async def forms(request: web.Request) -> web.Response:
    """Those by which calls are scored now."""
    async with services_of(request).db.read() as conn:
        found = await score_forms.every(conn)
    return reply([_form(one) for one in found if not one.retired])


def _form(one: Form) -> FormOut:
    return FormOut(one.id, one.name, one.queue, one.version, one.version_id, list(one.criteria))


async def of_call(request: web.Request) -> web.Response:
    """Given scores of a call."""
    row = await readable(request)
    found = await services_of(request).quality.of_call(person_of(request), row.id)
    showed_callers(request, [row])
    return reply([_out(one) for one in found])


async def draft(request: web.Request) -> web.Response:
    """Keep what is filled in."""
    body, quality = await body_of(request, ReviewIn), services_of(request).quality
    made = await quality.draft(
        person_of(request), call_of(request), form_id=body.form_id,
        answers={int(id_): answer for id_, answer in body.answers.items()},
        comments=[Comment(text=one.text, at=one.at, criterion=one.criterion) for one in body.comments],
        calibration_id=body.calibration_id,
    )  # fmt: skip
    async with services_of(request).db.read() as conn:
        form = (await score_forms.by_versions(conn, [made.version_id]))[made.version_id]
    now = score(form.criteria, made.answers)
    return reply(DraftOut(now.percent, now.failed, list(now.left)))


async def give(request: web.Request) -> web.Response:
    """Make the draft a score."""
    return reply(_out(await services_of(request).quality.give(person_of(request), call_of(request))), 201)


async def take_back(request: web.Request) -> web.Response:
    """The score is a draft again."""
    made = await services_of(request).quality.take_back(person_of(request), call_of(request))
    return reply(_out(made))


async def answer(request: web.Request) -> web.Response:
    """The agent's answer."""
    body, quality = await body_of(request, ReplyIn), services_of(request).quality
    made = await quality.reply(person_of(request), place(request) % 2**31, body.text, disputed=body.disputed)
    return reply(_out(made))


async def averages(request: web.Request) -> web.Response:
    """By agent, those whom the person may read."""
    span, person = query_of(request, Span), person_of(request)
    reach = scope(person, "quality.read")
    async with services_of(request).db.read() as conn:
        found = await reviews.averages(conn, span.since, span.until)
        people = await users.every(conn)
    team = person.team_id if reach == "team" else None
    readable_ones = [one for one in people if reach == "all" or one.id == person.id or (team and one.team_id == team)]
    known = {one.id: one.name for one in readable_ones}
    return reply([
        AverageOut(id_, known[id_], one.scored, one.percent, one.marked, one.mark)
        for id_, one in found.items() if id_ in known
    ])  # fmt: skip


OPERATIONS = (
    Operation(method="GET", path="/quality/forms", handler=forms, who="quality.read", shows="nothing",
              text="Score forms in use, with their criteria", gives=list[FormOut]),
    Operation(method="GET", path="/quality/averages", handler=averages, who="quality.read", shows="staff",
              text="Mean scores and clients' mean marks by agent", query=Span, gives=list[AverageOut]),
    Operation(method="GET", path="/calls/{id}/reviews", handler=of_call, who="quality.read", shows="call",
              text="Scores given to a call", gives=list[ReviewOut], refusals=(404,)),
    Operation(method="PUT", path="/calls/{id}/review", handler=draft, who="quality.score", shows="nothing",
              text="Keep one's draft of a score, whole", body=ReviewIn, gives=DraftOut, refusals=(404, 409)),
    Operation(method="POST", path="/calls/{id}/review", handler=give, who="quality.score", shows="nothing",
              text="Give the draft as a score", gives=ReviewOut, status=201, refusals=(409,)),
    Operation(method="DELETE", path="/calls/{id}/review", handler=take_back, who="quality.score", shows="nothing",
              text="Take one's score back: it is a draft again", gives=ReviewOut, refusals=(409,)),
    Operation(method="PUT", path="/reviews/{id}/reply", handler=answer, who="quality.read", shows="nothing",
              text="Answer one's own score, or dispute it", body=ReplyIn, gives=ReviewOut, refusals=(404, 409)),
)  # fmt: skip
