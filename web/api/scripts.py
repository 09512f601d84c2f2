"""Questionnaires in calls: what is asked now, and each answer as it is given."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.masking import Sight
from cti.features.scripts import Asked
from web.api.base import Operation, body_of, call_of, place, reply
from web.auth import person_of
from web.services import services_of


class QuestionOut(Struct):
    """kind: as of a client's property. now: it is to be asked, the answers before being what they are.

    answer: as it is kept, a list's names joined by `; `, yes 1 and no 0. card: the answer is said on the client's card.
    """

    id: int
    text: str
    kind: str
    options: list[str]
    now: bool
    answer: str
    card: bool


class ScriptOut(Struct):
    """name: "" where there is no questionnaire. call_list, label: the call list that the call is of, and who calls."""

    name: str
    questions: list[QuestionOut]
    call_list: str = ""
    label: str = ""


class AnswerIn(Struct, forbid_unknown_fields=True):
    answer: Annotated[
        Annotated[str, Meta(max_length=400)]
        | Annotated[list[Annotated[str, Meta(max_length=120)]], Meta(max_length=60)]
        | None,
        Meta(description="A list's names; null takes the answer back"),
    ]


class Answered(Struct):
    """written: the client's card has it too."""

    written: bool
    questions: list[QuestionOut]


def _out(request: web.Request, found: list[Asked]) -> list[QuestionOut]:
    sight = services_of(request).sights.of(person_of(request))
    return [_question(one, sight) for one in found]


def _question(one: Asked, sight: Sight) -> QuestionOut:
    question, read = one.question, one.read
    options = [value.name for value in read.values if not value.retired]
    return QuestionOut(question.id, question.text, read.kind, options, one.now, sight.words(one.answer), bool(read.id))


async def show(request: web.Request) -> web.Response:
    """The questionnaire of one's own call."""
    script, questions, listed = await services_of(request).scripts.of_call(person_of(request), call_of(request))
    named = (listed.name, listed.label) if listed else ("", "")
    return reply(ScriptOut(script.name if script else "", _out(request, questions), *named))


async def answer(request: web.Request) -> web.Response:
    """Keep an answer."""
    body, scripts = await body_of(request, AnswerIn), services_of(request).scripts
    given = await scripts.answer(person_of(request), call_of(request), place(request, "question"), body.answer)
    return reply(Answered(given[1], _out(request, given[0])))


OPERATIONS = (
    Operation(
        method="GET",
        path="/calls/{id}/script",
        handler=show,
        who="notes.write",
        shows="nothing",
        text="The questionnaire of one's own call: what is to be asked now, and what was answered",
        gives=ScriptOut,
        refusals=(404,),
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/answers/{question}",
        handler=answer,
        who="notes.write",
        shows="nothing",
        text="Keep an answer with the call, and on the client's card where the question is bound to a property",
        body=AnswerIn,
        gives=Answered,
        refusals=(404, 409),
    ),
)
