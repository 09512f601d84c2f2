"""All faults of a draft in one list, each leading to where it is put right."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from dialplan import edits
from dialplan.fault import Fault
from dialplan.plan import Plan
from web.i18n import N_
from web.pages.dialplan import HERE, draft_of, link, shown
from web.plan_forms import KINDS, Kind
from web.routes import Route

OFFICE = ("bad-code", "code-", "key-clash", "slot-inside", "bad-slots", "spy-nobody")
PEOPLE = ("person-twice", "device-twice")
MOST = 500


async def show(request: web.Request) -> web.Response:
    """The list."""
    draft = await draft_of(request)
    places = Places(draft.plan) if draft.faults else None
    rows = [(fault, places.of(request, fault) if places else "") for fault in draft.faults[:MOST]]
    more = max(len(draft.faults) - MOST, 0)
    return shown(request, "faults.html", draft, title=N_("Faults"), rows=rows, more=more)


class Places:
    """Where things of a plan are edited."""

    def __init__(self, plan: Plan) -> None:
        self._numbers = {one.digits for one in plan.numbers}
        self._hours = {one.id for one in plan.hours}
        self._lists = {part: _keys(kind, plan) for part, kind in KINDS.items()}
        phones = {name: one.extension for one in plan.people for name in (*one.devices, *one.browsers)}
        self._people = phones | {one.extension: one.extension for one in plan.people}
        self._flows: dict[str, str] = {}
        for digits, steps in edits.steps_of_all(plan, plan.numbers).items():
            for id_ in steps:
                self._flows.setdefault(id_, digits)
        self._any = plan.numbers[0].digits if plan.numbers else ""
        self._steps = {node.id for node in plan.nodes}

    def of(self, request: web.Request, fault: Fault) -> str:
        """The address of a fault's place, "" where it has none."""
        at = fault.at
        if fault.code.startswith(OFFICE) or at == "announcement":
            return link(request, "/office")
        if fault.code in PEOPLE:
            return link(request, "/people", q=at)
        for part, known in self._lists.items():
            if at in known and part != "groups" and fault.code.startswith(KINDS[part].codes):
                return link(request, f"/{part}", open=known[at])
        if at in self._numbers:
            return link(request, f"/numbers/{quote(at, safe='')}", step="number")
        if at in self._steps:
            return self.step(request, at)
        if at in self._hours:
            return link(request, f"/hours/{quote(at, safe='')}")
        for part, known in self._lists.items():
            if at in known:
                return link(request, f"/{part}", open=known[at])
        return link(request, f"/people/{quote(self._people[at], safe='')}") if at in self._people else ""

    def step(self, request: web.Request, id_: str) -> str:
        """The address of a step, in the flow of a number that it is on the way of; "" without any number."""
        flow = self._flows.get(id_, self._any)
        return link(request, f"/numbers/{quote(flow, safe='')}", step=id_) if flow else ""


def _keys(kind: Kind, plan: Plan) -> dict[str, str]:
    """What faults call the things of a list -> what its addresses call them."""
    return {(str(key) if kind.key else one.prefix): str(key) for key, one in kind.keyed(plan)}


ROUTES = (Route("GET", HERE + "/faults", show, "dialplan.read", "staff"),)
