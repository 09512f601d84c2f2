"""A scheduled report as its owner sees it: made of the same Paper as the page, in his language, with his rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from cti.access import Person, Right, scope
from cti.errors import NotAllowed, Refused
from cti.features.report_letters import MadeReport
from cti.reports.paper import Paper, balance_line, plain
from cti.reports.schedule import days_of
from cti.sheets.papers import TYPES
from cti.storage.scheduled_reports import Scheduled
from web.asking import Asker
from web.i18n import N_
from web.pages import report_agents, report_outcomes, report_queues, report_tables, report_why, reports
from web.papers import made_file, words
from web.services import Services, by_sight

QUERY_CHARS = 8000
DAYS = ("since", "until", "day")  # the schedule says which


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A report that can be sent."""

    title: str
    right: Right
    paper: Callable[[Asker, Mapping[str, str]], Awaitable[Paper]]


REPORTS: Mapping[str, Sent] = {
    "queues": Sent(title=N_("Queues by numbers"), right="figures.read", paper=report_queues.paper),
    "agents": Sent(title=N_("People by numbers"), right="figures.read", paper=report_agents.paper),
    "outcomes": Sent(title=N_("Outcomes by numbers"), right="figures.read", paper=report_outcomes.paper),
    "why": Sent(title=N_("Why the level is low"), right="figures.read", paper=report_why.paper),
    "clients": Sent(title=N_("Clients by numbers"), right="reports.read", paper=reports.paper),
    **{key: Sent(title=one.title, right=one.right, paper=one.paper) for key, one in report_tables.REPORTS.items()},
}


def filters_of(text: str) -> dict[str, str]:
    """What an address asks for, without its days."""
    asked = dict(parse_qsl(text[:QUERY_CHARS]))
    return {name: value for name, value in asked.items() if name not in (*DAYS, "report", "id")}


def maker(services: Services) -> Callable[[Person, Scheduled], Awaitable[MadeReport]]:
    """What makes a report for its owner. Raises NotAllowed, Refused."""
    seen = by_sight(services)

    async def make(person: Person, one: Scheduled) -> MadeReport:
        report = REPORTS.get(one.report)
        if report is None:
            raise Refused("no-such-report", "There is no such report.")
        if scope(person, report.right) == "none":
            raise NotAllowed("Your role may not see this report; ask an admin.")
        asker = Asker(services=seen[services.sights.of(person)], person=person, language=person.language)
        since, until = days_of(one.span, asker.today)
        days = {"since": since.isoformat(), "until": until.isoformat(), "day": until.isoformat()}
        asked = {**filters_of(one.query), **days}
        paper = await report.paper(asker, asked)
        return MadeReport(
            file=f"trubka-{paper.name}.{one.format}",
            media_type=TYPES[one.format],
            data=await made_file(asker, paper, one.format),
            subject=f"{one.name}: {paper.period}",
            text="\n".join(_letter(asker, paper)),
        )

    return make


def _letter(asker: Asker, paper: Paper) -> list[str]:
    """What stands in the letter beside its file."""
    said = words(asker)
    filters = ", ".join(f"{name}: {text}" for name, text in paper.filters)
    figures = [f"{one.name}: {plain(one.value.value, one.kind, asker.language)}" for one in paper.figures]
    balance = [balance_line(paper.balance, said)] if paper.balance else []
    return [f"{paper.title}, {paper.period}", *([filters] if filters else []), *figures, *balance, said.made]


def when(asker: Asker, one: Scheduled) -> str:
    """How often and at what time, in words."""
    time = f"{one.minute // 60:02}:{one.minute % 60:02}"
    if one.every == "week":
        names = asker.say(N_("Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday")).split(",")
        return asker.say(N_("{day}, {time}"), day=names[one.day - 1], time=time)
    if one.every == "month":
        return asker.say(N_("on day {day} of the month, {time}"), day=one.day, time=time)
    return asker.say(N_("every day, {time}"), time=time)


def at(asker: Asker, moment: float | None) -> str:
    """A moment by the house's clock; "" for none."""
    return f"{datetime.fromtimestamp(moment, asker.services.zone):%d.%m.%Y %H:%M}" if moment is not None else ""
