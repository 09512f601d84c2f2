"""A week that is known: six days made from their figures, on the seventh a minute of a real Asterisk.

What is true of the minute is what the PBX's own queue log tells, in whole seconds: the reports may differ from it by
the second of the clock for each call, and in no count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cti.storage import queue_calls, users
from cti.storage.database import open_database
from lab.callers import Caller
from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.made import address, in_a_thread
from tests.simulated_week import QUEUES, S, T, Truth, Week
from tests.web.test_report_tables import table

pytestmark = pytest.mark.lab
SALES = "74950000001"
LATE, LOST, SOON, QUICK = (f"7935555068{n}" for n in range(4))


@pytest.fixture(scope="module")
def week() -> Week:
    """The six days before today, where the day does not end amid the minute."""
    zones = map(ZoneInfo, ("Europe/Moscow", "Asia/Novosibirsk"))
    zone = next(one for one in zones if datetime.now(one).hour < 23)
    today = datetime.now(zone).date()
    return Week(zone, days=[today - timedelta(days=n) for n in range(6, 0, -1)])


@pytest.fixture(scope="module")
def server(pbx: Pbx, week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = pbx.settings() | {"CTI_AGENTS__WRAP_UP_S": "0", "CTI_NUMBERS__TIME_ZONE": week.zone.key}
    one = Server(tmp_path_factory.mktemp("data"), settings).prepare()
    in_a_thread(worked(one, week))
    with one:
        yield one


async def worked(server: Server, week: Week) -> None:
    """Anna has worked for six days."""
    db = await open_database(address(server.data))
    async with db.read() as conn:
        anna = next(person.id for person in await users.every(conn) if person.login == "anna")
    await week.keep(db, anna)
    await db.close()


async def minute(street: Street) -> None:
    """One waits longer than T, one gives up meanwhile, one at once, and one is picked up at once."""
    phone = await street.phone("101")
    late = await entered(street, LATE)
    await street.do(phone.wait, "ringing")
    lost = await entered(street, LOST)
    await after(street, LOST, S + 3)
    await street.do(lost.hang_up)
    await after(street, LATE, T + 3)
    await talk(street, phone, late, LATE)
    soon = await entered(street, SOON)
    await street.do(soon.hang_up)
    await until(lambda: line_of(street.pbx, SOON, "ABANDON"), why="he gave up at once")
    await street.do(phone.wait, "idle")
    quick = await entered(street, QUICK)
    await street.do(phone.wait, "ringing")
    await talk(street, phone, quick, QUICK)


async def entered(street: Street, number: str) -> Caller:
    client = await street.call(SALES, caller=number)
    await until(lambda: line_of(street.pbx, number, "ENTERQUEUE"), why=f"{number} waits in the queue")
    return client


async def after(street: Street, number: str, seconds: float) -> None:
    """So long after he came into the queue, by the PBX's clock."""
    at = float(line_of(street.pbx, number, "ENTERQUEUE")[0]) + seconds
    await until(lambda: time.time() >= at, why="the time has come")


async def talk(street: Street, phone: Phone, client: Caller, number: str) -> None:
    """Some seconds, then the client hangs up."""
    await street.do(phone.answer)
    connected = await until(lambda: line_of(street.pbx, number, "CONNECT"), why="they talk")
    await until(lambda: time.time() >= float(connected[0]) + 3, why="they have talked")
    await street.do(client.hang_up)
    await until(lambda: line_of(street.pbx, number, "COMPLETE"), why="the PBX has it over")
    await street.do(phone.wait, "idle")


def line_of(pbx: Pbx, number: str, event: str) -> list[str]:
    """The queue log's line of this event of the client's call; empty: it is not there yet."""
    lines = [line.split("|") for line in (pbx.home / "log/queue_log").read_text().splitlines()]
    calls = {line[1] for line in lines if line[4] == "ENTERQUEUE" and number in line}
    return next((line for line in lines if line[1] in calls and line[4].startswith(event)), [])


def told(pbx: Pbx) -> Truth:
    """The minute, as the PBX has written it down."""
    made = Truth()
    for number in (LATE, QUICK):
        waited, talked = (int(line_of(pbx, number, "COMPLETE")[place]) for place in (5, 6))
        made.ends["answered"] += 1
        made.in_time += waited <= T
        made.waited_s, made.talked_s = made.waited_s + waited, made.talked_s + talked
        made.longest_s = max(made.longest_s, waited)
    for number in (LOST, SOON):
        waited = int(line_of(pbx, number, "ABANDON")[7])
        made.ends["abandoned"] += 1
        made.soon += waited <= S
        made.hung_up_after_s += waited
    return made


async def test_the_reports_are_the_week_and_its_real_minute(
    server: Server, street: Street, pbx: Pbx, week: Week
) -> None:
    async with Desk(server, "vera") as vera:
        await minute(street)

        async def kept() -> list[str] | None:
            found = [await vera.api("GET", f"/calls?number=%2B{one}") for one in (LATE, LOST, SOON, QUICK)]
            ended = [row["id"] for one in found for row in one["rows"] if not row["open"]]
            return ended if len(ended) == 4 else None

        await until(kept, why="the journal has the minute")
        real, made = told(pbx), week.whole()
        assert (real.in_time, real.soon) == (1, 1)  # as it was meant
        days = sorted({day for _, day in week.truth})
        today = days[-1] + timedelta(days=1)
        period = f"since={days[0]}&until={today}"
        await until(lambda: counted(vera, period), why="the reports have counted it")
        for queue in QUEUES:
            found = await vera.api("GET", f"/reports/queues?{period}&queue={queue}&step=day")
            assert (found["left"], found["difference"], len(found["lines"])) == (0, 0, 7)
            for day, line in zip(days, found["lines"], strict=False):
                same(line["sums"]["counts"], week.truth[queue, day], 0)
            same(found["lines"][-1]["sums"]["counts"], real if queue == "sales" else Truth(), 2)
        report = await vera.api("GET", f"/reports/queues?{period}&rows=queues")
        counts, entered_ = report["total"]["counts"], len(week.records) + 4
        assert (counts["entered"], report["difference"]) == (entered_, 0)
        level = (made.in_time + 1) / (made.ends["answered"] + made.ends["abandoned"] + 4 - made.soon - 1)
        assert report["total"]["figures"]["service-level"] == pytest.approx(level)
        where = f"since={report['lines'][0]['since']}&until={report['lines'][0]['until']}&limit=500"
        for kind in queue_calls.KINDS.keys() & counts.keys():
            behind = await vera.api("GET", f"/reports/queues/calls?what={kind}&{where}")
            assert (behind["total"], len(behind["rows"])) == (counts[kind], counts[kind]), kind
        people = await vera.api("GET", f"/reports/agents?{period}")
        [anna] = [line for line in people["lines"] if line["counts"]["answered"]]
        assert (anna["counts"]["answered"], anna["difference_ms"]) == (made.ends["answered"] + 2, 0)
        for page in ("hours", "numbers"):
            async with vera.http.get(f"{server.url}/reports/{page}?{period}") as answer:
                total = table(await answer.text())[-1]
            assert int(total[-1] if page == "hours" else total[1]) == entered_


async def counted(vera: Desk, period: str) -> bool:
    """Whether nothing is left to be counted, as the reports say themselves."""
    queues = await vera.api("GET", f"/reports/queues?{period}", status=200)
    people = await vera.api("GET", f"/reports/agents?{period}", status=200)
    return bool(queues["left"] == people["left"] == 0)


def same(counts: dict[str, int], truth: Truth, ends: int) -> None:
    """ends: of so many calls each length may be a second off."""
    assert {end: counts[end] for end in ("answered", "abandoned", "timeout", "full", "joinempty", "diverted")} == {
        end: truth.ends[end] for end in ("answered", "abandoned", "timeout", "full", "joinempty", "diverted")
    }
    assert (counts["in_t"], counts["short"], counts["waiting"]) == (truth.in_time, truth.soon, 0)
    lengths = {"wait_ms": truth.waited_s, "abandoned_ms": truth.hung_up_after_s, "talk_ms": truth.talked_s}
    for name, seconds in lengths.items():
        assert abs(counts[name] - seconds * 1000) <= ends * 1000, name
