"""Scores of conversations: forms, drafts kept as they are typed, what is given to an agent, his answer, its settling.

Every change of a form, and of which marks are low, is one line of the audit journal.

Rules kept here: a score keeps the version of its form by which it was given. A draft is its writer's alone. Nobody
scores his own call. A given score is taken back by who gave it, until the agent has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cti.access import Person, may
from cti.clients.masking import restored
from cti.errors import NotAllowed, Refused
from cti.reports.quality import Criterion, fault, fits, score
from cti.storage import low_marks, review_plans, reviews, score_forms, sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.journal import CallRow
from cti.storage.journal import get as call_of
from cti.storage.low_marks import LowMark
from cti.storage.reviews import Comment, Review
from cti.storage.score_forms import Form

MOST_COMMENTS = 100
LONGEST = 2000


class Quality:
    """Scores by people. now: the clock."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    # Forms -----------------------------------------------------------------------------------------------------------
    async def add_form(self, actor: Person, name: str, queue: str | None, criteria: Sequence[Criterion]) -> int:
        """A new one; its id. Raises Refused, NotAllowed."""
        _may_set(actor, name, criteria)
        async with self._db.write() as conn:
            made = await score_forms.add(conn, name[:120], queue, criteria, now=self._clock(), by=actor.id)
            await self._noted(conn, actor, "score-form-add", made, name)
            return made

    async def keep_form(
        self, actor: Person, form_id: int, name: str, queue: str | None, criteria: Sequence[Criterion]
    ) -> None:
        """Its name, queue and criteria for scores from now on. Raises Refused, NotAllowed."""
        _may_set(actor, name, criteria)
        async with self._db.write() as conn:
            version = await score_forms.keep(conn, form_id, name[:120], queue, criteria, now=self._clock(), by=actor.id)
            await self._noted(conn, actor, "score-form-change", form_id, f"{name[:120]} {version}")

    async def retire_form(self, actor: Person, form_id: int, *, retired: bool) -> None:
        """Score by it no more, or again. Raises NotAllowed."""
        _may_set(actor)
        async with self._db.write() as conn:
            await score_forms.retire(conn, form_id, self._clock() if retired else None)
            await self._noted(conn, actor, "score-form-retire" if retired else "score-form-back", form_id)

    async def keep_low_mark(self, actor: Person, wanted: LowMark) -> None:
        """Which marks of clients are low from now on, and whose task each becomes. Raises Refused, NotAllowed."""
        _may_set(actor)
        if not 1 <= wanted.most <= 4:
            raise Refused("bad-low-mark", "Low is a mark of 1 to 4.")
        async with self._db.write() as conn:
            owner = await users.by_id(conn, wanted.owner_id) if wanted.owner_id is not None else None
            if wanted.owner_id is not None and (owner is None or owner.blocked_at is not None):
                raise Refused("no-agent", "Choose whom it is for.")
            await low_marks.keep(conn, wanted)
            thing = f"user:{wanted.owner_id}" if wanted.owner_id is not None else ""
            await sessions.note(conn, self._clock(), actor.id, "low-marks", thing, str(wanted.most))

    async def _noted(self, conn: Connection, actor: Person, action: str, form_id: int, detail: str = "") -> None:
        await sessions.note(conn, self._clock(), actor.id, action, f"score-form:{form_id}", detail)

    # Scores ----------------------------------------------------------------------------------------------------------
    async def form_for(self, person: Person, call_id: str, calibration_id: int = 0) -> tuple[list[Form], Review | None]:
        """By which forms the person may score a call, and what he has begun. Empty: he may not."""
        async with self._db.read() as conn:
            call = await call_of(conn, call_id)
            if call is None or not await self._scores(conn, person, call, calibration_id):
                return [], None
            mine = await self._mine(conn, person, call_id, calibration_id)
            return await self._forms(conn, call, mine, calibration_id), mine

    async def draft(
        self,
        person: Person,
        call_id: str,
        *,
        form_id: int,
        answers: Mapping[int, int],
        comments: Sequence[Comment],
        calibration_id: int = 0,
    ) -> Review:
        """Keep what was filled in so far. Raises Refused, NotAllowed."""
        async with self._db.write() as conn:
            call = await call_of(conn, call_id)
            if call is None:
                raise Refused("no-call", "There is no such call.")
            if not await self._scores(conn, person, call, calibration_id):
                raise NotAllowed("You may not score this call.")
            before = await self._mine(conn, person, call_id, calibration_id)
            if before is not None and before.state == "given":
                raise Refused("score-given", "The score is given: take it back before you change it.")
            known = await self._forms(conn, call, before, calibration_id)
            form = next((one for one in known if one.id == form_id), None)
            if form is None:
                raise Refused("no-form", "Calls are no longer scored by this form.")
            by_id = {one.id: one for one in form.criteria}
            if any(id_ not in by_id or not fits(by_id[id_], answer) for id_, answer in answers.items()):
                raise Refused("bad-score", "This is no answer to a criterion of the form.")
            written = before.comments if before else ()
            kept = [replace(one, text=restored(one.text, [old.text for old in written])) for one in comments]
            made = await reviews.put(
                conn, call_id, calibration_id, person.id, version_id=form.version_id, agent_id=call.user_id,
                answers=answers, comments=[one for one in kept if one.text.strip()][:MOST_COMMENTS], now=self._clock(),
            )  # fmt: skip
            return await _known(conn, made)

    async def give(self, person: Person, call_id: str, calibration_id: int = 0) -> Review:
        """Make a draft a score: every criterion is answered. Raises Refused, NotAllowed."""
        async with self._db.write() as conn:
            mine = await self._mine(conn, person, call_id, calibration_id)
            if mine is None or mine.state == "given":
                raise Refused("no-draft", "Nothing is filled in yet.")
            form = (await score_forms.by_versions(conn, [mine.version_id]))[mine.version_id]
            came = score(form.criteria, mine.answers)
            if came.left:
                raise Refused("score-left", "Answer every criterion, or say that it does not apply.")
            values = {"score": came.percent, "failed": came.failed, "given_at": self._clock(), "state": "given"}
            await reviews.change(conn, mine.id, **values)
            return await _known(conn, mine.id)

    async def take_back(self, person: Person, call_id: str, calibration_id: int = 0) -> Review:
        """A score is a draft again. Raises Refused."""
        async with self._db.write() as conn:
            mine = await self._mine(conn, person, call_id, calibration_id)
            if mine is None or mine.state != "given":
                raise Refused("no-draft", "Nothing is filled in yet.")
            shown = await review_plans.calibration(conn, calibration_id) if calibration_id else None
            if mine.replied_at is not None or (shown is not None and not shown.open):
                raise Refused("score-answered", "The agent has answered, or all have seen it: it stays as it is.")
            await reviews.change(conn, mine.id, state="draft", given_at=None, score=None, failed=False)
            return await _known(conn, mine.id)

    async def reply(self, person: Person, review_id: int, text: str, *, disputed: bool) -> Review:
        """The agent's answer to his score. Raises Refused."""
        async with self._db.write() as conn:
            review = await _given(conn, review_id)
            if review.agent_id != person.id:
                raise Refused("no-score", "There is no such score.")
            if review.settled_at is not None:
                raise Refused("score-settled", "The dispute is settled.")
            if disputed and not text.strip():
                raise Refused("why-disputed", "Say what you do not agree with.")
            said = restored(text.strip(), [review.reply])[:LONGEST]
            values = {"reply": said, "replied_at": self._clock(), "disputed": disputed}
            await reviews.change(conn, review.id, **values)
            return await _known(conn, review.id)

    async def settle(
        self, person: Person, review_id: int, verdict: str, *, answers: Mapping[int, int] | None
    ) -> Review:
        """End a dispute: with the score as it is, or by other answers. Raises Refused, NotAllowed."""
        async with self._db.write() as conn:
            review = await _given(conn, review_id)
            if not may(person, "quality.score", owner_id=review.agent_id, owner_team_id=review.team_id):
                raise Refused("no-score", "There is no such score.")
            if review.agent_id == person.id:
                raise Refused("own-call", "Somebody else scores your calls.")
            if not review.disputed or review.settled_at is not None:
                raise Refused("score-settled", "The dispute is settled.")
            if not verdict.strip():
                raise Refused("no-verdict", "Say what was decided, and why.")
            values: dict[str, object] = {"verdict": verdict.strip()[:LONGEST], "settled_at": self._clock()}
            if answers is not None:
                form = (await score_forms.by_versions(conn, [review.version_id]))[review.version_id]
                came = score(form.criteria, answers)
                if came.left or any(one not in {own.id for own in form.criteria} for one in answers):
                    raise Refused("score-left", "Answer every criterion, or say that it does not apply.")
                values |= {"score": came.percent, "failed": came.failed, "answers": reviews.answers_text(answers)}
            await reviews.change(conn, review.id, **values, settled_by=person.id)
            return await _known(conn, review.id)

    async def of_call(self, person: Person, call_id: str) -> list[Review]:
        """Scores of a call that the person may read."""
        async with self._db.read() as conn:
            return [one for one in await reviews.of_call(conn, call_id) if one.state == "given" and reads(person, one)]

    async def _mine(self, conn: Connection, person: Person, call_id: str, calibration_id: int) -> Review | None:
        found = await reviews.of_call(conn, call_id, calibration_id)
        return next((one for one in found if one.by_user_id == person.id), None)

    async def _scores(self, conn: Connection, person: Person, call: CallRow, calibration_id: int) -> bool:
        if call.user_id is None or call.user_id == person.id or call.answered_at is None or call.ended_at is None:
            return False
        if not calibration_id:
            return may(person, "quality.score", owner_id=call.user_id, owner_team_id=call.team_id)
        found = await review_plans.calibration(conn, calibration_id)
        return found is not None and found.open and found.call_id == call.id and person.id in found.people

    async def _forms(self, conn: Connection, call: CallRow, mine: Review | None, calibration_id: int) -> list[Form]:
        """Those of the call; a begun score stays by its version, a calibration by that of all."""
        if calibration_id:
            found = await review_plans.calibration(conn, calibration_id)
            fixed = found.version_id if found else 0
            return list((await score_forms.by_versions(conn, [fixed])).values())
        known = await score_forms.for_queue(conn, call.queue)
        if mine is None:
            return known
        begun = (await score_forms.by_versions(conn, [mine.version_id]))[mine.version_id]
        return [begun, *(one for one in known if one.id != begun.id)]


def reads(person: Person, review: Review) -> bool:
    """Whether a given score is for this person's eyes."""
    if review.by_user_id == person.id:
        return True
    return may(person, "quality.read", owner_id=review.agent_id, owner_team_id=review.team_id)


def _may_set(actor: Person, name: str = "-", criteria: Sequence[Criterion] | None = None) -> None:
    if not may(actor, "quality.manage"):
        raise NotAllowed("Your role may not change score forms.")
    wrong = "bad-criteria" if not name.strip() else fault(criteria) if criteria is not None else ""
    if wrong:
        raise Refused(wrong, "Something is wrong with the form.")


async def _known(conn: Connection, review_id: int) -> Review:
    review = await reviews.get(conn, review_id)
    if review is None:
        raise Refused("no-score", "There is no such score.")
    return review


async def _given(conn: Connection, review_id: int) -> Review:
    review = await _known(conn, review_id)
    if review.state != "given" or review.calibration_id:
        raise Refused("no-score", "There is no such score.")
    return review
