"""Figures as people read them: shares, lengths, how they stand to another side and to their targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from babel.numbers import format_decimal, format_percent

from cti.reports.kpi import Unit
from cti.reports.targets import Targets, in_force, reached
from web.asking import Asker
from web.comparing import Beside, trend
from web.render import duration
from web.texts import N_

AGAIN = N_("{time} (second time)")  # an hour that the clock goes through twice
ARROWS: Mapping[str, str] = {"up": "▲", "down": "▼", "same": "="}
TRENDS: Mapping[str, str] = {"better": N_("better"), "worse": N_("worse"), "": ""}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A figure against its target. said: a sentence, so that colour is not all that tells."""

    good: bool
    said: str


class Words:
    """The words of one reader."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._language = asker.language

    def say(self, text: str, **values: object) -> str:
        return self._asker.say(text, **values)

    def number(self, value: float | None, unit: Unit) -> str:
        """A figure as it is read; – where there is nothing to reckon it from."""
        if value is None:
            return "–"
        if unit == "share":
            return format_percent(value, "#,##0.0 %", self._language)
        return duration(value) if value >= 60 else self.say(N_("{n} s"), n=format_decimal(value, "0.0", self._language))

    def decimal(self, number: float | None) -> str:
        """`4.5`; – where there is none."""
        return "–" if number is None else format_decimal(number, "#,##0.##", self._language)

    def whole(self, number: int) -> str:
        return format_decimal(number, "#,##0", self._language)

    def change(self, key: str, unit: Unit, now: float | None, other: float | None) -> tuple[str, str]:
        """How a figure stands to the other side: `▲ 3.1 p.p. (better)` and better, worse or nothing."""
        way, kind = trend(key, now, other)
        if not way or now is None or other is None:
            return "", ""
        if way == "same":
            return self.say(N_("as much")), ""
        if unit == "share":
            n = format_decimal(abs(now - other) * 100, "0.0", self._language)
            much = self.say(N_("{n} p.p."), n=n)
        else:
            much = self.number(abs(now - other), unit)
        judged = f" ({self.say(TRENDS[kind])})" if kind else ""
        return f"{ARROWS[way]} {much}{judged}", kind

    def held(
        self, targets: Targets, key: str, unit: Unit, whose: str, since: float, value: float | None
    ) -> Held | None:
        """A figure against the target that was in force when its time began; None where there is none of both."""
        target = in_force(targets, key, whose, since)
        if target is None or value is None:
            return None
        good = reached(key, value, target)
        said = N_("target {value}: reached") if good else N_("target {value}: not reached")
        return Held(good=good, said=self.say(said, value=self.number(target, unit)))

    def other_side(self, beside: Beside, teams: Mapping[int, str]) -> str:
        """What the report is held against."""
        if beside.kind == "team":
            return self.say(N_("team “{name}”"), name=teams.get(beside.team_id or 0, "–"))
        return f"{beside.since:%d.%m.%Y} – {beside.until:%d.%m.%Y}"
