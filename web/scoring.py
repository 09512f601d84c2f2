"""A score of a call as its form on the page and the API say it: answers by criterion, comments with their moments."""

from __future__ import annotations

import math
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from cti.access import may
from cti.reports.quality import NOT_HERE, Criterion, score
from cti.storage.journal import CallRow
from cti.storage.reviews import Comment, Review
from cti.storage.score_forms import Form, by_versions
from web.auth import person_of
from web.services import services_of

LONGEST = 1000


def answers_of(form: MultiDictProxy[Any]) -> dict[int, int]:
    """Of fields `c-ID`."""
    found = {}
    for name, value in form.items():
        id_, text = name.removeprefix("c-"), str(value)
        given = text == str(NOT_HERE) or (text.isascii() and text.isdigit() and len(text) < 3)
        if given and id_ != name and _is_id(id_):
            found[int(id_)] = int(text)
    return found


def comments_of(form: MultiDictProxy[Any]) -> list[Comment]:
    """Of rows of fields: at, criterion, text."""
    columns = ("comment-at", "comment-criterion", "comment-text")
    rows = zip(*([str(one) for one in form.getall(name, [])] for name in columns), strict=False)
    return [
        Comment(text=text.strip()[:LONGEST], at=_seconds(at), criterion=int(one) if _is_id(one) else 0)
        for at, one, text in rows
        if text.strip()
    ]


def _seconds(text: str) -> float | None:
    try:
        at = float(text)
    except ValueError:
        return None
    return at if math.isfinite(at) and 0 <= at < 86400 else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9


def sections(form: Form) -> list[tuple[str, list[Criterion]]]:
    """Criteria by their sections, in the order in which these come first."""
    found: dict[str, list[Criterion]] = {}
    for one in form.criteria:
        found.setdefault(one.section, []).append(one)
    return list(found.items())


async def scoring(request: web.Request, call: CallRow) -> dict[str, Any]:
    """What the call's page needs: scores that may be read, and the form of who may score."""
    services, person = services_of(request), person_of(request)
    asked = request.query.get("calibration", "")
    calibration = int(asked) if _is_id(asked) else 0
    known, mine = await services.quality.form_for(person, call.id, calibration)
    wanted = request.query.get("form", "")
    chosen = next((one for one in known if str(one.id) == wanted), known[0] if known else None)
    given = [] if calibration else await services.quality.of_call(person, call.id)
    async with services.db.read() as conn:
        forms = await by_versions(conn, [one.version_id for one in given])
    draft = mine if mine is not None and chosen is not None and mine.version_id == chosen.version_id else None
    return {
        "calibration": calibration,
        "score_forms": known,
        "score_form": chosen,
        "sections": sections(chosen) if chosen else [],
        "mine": mine,
        "draft": draft,
        "now_score": score(chosen.criteria, draft.answers if draft else {}) if chosen else None,
        "reviews": [(one, forms[one.version_id]) for one in given],
        "settles": {one.id for one in given if _settles(request, one)},
        "NOT_HERE": NOT_HERE,
    }


def _settles(request: web.Request, review: Review) -> bool:
    person = person_of(request)
    mine = may(person, "quality.score", owner_id=review.agent_id, owner_team_id=review.team_id)
    return mine and review.disputed and review.settled_at is None and review.agent_id != person.id
