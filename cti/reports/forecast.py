"""What a half hour of a queue usually has: the median of the same weekday and half hour of the weeks before. PURE.

Holidays are left out, and days on which nobody at all came: then there are no figures, not none who called. With fewer
than FEWEST days nothing is said: two days are no habit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from cti.reports.queue_sums import QueueSums

WEEKS, MOST_WEEKS, FEWEST = 8, 26, 3
FEW_CALLS = 10  # fewer of them make no mean length of a half hour: that of the whole days is taken
FEW_LOST = 5  # fewer who hung up say nothing of how long people wait
Label = str  # 09:30; 02:30' where an hour comes twice
Day = Mapping[Label, QueueSums]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """calls: entered, of a half hour. handling_s: of an answered call, None: nobody was answered."""

    calls: float
    handling_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """slots: by half hour, empty where there is too little history. patience_s: mean wait until somebody hangs up.

    days: those it is made of, newest first; holidays, silent: of the same weekday and left out.
    """

    slots: Mapping[Label, Usual]
    patience_s: float | None
    days: Sequence[date]
    holidays: Sequence[date]
    silent: Sequence[date]

    @property
    def is_enough(self) -> bool:
        """Whether anything may be said."""
        return len(self.days) >= FEWEST


def days_before(day: date, weeks: int) -> list[date]:
    """The same weekday of the weeks before, newest first."""
    return [day - timedelta(days=7 * n) for n in range(1, weeks + 1)]


def forecast(day: date, weeks: int, history: Mapping[date, Day], holidays: Collection[date]) -> Forecast:
    """Of a day, from its history: the sums of half hours by day; half hours without calls may be left out."""
    asked = days_before(day, weeks)
    off = [one for one in asked if one in holidays]
    silent = [one for one in asked if one not in holidays and not any(s.entered for s in history.get(one, {}).values())]
    days = [one for one in asked if one not in off and one not in silent]
    whole = [sums for one in days for sums in history[one].values()]
    labels = sorted({label for one in days for label in history[one]})
    enough = len(days) >= FEWEST
    return Forecast(
        slots={label: _usual(label, [history[one] for one in days], whole) for label in labels} if enough else {},
        patience_s=patience(whole),
        days=days,
        holidays=off,
        silent=silent,
    )


def _usual(label: Label, days: Sequence[Day], whole: Sequence[QueueSums]) -> Usual:
    here = [one.get(label, QueueSums()) for one in days]
    own = handling(here) if sum(one.answered for one in here) >= FEW_CALLS else handling(whole)
    return Usual(calls=float(median(one.entered for one in here)), handling_s=own)


def handling(some: Sequence[QueueSums]) -> float | None:
    """Mean seconds of talk, hold and work after the call."""
    answered = sum(one.answered for one in some)
    return sum(one.talk_ms + one.hold_ms + one.wrap_ms for one in some) / answered / 1000 if answered else None


def patience(some: Sequence[QueueSums]) -> float | None:
    """Mean seconds until somebody hangs up, were he never answered: all waits by how many hung up.

    None: too few did to say. The estimate of greatest likelihood for exponential patience, answered calls censored.
    """
    lost = sum(one.abandoned - one.abandoned_untimed for one in some)
    waited_ms = sum(one.wait_ms + one.abandoned_ms for one in some)
    return waited_ms / lost / 1000 if lost >= FEW_LOST and waited_ms else None
