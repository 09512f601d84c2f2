"""/api/v1/reports/why: a low service level split by arithmetic into its parts; and what would have been."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, structs

from web import figures, why, why_texts
from web.api.base import Operation, query_of, reply
from web.asking import asker_of
from web.i18n import say

Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]
Half = Annotated[str, Meta(pattern=r"^(\d\d:[03]0)?$")]
Number = Annotated[str, Meta(pattern=r"^-?\d{0,3}$")]


class WhyQuery(Struct, forbid_unknown_fields=True):
    """day: none: yesterday. begins, ends: half hours of it. target: percent; none: as it is set, or 80.

    weeks: of history, 8.

    agents (more of them, -50 to 50), calls, handling (percent more, -90 to 90): what if, from change_from to change_to.
    """

    queue: Annotated[str, Meta(max_length=80)] = ""
    day: Day = ""
    begins: Half = ""
    ends: Half = ""
    target: Number = ""
    weeks: Number = ""
    agents: Number = ""
    calls: Number = ""
    handling: Number = ""
    change_from: Half = ""
    change_to: Half = ""


class PartOut(Struct):
    """calls: more that would have been answered in time without it; points: of the level, tenths. Both add up."""

    key: str
    name: str
    formula: str
    thousandths_of_calls: int
    tenths_of_points: int


class HalfOut(Struct):
    """agents: there, less rings in vain; needed null: no number is enough, or not known. level: 0 to 1, null: nobody.

    model: the level expected of all as it was; then: of it changed, then_c: by Erlang C. parts: calls / 1000."""

    label: str
    since: int
    until: int
    came: int
    counted: int
    in_time: int
    usual_calls: float | None
    handling_s: float | None
    usual_handling_s: float | None
    agents: float | None
    needed: int | None
    model: float | None
    then: float | None
    then_c: float | None
    parts: dict[str, int]


class WhyOut(Struct):
    """parts: empty where there is too little history (`days` are fewer than 3). short: their sum. levels: 0 to 1.

    left: quarters that are still to be counted."""

    queue: str
    since: int
    until: int
    target: int
    counted: int
    in_time: int
    short_thousandths_of_calls: int | None
    short_tenths_of_points: int | None
    parts: list[PartOut]
    halves: list[HalfOut]
    days: list[str]
    patience_s: float | None
    was: float | None
    model: float | None
    then: float | None
    then_c: float | None
    method: str
    limits: str
    left: int


async def explained(request: web.Request) -> web.Response:
    """The report."""
    query = query_of(request, WhyQuery)
    asker = asker_of(request)
    queues, _ = await figures.choices(asker)
    ask = await why.asked(asker, structs.asdict(query), queues)
    if ask is None:
        raise web.HTTPNotFound(text="No queue is known yet.")
    return reply(_answer(await why.answered(asker, ask), asker.language))


def _answer(made: why.Answer, language: str) -> WhyOut:
    total = made.total
    parts = [
        PartOut(
            key=part,
            name=say(language, why_texts.PARTS[part]),
            formula=say(language, why_texts.FORMULAS[part]),
            thousandths_of_calls=calls,
            tenths_of_points=total.points[part],
        )
        for part, calls in (total.parts.items() if total else ())
        if total
    ]
    return WhyOut(
        queue=made.ask.queue,
        since=made.since,
        until=made.until,
        target=made.ask.target,
        counted=made.counted,
        in_time=made.in_time,
        short_thousandths_of_calls=total.short if total else None,
        short_tenths_of_points=total.short_points if total else None,
        parts=parts,
        halves=[_half(line) for line in made.lines],
        days=[one.isoformat() for one in made.forecast.days],
        patience_s=made.forecast.patience_s,
        was=made.was,
        model=made.model,
        then=made.then,
        then_c=made.then_c,
        method=" ".join(say(language, text) for text in (why_texts.MODEL, why_texts.ERLANG)),
        limits=say(language, why_texts.LIMITS),
        left=made.progress.left,
    )


def _half(line: why.Line) -> HalfOut:
    slot, split, then = line.slot, line.split, line.then
    return HalfOut(
        label=slot.label,
        since=slot.since,
        until=slot.until,
        came=slot.calls,
        counted=slot.counted,
        in_time=slot.in_time,
        usual_calls=slot.usual.calls if slot.usual else None,
        handling_s=slot.handling_s,
        usual_handling_s=split.usual_s if split else None,
        agents=then.agents if then else None,
        needed=split.need if split else None,
        model=then.model if then else None,
        then=then.then if then else None,
        then_c=then.then_c if then else None,
        parts={part: calls for part, calls in split.parts.items()} if split else {},
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/reports/why",
        handler=explained,
        who="figures.read",
        shows="nothing",
        text="Why a service level was low: its parts, by arithmetic; and what would have been",
        query=WhyQuery,
        gives=WhyOut,
        refusals=(404, 409),
    ),
)
