"""A week of two queues made from its figures: what is true is written down first, the calls are made to fit.

Two dozen clients call two numbers. Every number of `Truth`, of `cells` and of `numbers` is counted while the week is
thought out, call by call, by nothing of the product. `records` are what the tracker hands to the journal when it hears
an Asterisk say these calls (tests/week_stream.py).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cti.storage import calls
from cti.storage.database import Database
from cti.telephony.events import CallRecord
from tests.week_stream import Said, heard

MONDAY = date(2026, 10, 19)
DAYS = [MONDAY + timedelta(days=n) for n in range(7)]
QUEUES = ("sales", "support")
CALLED = {"sales": "74950000001", "support": "74950000002"}
T, S = 20, 5
ENDS = ("answered",) * 12 + ("abandoned",) * 4 + ("timeout", "leaveempty", "joinempty", "full", "diverted", "other")


@dataclass
class Truth:
    """Of a queue's day: calls by their end, those in time, and sums of whole seconds."""

    ends: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    soon: int = 0
    waited_s: int = 0
    hung_up_after_s: int = 0
    talked_s: int = 0
    held_s: int = 0
    longest_s: int = 0

    def figures(self) -> dict[str, float | None]:
        """By the definitions, spelled out once more."""
        ends, came = self.ends, sum(self.ends.values())
        answered, abandoned = ends["answered"], ends["abandoned"]
        tried = answered + abandoned + ends["timeout"] + ends["leaveempty"] + ends["joinempty"] + ends["full"]
        return {
            "service-level": self.in_time / (answered + abandoned - self.soon),
            "answered-rate": answered / tried,
            "answer-speed": self.waited_s / answered,
            "handling": (self.talked_s + self.held_s) / answered,
            "abandon-rate": (abandoned - self.soon) / came,
            "patience": self.hung_up_after_s / abandoned,
            "asterisk-level": self.in_time / answered,
        }


class Week:
    """truth: by queue and day. cells: who came, by weekday and hour of the house's clock; numbers: by the number they
    called and how it ended. records: with the number of the caller."""

    def __init__(self, zone: ZoneInfo, *, days: Sequence[date] = DAYS, calls_a_day: int = 12, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self.zone = zone
        self._days_of, self._calls_a_day = days, calls_a_day
        self.cells: Counter[tuple[int, int]] = Counter()
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.truth: dict[tuple[str, date], Truth] = {}
        thought = list(self._days())
        numbers = [f"+{said.caller}" for said in thought]
        self.records: list[tuple[CallRecord, str]] = list(zip(heard(thought), numbers, strict=True))

    def whole(self) -> Truth:
        """Of all queues in all days."""
        made = Truth()
        for one in self.truth.values():
            made.ends += one.ends
            made.longest_s = max(made.longest_s, one.longest_s)
            for name in ("in_time", "soon", "waited_s", "hung_up_after_s", "talked_s", "held_s"):
                setattr(made, name, getattr(made, name) + getattr(one, name))
        return made

    def reached(self) -> list[int | None]:
        """Of all who called in vain, whole seconds to the next talk with that client; None: there was none yet."""
        found: list[int | None] = []
        for client in {number for _, number in self.records}:
            mine = [record for record, number in self.records if number == client]
            talks = sorted(one.answered for one in mine if one.answered is not None)
            owed = False
            moments = [(one.started or 0.0, 0) for one in mine if one.answered is None] + [(at, 1) for at in talks]
            for at, talked in sorted(moments):
                if talked:
                    owed = False
                elif not owed:
                    owed = True
                    found.append(next((int(talk - at) for talk in talks if talk >= at), None))
        return found

    async def keep(self, db: Database, user_id: int | None) -> None:
        """Into the journal. user_id: whose phones they are; None: nobody's."""
        async with db.write() as conn:
            for record, number in self.records:
                people = {leg.leg_id: user_id for leg in record.legs if leg.device and user_id is not None}
                await calls.save(conn, record, number=number, user_id=user_id, legs_users=people)

    def _days(self) -> Iterator[Said]:
        for day in self._days_of:
            for queue in QUEUES:
                truth = self.truth[queue, day] = Truth()
                for number in range(self._calls_a_day):
                    # the first two of a day are answered and hung up: no figure of it is without a number
                    how = ("answered", "abandoned")[number] if number < 2 else self._dice.choice(ENDS)
                    yield self._call(queue, day, how, truth)

    def _call(self, queue: str, day: date, how: str, truth: Truth) -> Said:
        wait = {"joinempty": 0, "full": 0, "timeout": 120}.get(
            how, self._dice.choice((0, 4, 5, 6, 19, 20, 21, 75, 301))
        )
        if how == "abandoned" and not truth.ends["abandoned"]:
            wait = 6  # one at least who was lost
        talk, hold = (self._dice.randrange(10, 600), self._dice.randrange(0, 60)) if how == "answered" else (0, 0)
        # anywhere in the day, its first and last second among them: calls go on over midnight
        second = self._dice.choice((0, 86_399, *(self._dice.randrange(86_400) for _ in range(6))))
        at = datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp() + second
        truth.ends[how] += 1
        here = datetime.fromtimestamp(at, self.zone)
        self.cells[here.weekday(), here.hour] += 1
        self.numbers[CALLED[queue], how if how in ("answered", "abandoned") else "others"] += 1
        truth.longest_s = max(truth.longest_s, wait)
        if how == "answered":
            truth.waited_s, truth.talked_s, truth.held_s = (
                truth.waited_s + wait,
                truth.talked_s + talk,
                truth.held_s + hold,
            )
            truth.in_time += wait <= T
        elif how == "abandoned":
            truth.hung_up_after_s += wait
            truth.soon += wait <= S
        caller = f"79355550{self._dice.randrange(100, 124)}"
        called = CALLED[queue]
        return Said(queue=queue, called=called, caller=caller, at=at, wait=wait, talk=talk, hold=hold, how=how)
