"""The filters that a scheduled report was begun with, in the words of its page."""

from __future__ import annotations

from collections.abc import Mapping

from cti.storage import users
from web import kpi_texts
from web.asking import Asker
from web.i18n import N_
from web.pages import reports
from web.pages.report_tables import REPORTS

LABELS: Mapping[str, str] = {
    "rows": N_("Rows"),
    "by": N_("Columns"),
    "step": N_("Interval"),
    "queue": N_("Queue"),
    "team": N_("Team"),
    "user": N_("Person"),
    "compare": N_("Compare"),
    "since2": N_("With days from"),
    "until2": N_("With days to"),
    "team2": N_("With the team"),
    "begins": N_("From, o'clock"),
    "ends": N_("Until, o'clock"),
    "target": N_("Target, %"),
    "weeks": N_("History, weeks"),
    "agents": N_("Agents"),
    "calls": N_("Calls"),
    "handling": N_("Length of a call"),
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "rows": {"time": N_("by time"), "queues": N_("by queue"), "people": N_("by person")},
    "by": {"people": N_("by person"), "queues": N_("by queue")},
    "step": dict(kpi_texts.STEPS),
    "compare": {
        "1": N_("with the period before"),
        "year": N_("with a year before"),
        "days": N_("with days of choice"),
        "team": N_("with a team"),
    },
}


class Filters:
    """teams, people: names by id."""

    def __init__(self, asker: Asker, teams: Mapping[int, str], people: Mapping[int, str]) -> None:
        self._asker = asker
        self._names: Mapping[str, Mapping[int, str]] = {"team": teams, "team2": teams, "user": people}

    async def said(self, report: str, asked: Mapping[str, str]) -> list[tuple[str, str]]:
        """What is chosen, and how."""
        if report == "clients":
            return await reports.filters_said(self._asker, asked)
        own = REPORTS[report].choices if report in REPORTS else ()
        chosen = {name: (label, dict(values(self._asker))) for name, label, values, _ in own}
        found = []
        for name, value in asked.items():
            label, values = chosen.get(name, (LABELS.get(name, ""), {}))
            if label and value:
                found.append((self._asker.say(label), values.get(value) or self._value(name, value)))
        return found

    def _value(self, name: str, value: str) -> str:
        if name in self._names:
            return self._names[name].get(int(value) if value.isascii() and value.isdigit() else 0, "–")
        known = VALUES.get(name, {})
        return self._asker.say(known[value]) if value in known else value[:80]


async def filters(asker: Asker) -> Filters:
    """Ready to say them."""
    async with asker.services.db.read() as conn:
        teams, people = await users.team_names(conn), {one.id: one.name for one in await users.every(conn)}
    return Filters(asker, teams, people)
