"""A week of three people made from its figures: what is true is counted as the days are thought out, second by second.

Nothing of the product counts here. `lines` are what the journal of states would hold, `records` what the tracker would
have handed over, `outcomes` what was said of calls.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cti.telephony.duty import Duty
from cti.telephony.events import CallRecord, LegRecord, Party

NAMES = ("Sale", "Question", "Complaint")
RING_S = 4
WEEK_S = 7 * 86_400


@dataclass
class Truth:
    """Of a person's day: whole seconds by state, pauses by reason, how many of what."""

    spent: Counter[str] = field(default_factory=Counter)
    pauses: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)


class Shifts:
    """truth: by person and day. A shift may go on over midnight: he is paused then."""

    def __init__(self, zone: ZoneInfo, days: Sequence[date], people: Sequence[int], *, seed: int = 11) -> None:
        self._dice = random.Random(seed)
        self._zone = zone
        self.truth: dict[tuple[int, date], Truth] = defaultdict(Truth)
        self.lines: list[tuple[int, Duty]] = []
        self.records: list[tuple[CallRecord, int, int | None]] = []  # with the person and the client
        self.outcomes: list[tuple[str, int, str, float]] = []
        self.came: list[tuple[float, int, int]] = []  # answered calls of clients: when, who came, who talked
        for place, user in enumerate(people):
            for day in days:
                self._shift(user, day, at_night=place == 0 and day != days[-1])

    def whole(self, user: int | None = None) -> Truth:
        """Of all days, of one person or of all."""
        made = Truth()
        for (whose, _), one in self.truth.items():
            if user in (None, whose):
                made.spent += one.spent
                made.pauses += one.pauses
                made.counts += one.counts
        return made

    def helped(self, user: int | None = None) -> tuple[int, int]:
        """After how many answered calls of clients nobody called again in a week, and how many there were."""
        mine = [(at, client) for at, client, who in self.came if user in (None, who)]
        every = [(at, client) for at, client, _ in self.came]
        again = [any(c == client and at < later < at + WEEK_S for later, c in every) for at, client in mine]
        return again.count(False), len(mine)

    # a day ------------------------------------------------------------------------------------------------------------
    def _shift(self, user: int, day: date, *, at_night: bool) -> None:
        begins = datetime(day.year, day.month, day.day, 22 if at_night else 8, tzinfo=self._zone)
        at = begins.timestamp() + self._dice.randrange(900)
        self._count(user, at, "sessions")
        for number in range(6):
            at = self._ready(user, at)
            if number == 3:
                at = self._pause(user, at, "lunch", over_midnight=at_night)
            elif number == 4:
                at = self._pause(user, at, "training")
            at = self._call(user, at, f"{user}-{day}-{number}")
        self._line(user, at, "logged-off")

    def _line(self, user: int, at: float, state: str, reason: str = "") -> None:
        self.lines.append((user, Duty(state=state, reason=reason, since=at, by="person")))  # type: ignore[arg-type]

    def _ready(self, user: int, at: float, seconds: int | None = None) -> float:
        self._line(user, at, "ready")
        return self._spend(user, at, "ready", self._dice.randrange(20, 900) if seconds is None else seconds)

    def _pause(self, user: int, at: float, reason: str, *, over_midnight: bool = False) -> float:
        self._line(user, at, "not-ready", reason)
        length = self._dice.randrange(60, 1800)
        if over_midnight:
            day = datetime.fromtimestamp(at, self._zone)
            length += 86_400 - (day.hour * 3600 + day.minute * 60 + day.second)
        return self._spend(user, at, "pause", length, reason)

    def _call(self, user: int, at: float, name: str) -> float:
        """It rings while he is ready; then he talks, holds and writes; one in four rings in vain."""
        kind = self._dice.choice(("inbound", "inbound", "outbound", "missed"))
        at = self._ready(user, at, RING_S)
        if kind == "missed":
            leg = LegRecord(leg=f"PJSIP/1-{name}", leg_id=name, device="PJSIP/1", rang=at - RING_S, answered=None,
                            ended=at, result="no-answer")  # fmt: skip
            self._count(user, at - RING_S, "missed")
            self._record(user, name, "inbound", at - RING_S, at, leg, None)
            return at
        talk, hold = self._dice.randrange(5, 700), self._dice.randrange(0, 40)
        handed_on = self._dice.random() < 0.2
        leg = LegRecord(leg=f"PJSIP/1-{name}", leg_id=name, device="PJSIP/1", rang=at - RING_S, answered=at,
                        ended=at + talk + hold, result="transferred" if handed_on else "talked", talk=float(talk),
                        hold=float(hold))  # fmt: skip
        self._count(user, at, "placed" if kind == "outbound" else "answered")
        self._count(user, at, "transferred", handed_on)
        client = self._dice.randrange(1, 30) if self._dice.random() < 0.8 else None
        if kind == "inbound" and client is not None:
            self.came.append((at - RING_S, client, user))
        self._record(user, name, kind, at - RING_S, at + talk + hold, leg, client)
        self._spend(user, at, "talk", talk)
        at = self._spend(user, at, "hold", hold) + talk
        if self._dice.random() < 0.7:
            self.outcomes.append((name, user, self._dice.choice(NAMES), at))
        self._line(user, at, "after-call", "WRAPUP")
        return self._spend(user, at, "wrap", self._dice.randrange(1, 90))

    def _record(
        self, user: int, name: str, kind: str, began: float, ended: float, leg: LegRecord, client: int | None
    ) -> None:
        answered = leg.answered
        record = CallRecord(
            call=name, direction=kind, caller=Party(number="9355550000"), called="74950000001",  # type: ignore[arg-type]
            queue=self._dice.choice(("sales", "support")), started=began, answered=answered, ended=ended,
            outcome="answered" if answered else "abandoned", legs=(leg,),
        )  # fmt: skip
        self.records.append((record, user, client))

    def _spend(self, user: int, at: float, state: str, seconds: int, reason: str = "") -> float:
        """A state of whole seconds, each counted on its day; time on the telephone is on the day it began."""
        midnight = self._day(at)
        late = 0
        if state == "pause" and self._day(at + seconds - 1) != midnight:
            moment = datetime.fromtimestamp(at + seconds, self._zone)
            late = moment.hour * 3600 + moment.minute * 60 + moment.second
        for when, length in ((at, seconds - late), (at + seconds - 1, late)):
            own = self.truth[user, self._day(when)]
            own.spent[state] += length
            own.spent["session"] += length
            if reason:
                own.pauses[reason] += length
        return at + seconds

    def _count(self, user: int, at: float, what: str, much: int = 1) -> None:
        self.truth[user, self._day(at)].counts[what] += much

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, self._zone).date()
