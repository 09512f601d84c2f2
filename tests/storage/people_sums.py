"""Hours and days of people, and what is read of them, against their counted quarters added up the long way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import NUMBERS, AgentSums
from cti.storage import agent_calls, agent_figures
from cti.storage.rollup_tables import agent_days, agent_hours, agent_pause_days, agent_pauses, agent_quarters

DAY_S = 86_400


async def are_of_quarters(conn: AsyncConnection, day: int, people: Collection[int]) -> None:
    """Rows of hours and days; what is read of all time, of a day of UTC, of a local day and of odd quarters.

    day: when a day of UTC begins about which something is counted.
    """
    quarters = (await conn.execute(select(agent_quarters))).all()
    pauses = (await conn.execute(select(agent_pauses))).all()
    for table, length, rows, names in (
        (agent_hours, 3600, quarters, NUMBERS),
        (agent_days, DAY_S, quarters, NUMBERS),
        (agent_pause_days, DAY_S, pauses, ("pause_ms",)),
    ):
        wanted: dict[Any, list[int]] = defaultdict(lambda names=names: [0] * (len(names) + 1))
        for row in rows:
            own = wanted[row.at // length * length, row.user_id, getattr(row, "reason", "")]
            own[:] = [n + more for n, more in zip(own, [1, *(row._mapping[one] for one in names)], strict=True)]
        found = {
            (row.at, row.user_id, getattr(row, "reason", "")): [row._mapping[one] for one in ("quarters", *names)]
            for row in await conn.execute(select(table))
        }
        assert found == wanted, table.name
    for since, until in ((0, 1 << 33), (day, day + DAY_S), (day - 10_800, day + 75_600), (day + 5400, day + 180_900)):
        inside = [row for row in quarters if since <= row.at < until]
        whole = _added(inside, lambda row: row.user_id)
        for kind, names in (("talks", ("answered", "placed")), ("placed", ("placed",)), ("missed", ("missed",))):
            n = sum(getattr(one, name) for user_id, one in whole.items() if user_id in people for name in names)
            await _are_all(conn, kind, (since, until), people, n)
        for row in (one for one in pauses if since <= one.at < until):
            whole[row.user_id].add(AgentSums(pauses={row.reason: row.pause_ms}))
        assert await agent_figures.by_person(conn, since, until, None) == whole
        for grain_s in (900, 3600):
            if since % grain_s == 0:
                times = _added(inside, lambda row, grain_s=grain_s: row.at // grain_s * grain_s)
                assert dict(await agent_figures.by_time(conn, since, until, None, grain_s)) == times


async def _are_all(conn: AsyncConnection, kind: str, bounds: tuple[int, int], people: Collection[int], n: int) -> None:
    """Pages have each of a kind once, newest first."""
    page = await agent_calls.parts(conn, kind, *bounds, people, limit=7)
    assert page.total == n
    rows = [*page.rows]
    while page.next_cursor:
        page = await agent_calls.parts(conn, kind, *bounds, people, limit=7, cursor=page.next_cursor)
        rows += page.rows
    assert len({(row.call_id, row.key) for row in rows}) == len(rows) == n
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


def _added(rows: Iterable[Any], by: Callable[[Any], int]) -> dict[int, AgentSums]:
    made: dict[int, AgentSums] = {}
    for row in rows:
        made.setdefault(by(row), AgentSums()).add(AgentSums(**{name: row._mapping[name] for name in NUMBERS}))
    return made
