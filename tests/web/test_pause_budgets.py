"""Budgets of pauses: set by who may, from today on, with what held before kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.reports.pause_budgets import beyond, in_force
from cti.storage import duty, pause_budgets, sessions
from cti.storage.duty import Reason
from tests.web.panel import VERA, Panel, panel
from tests.web.visitor import Answer, Visitor


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        async with made.services.database.write() as conn:
            await duty.keep_reasons(
                conn, [Reason(id=0, name="Lunch", work=False), Reason(id=0, name="Tea", work=False)], 1.0
            )
        yield made


async def test_a_budget_holds_from_today_on_and_the_days_before_keep_theirs(running: Panel) -> None:
    now = running.services.clock()
    today = datetime.fromtimestamp(now, running.services.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    async with running.services.database.write() as conn:
        await pause_budgets.keep(conn, "Lunch", 60, since=today.timestamp() - 86400, now=now - 86400, user_id=VERA)
    async with Visitor(running, "vera") as vera:
        await _post(vera, ("Lunch", "30"), ("Tea", ""))
        assert 'value="30"' in (await vera.get("/settings/pauses")).text
    async with running.services.database.read() as conn:
        budgets = await pause_budgets.history(conn)
        lines = [(one.action, one.object, one.detail) for one in await sessions.notes(conn)]
    assert "Tea" not in budgets
    assert in_force(budgets, "Lunch", today.timestamp() - 1) == 60
    assert in_force(budgets, "Lunch", now) == 30
    assert in_force(budgets, "Lunch", today.timestamp() - 2 * 86400) is None
    assert ("pause-budget", "reason:Lunch", "60 -> 30") in lines


@pytest.mark.parametrize("minutes", ["-1", "x", "1441", "1e3"])
async def test_what_is_no_minutes_is_refused_in_words(running: Panel, minutes: str) -> None:
    async with Visitor(running, "vera") as vera:
        shown = await _post(vera, ("Lunch", minutes))
    assert shown.status == 409
    assert "0 to 1440" in shown.text


async def test_who_may_not_does_not_and_a_strange_reason_is_none(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        assert (await anna.get("/settings/pauses")).status == 403
    async with Visitor(running, "vera") as vera:
        assert (await _post(vera, ("Sauna", "5"))).status == 409


async def _post(visitor: Visitor, *lines: tuple[str, str]) -> Answer:
    fields = [(name, value) for line in lines for name, value in zip(("reason", "minutes"), line, strict=True)]
    fields.append(("csrf", visitor.csrf))
    return await visitor.ask("POST", "/settings/pauses", data=fields, headers={"Origin": visitor.panel.url})


@given(st.lists(st.integers(0, 900_000), max_size=40), st.integers(0, 10_000_000))
def test_what_lies_beyond_is_the_sum_less_the_budget(lengths: list[int], budget: int) -> None:
    over = beyond([(900 * place, length) for place, length in enumerate(lengths)], budget)
    assert sum(over.values()) == max(0, sum(lengths) - budget)
    assert all(0 < over[at] <= lengths[at // 900] for at in over)
