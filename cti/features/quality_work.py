"""What is to be scored: calls drawn by rule for a week, and calibrations, where several people score a call blind.

Coaching notes stand here too: private to author and agent, or open to who may read the agent's scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cti.access import Person, may, scope
from cti.errors import NotAllowed, Refused
from cti.storage import coaching, review_plans, reviews, score_forms, users
from cti.storage.coaching import Coaching
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.journal import get as call_of
from cti.storage.review_plans import Calibration, Drawn, ReviewPlan
from cti.storage.reviews import Review

MOST_EACH = 50
MOST_PEOPLE = 20
LONGEST = 4000


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


class QualityWork:
    """zone: of the installation; its weeks begin on Monday."""

    def __init__(self, *, db: Database, zone: ZoneInfo, clock: Callable[[], float]) -> None:
        self._db = db
        self._zone = zone
        self._clock = clock

    def this_week(self) -> date:
        """Its Monday."""
        return monday(datetime.fromtimestamp(self._clock(), self._zone).date())

    # Drawing ---------------------------------------------------------------------------------------------------------
    async def add_plan(self, person: Person, plan: ReviewPlan) -> int:
        """A rule of drawing. Raises Refused, NotAllowed."""
        if not may(person, "quality.manage"):
            raise NotAllowed("Your role may not change what is scored.")
        if not plan.name.strip() or not 0 < plan.each <= MOST_EACH or not 0 <= plan.least_s <= 86400:
            raise Refused("bad-plan", "A rule needs a name, and 1 to 50 calls of an agent in a week.")
        async with self._db.write() as conn:
            return await review_plans.add_plan(conn, plan)

    async def remove_plan(self, person: Person, plan_id: int) -> None:
        """Draw by it no more. Raises NotAllowed."""
        if not may(person, "quality.manage"):
            raise NotAllowed("Your role may not change what is scored.")
        async with self._db.write() as conn:
            await review_plans.remove_plan(conn, plan_id)

    async def draw(self, person: Person, week: date) -> int:
        """Draw the calls of a week by every rule, as far as they are not drawn; how many came. Raises NotAllowed."""
        reach = scope(person, "quality.score")
        if reach == "none":
            raise NotAllowed("Your role may not score calls.")
        began = datetime(week.year, week.month, week.day, tzinfo=self._zone)
        after = week + timedelta(days=7)
        ended = datetime(after.year, after.month, after.day, tzinfo=self._zone)
        now, came = self._clock(), 0
        async with self._db.write() as conn:
            for plan in await review_plans.plans(conn):
                if reach == "all" or (plan.team_id is not None and plan.team_id == person.team_id):
                    span = (began.timestamp(), min(ended.timestamp(), now))
                    came += await review_plans.draw(conn, plan, week.isoformat(), *span, now)
        return came

    async def drawn(self, person: Person, week: date) -> list[Drawn]:
        """What was drawn, of those whom the person may score."""
        reach = scope(person, "quality.score")
        if reach == "none" or (reach == "team" and person.team_id is None):
            return []
        async with self._db.read() as conn:
            return await review_plans.drawn(conn, week.isoformat(), person.team_id if reach == "team" else None)

    # Calibration -----------------------------------------------------------------------------------------------------
    async def begin(self, person: Person, call_id: str, form_id: int, people: Sequence[int]) -> int:
        """Several people score one call; its id. Raises Refused, NotAllowed."""
        if not may(person, "quality.manage"):
            raise NotAllowed("Your role may not begin a calibration.")
        who = sorted(set(people))
        if not 1 < len(who) <= MOST_PEOPLE:
            raise Refused("few-people", "Choose 2 to 20 people.")
        async with self._db.write() as conn:
            call, form = await call_of(conn, call_id), await score_forms.get(conn, form_id)
            if call is None or call.answered_at is None or call.ended_at is None or call.user_id in who:
                raise Refused("no-conversation", "Choose a finished conversation of none of these people.")
            if form is None or form.retired:
                raise Refused("no-form", "Calls are no longer scored by this form.")
            for one in who:
                account = await users.by_id(conn, one)
                if account is None or scope(account.person, "quality.score") == "none":
                    raise Refused("no-scorer", "Each of them needs the right to score.")
            return await review_plans.begin(conn, call_id, form.version_id, who, now=self._clock(), by=person.id)

    async def close(self, person: Person, calibration_id: int) -> None:
        """Show all to all. Raises Refused, NotAllowed."""
        if not may(person, "quality.manage"):
            raise NotAllowed("Your role may not end a calibration.")
        async with self._db.write() as conn:
            await review_plans.close(conn, calibration_id, self._clock())

    async def calibrations(self, person: Person) -> list[Calibration]:
        """Those of the person, all where he manages them."""
        async with self._db.read() as conn:
            found = await review_plans.every_calibration(conn)
        return [one for one in found if _shares(person, one)]

    async def calibration(self, person: Person, calibration_id: int) -> tuple[Calibration, list[Review]]:
        """One with its scores: all of them once it is closed, one's own before. Raises Refused."""
        async with self._db.read() as conn:
            found = await review_plans.calibration(conn, calibration_id)
            if found is None or not _shares(person, found):
                raise Refused("no-calibration", "There is no such calibration.")
            rows = [one for one in await reviews.of_call(conn, found.call_id, found.id) if one.state == "given"]
        return found, [one for one in rows if not found.open or one.by_user_id == person.id]

    # Coaching --------------------------------------------------------------------------------------------------------
    async def note(self, person: Person, agent_id: int, text: str, *, call_id: str = "", shared: bool = False,
                   due_on: date | None = None) -> int:  # fmt: skip
        """Write down what was agreed with an agent. Raises Refused, NotAllowed."""
        if not text.strip():
            raise Refused("no-words", "Write what it is about.")
        async with self._db.write() as conn:
            account = await users.by_id(conn, agent_id)
            if account is None or account.person.id == person.id:
                raise Refused("no-agent", "Choose whom it is for.")
            if not may(person, "quality.score", owner_id=agent_id, owner_team_id=account.person.team_id):
                raise NotAllowed("You may not write coaching notes for this person.")
            if call_id and await call_of(conn, call_id) is None:
                raise Refused("no-call", "There is no such call.")
            return await coaching.add(
                conn, agent_id, person.id, text.strip()[:LONGEST], call_id=call_id or None, shared=shared,
                due_on=due_on.isoformat() if due_on else None, now=self._clock(),
            )  # fmt: skip

    async def notes(self, person: Person) -> list[Coaching]:
        """Those that the person may read."""
        reach = scope(person, "quality.read")
        async with self._db.read() as conn:
            team = person.team_id if reach == "team" else None
            return await coaching.visible(conn, person.id, every=reach == "all", team_id=team)

    async def finish(self, person: Person, note_id: int, *, done: bool) -> None:
        """It was talked about, or not yet after all: its author says so. Raises Refused."""
        async with self._db.write() as conn:
            await _own(conn, person, note_id)
            await coaching.finish(conn, note_id, self._clock() if done else None)

    async def remove(self, person: Person, note_id: int) -> None:
        """Its author takes it away. Raises Refused."""
        async with self._db.write() as conn:
            await _own(conn, person, note_id)
            await coaching.remove(conn, note_id)


async def _own(conn: Connection, person: Person, note_id: int) -> None:
    found = await coaching.get(conn, note_id)
    if found is None or found.author_id != person.id:
        raise Refused("no-note", "There is no such note of yours.")


def _shares(person: Person, one: Calibration) -> bool:
    return person.id in one.people or may(person, "quality.manage")
