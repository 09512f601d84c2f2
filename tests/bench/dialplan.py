"""A large PBX as a plan: 500 numbers, 2,000 extensions, 100 queues found fault with and written; calls walked through.

The bound of a publish's beginning is 2 s, that of a trace 20 ms.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dialplan.faults import faults
from dialplan.files import files
from dialplan.office import CODES, Group
from dialplan.plan import ByHours, Menu, Number, Person, Plan, Queue, ToGroup, ToQueue
from dialplan.site import Site
from dialplan.site_faults import site_faults
from dialplan.trace import Asked, trace
from dialplan.words import way
from tests.bench import SHORT, report
from tests.dialplan.house import AGI, HOUSE, MOSCOW

NUMBERS, PEOPLE, QUEUES = (10, 40, 4) if SHORT else (500, 2000, 100)
TIMES = 1 if SHORT else 5
AT = datetime(2026, 11, 23, 10, 30, tzinfo=MOSCOW)


def large(numbers: int = NUMBERS, people: int = PEOPLE, queues: int = QUEUES) -> Plan:
    """A plan of that size: each number with hours, a menu and two queues, each queue with a group behind it."""
    hours = HOUSE.hours[0]
    last = next(node for node in HOUSE.nodes if node.id == "box")
    nodes = [last]
    for one in range(queues):
        again = (one + 1) % queues
        nodes += [
            ByHours(id=f"when{one}", hours=hours.id, open=f"menu{one}", closed="box"),
            Menu(id=f"menu{one}", sound="beep", choices=(("1", f"q{one}"), ("2", f"q{again}")), otherwise=f"g{one}"),
            ToQueue(id=f"q{one}", queue=f"queue-{one}", otherwise=f"g{one}"),
            ToGroup(id=f"g{one}", group=f"group-{one}", otherwise="box"),
        ]
    extensions = [str(20_000 + one) for one in range(people)]
    return replace(
        HOUSE,
        nodes=tuple(nodes),
        numbers=tuple(Number(digits=str(74950010000 + one), first=f"when{one % queues}") for one in range(numbers)),
        people=tuple(
            Person(extension=one, name=f"Сотрудник {one}", devices=(one,), browsers=(f"{one}-web",), voicemail=True)
            for one in extensions
        ),
        queues=tuple(Queue(name=f"queue-{one}", number=str(6000 + one)) for one in range(queues)),
        groups=tuple(Group(id=f"group-{one}", people=tuple(extensions[one::queues])) for one in range(queues)),
        codes=replace(CODES, echo="6990"),
    )


def site(plan: Plan) -> Site:
    """Its passwords."""
    devices = [device for one in plan.people for device in (*one.devices, *one.browsers)]
    boxes = [*(one.extension for one in plan.people), *(one.number for one in plan.boxes)]
    return Site(
        agi=AGI,
        caller_id="74950000010",
        secrets={**dict.fromkeys(devices, "secret"), **{f"box-{one}": "1234" for one in boxes}},
    )


def main() -> None:
    plan = large()
    where = site(plan)
    assert faults(plan) == ()
    assert site_faults(plan, where) == ()
    report("dialplan: faults, large plan", _ms(lambda: faults(plan)), "ms", limit="2000 together")
    report(
        "dialplan: faults at the site, large plan", _ms(lambda: site_faults(plan, where)), "ms", limit="2000 together"
    )
    report("dialplan: files, large plan", _ms(lambda: files(plan, where)), "ms", limit="2000 together")
    number = plan.numbers[-1]
    asked = Asked(number=number.digits, at=AT, keys=("2",))
    report("dialplan: trace, large plan", _ms(lambda: trace(plan, asked)), "ms", limit="20")
    inside = Asked(number="79350000001", at=AT, caller=plan.people[-1].extension)
    report("dialplan: trace of a colleague, large plan", _ms(lambda: trace(plan, inside)), "ms", limit="20")
    report("dialplan: a way in words, large plan", _ms(lambda: way(plan, number.first)), "ms")


def _ms(work: Callable[[], object]) -> float:
    """The middle of several times, in milliseconds."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
