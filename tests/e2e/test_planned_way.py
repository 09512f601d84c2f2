"""Calls through a generated plan on the real PBX: their way in words, what is decided by the client, his mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.planned import DID, channels, planned, press
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_routing import device_is

pytestmark = pytest.mark.lab
NOVIKOV, NOVIKOV_RAW = "+79355550419", "79355550419"
STRANGER, ALHIMOV = "+79355550806", "+79355550101"


@pytest.fixture(scope="module")
def server(server: Server, pbx: Pbx) -> Iterator[Server]:
    with planned(pbx):
        yield server


async def way(desk: Desk, call: str) -> list[str]:
    """Its steps in the trace, without what was decided about cards."""
    rows = await desk.api("GET", f"/trace/{call}")
    return [row["step"] for row in rows if row["step"].startswith(("way-", "route-"))]


async def came(desk: Desk, call: str, *steps: str) -> list[str]:
    """The way of a call as soon as it has come to these steps: the dialplan's own and the answers that it was given
    come by two links, and either may be told first.
    """

    async def there() -> list[str] | None:
        found = await way(desk, call)
        return found if set(steps) <= set(found) else None

    return await until(there, why=f"{call} comes to {steps}")


def _parted(steps: list[str]) -> tuple[list[str], list[str]]:
    """Steps of the dialplan, and answers that it was given."""
    return [one for one in steps if one.startswith("way-")], [one for one in steps if one.startswith("route-")]


async def test_the_way_of_a_call_is_in_its_trace_and_his_mark_with_it(server: Server, street: Street, pbx: Pbx) -> None:
    phone = await street.phone("101")
    async with Desk(server, "vera") as vera, Desk(server, "anna") as anna:
        expression = {"match": "all", "conditions": [{"field": "name", "op": "is", "value": "Новиков Денис"}]}
        body = {"name": "Золотые", "expression": expression, "tag": "vip", "priority": 7}
        segment = await vera.api("POST", "/segments", body, status=201)
        client = await street.call(DID, caller=NOVIKOV_RAW)
        await street.do(press, pbx, "1")
        pop = await anna.pop(NOVIKOV)
        told = await street.do(pbx.console, f"core show channel {next(iter(channels(pbx)))}")
        assert "QUEUE_PRIO=12" in str(told), "seven of the segment and five of the step"
        call = pop["call"]["id"]
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        await anna.call_is("talking", call)
        await street.do(phone.hang_up)
        await street.do(press, pbx, "4")
        await street.do(client.wait_over)
        assert _parted(await came(vera, call, "way-End", "route-tags")) == (
            ["way-ByList", "way-ByHours", "way-hours-open", "way-Menu", "way-key", "way-ByClient", "way-Say",
             "way-ToQueue", "way-Score", "way-End"],
            ["route-client", "route-no-manager", "route-tags"],
        )  # fmt: skip

        async def kept() -> dict[str, Any] | None:
            row: dict[str, Any] = await vera.api("GET", f"/calls/{call}")
            return row if row["score"] and row["outcome"] else None

        row = await until(kept, why="the mark is kept")
        assert (row["score"], row["outcome"]) == (4, "answered")
        assert "4 из 5" in await vera.text(f"/calls/{call}")
        await vera.api("DELETE", f"/segments/{segment['id']}", status=200)


async def test_lists_decide_at_the_number_and_the_trace_says_why(server: Server, street: Street, pbx: Pbx) -> None:
    await street.phone("101")
    async with Desk(server, "vera") as vera, Desk(server, "anna") as anna:
        listed = await vera.api("POST", "/number-lists", {"number": STRANGER, "list": "black", "reason": "угрозы"})
        client = await street.call(DID, caller=STRANGER.removeprefix("+"))
        assert await street.do(client.wait_over) == "refused"

        async def refused() -> dict[str, Any] | None:
            found = await vera.api("GET", f"/calls?number=%2B{STRANGER.removeprefix('+')}")
            return next((row for row in found["rows"] if row["outcome"]), None)

        call = (await until(refused, why="it is in the journal"))["id"]
        ways, routes = _parted(await came(vera, call, "way-End", "route-unknown"))
        assert (ways[0], routes) == ("way-ByList", ["route-black", "route-unknown"])
        assert "Номер в чёрном списке: угрозы." in await vera.text(f"/calls/{call}")
        body = {"number": "+7935*", "list": "white", "reason": "свои"}
        white = await vera.api("POST", "/number-lists", body, status=201)
        await vera.api("DELETE", f"/number-lists/{listed['id']}", status=200)
        before = max((one["seq"] for one in anna.all("screen_pop")), default=0)
        await street.call(DID, caller=STRANGER.removeprefix("+"))
        pop = await anna.pop(STRANGER, after=before)
        told = await street.do(pbx.console, f"core show channel {next(iter(channels(pbx)))}")
        assert "QUEUE_PRIO=50" in str(told), "it goes first, whatever the hours"
        ways, _ = _parted(await came(vera, pop["call"]["id"], "way-ToQueue"))
        assert ways[-1] == "way-ToQueue"
        await vera.api("DELETE", f"/number-lists/{white['id']}", status=200)


async def test_his_manager_is_rung_first_for_so_long_and_then_the_queue(
    server: Server, street: Street, pbx: Pbx
) -> None:
    phone = await street.phone("101")
    async with Desk(server, "anna") as anna:
        await device_is(anna, "101", "idle")
        await street.call(DID, caller=ALHIMOV.removeprefix("+"))
        await street.do(press, pbx, "1")
        pop = await anna.pop(ALHIMOV)
        found = await came(anna, pop["call"]["id"], "way-ToQueue", "route-manager")
        assert [step for step in found if step.startswith("way-To")] == ["way-ToManager", "way-ToQueue"]
        await until(lambda: len(phone.calls) == 2, why="by the manager's step, and by the queue's")
