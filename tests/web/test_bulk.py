"""Changes of many clients over HTTP: chosen ones and all that is found, how far, refused ones, stopped, taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cti.access import Person
from cti.clients.card import ClientDraft
from cti.storage import bulk, runs, users
from tests.web.panel import VERA, Browser, Panel, panel

MANY = 6_000  # in the base, of whom every third is found
FOUND = {"q": "", "filters": [{"field": "note", "op": "filled"}]}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


async def filled(desk: Panel, count: int = MANY) -> list[int]:
    """Many clients; every third has a note."""
    ids: list[int] = []
    for start in range(0, count, 3_000):
        drafts = [ClientDraft(name=f"Клиент {n}", note="" if n % 3 else "старая") for n in range(start, start + 3_000)]
        async with desk.services.db.write() as conn:
            ids += await bulk.insert_many(conn, drafts, {}, now=1.0, user_id=None, batch="b0", source="test")
    return ids


async def made(who: Browser, **fields: Any) -> int:
    status, body = await who.ask("POST", "/clients", {"name": "Клиент"} | fields)
    assert status == 201, body
    return int(body["id"])


async def becomes(who: Browser, batch: str, fits: Callable[[Any], bool]) -> dict[str, Any]:
    """The change as soon as it fits."""
    async with asyncio.timeout(40):
        while True:
            status, run = await who.ask("GET", f"/clients/bulk/{batch}")
            assert status == 200, run
            if fits(run):
                return dict(run)
            await asyncio.sleep(0.05)


def over(run: Any) -> bool:
    return run["state"] not in ("waiting", "running", "undoing")


async def noted(who: Browser, word: str) -> int:
    """How many clients have this note."""
    filters = f'[{{"field":"note","op":"is","value":"{word}"}}]'
    _, body = await who.ask("GET", f"/clients/grid/count?filters={filters}")
    return int(body["total"])


async def test_a_few_are_changed_at_once_and_taken_back_after_a_new_sign_in(desk: Panel, vera: Browser) -> None:
    ids = [await made(vera, name=f"Клиент {n}") for n in range(3)]
    status, run = await vera.ask("POST", "/clients/bulk", {"ids": ids[:2], "set": {"note": "важный"}})
    assert (status, run["state"], run["changed"], run["total"]) == (202, "done", 2, 2)
    async with Browser(desk, "vera") as again:
        _, (known,) = await again.ask("GET", "/clients/bulk")
        assert (known["id"], known["set"], known["by"], known["may_undo"]) == (
            run["id"], {"note": "важный"}, "Vera", True,
        )  # fmt: skip
        status, back = await again.ask("POST", f"/clients/bulk/undo/{run['id']}")
        assert (status, back["state"]) == (202, "undoing")
        assert (await becomes(again, run["id"], over))["state"] == "undone"
        status, refusal = await again.ask("POST", f"/clients/bulk/undo/{run['id']}")
        assert (status, refusal["type"]) == (409, "/problems/nothing-to-undo")
    assert [(await vera.ask("GET", f"/clients/{one}"))[1]["note"] for one in ids] == ["", "", ""]


async def test_all_that_is_found_is_changed_beside_the_panel_and_taken_back(desk: Panel, vera: Browser) -> None:
    await filled(desk)
    waits: list[float] = []

    async def beside() -> None:
        while True:
            before = time.perf_counter()
            async with desk.services.db.write() as conn:
                await users.change(conn, VERA, name="Vera")
            waits.append(time.perf_counter() - before)
            await asyncio.sleep(0.02)

    status, run = await vera.ask("POST", "/clients/bulk", {"found": FOUND, "set": {"note": "новая"}})
    assert (status, run["state"], run["total"]) == (202, "waiting", None)
    working = asyncio.create_task(beside())
    done = await becomes(vera, run["id"], over)
    working.cancel()
    assert (done["state"], done["rows"], done["total"], done["changed"]) == ("done", MANY // 3, MANY // 3, MANY // 3)
    assert (await noted(vera, "новая"), await noted(vera, "старая")) == (MANY // 3, 0)
    assert max(waits) < 1.5  # other writers have their turn
    _, again = await vera.ask("POST", "/clients/bulk", {"found": FOUND, "set": {"note": "новая"}})
    same = await becomes(vera, again["id"], over)
    assert (same["changed"], same["unchanged"], same["may_undo"]) == (0, MANY // 3, False)
    await vera.ask("POST", f"/clients/bulk/undo/{run['id']}")
    assert (await becomes(vera, run["id"], over))["state"] == "undone"
    assert (await noted(vera, "новая"), await noted(vera, "старая")) == (0, MANY // 3)


async def test_a_change_is_stopped_in_the_middle_and_what_was_done_can_be_taken_back(
    desk: Panel, vera: Browser
) -> None:
    await filled(desk)
    everybody: dict[str, Any] = {"q": "", "filters": []}
    _, run = await vera.ask("POST", "/clients/bulk", {"found": everybody, "set": {"time_zone": "Asia/Omsk"}})
    _, next_ = await vera.ask("POST", "/clients/bulk", {"found": everybody, "set": {"time_zone": "Europe/Moscow"}})
    assert (await vera.ask("POST", f"/clients/bulk/cancel/{next_['id']}"))[0] == 200  # while it waits
    await becomes(vera, run["id"], lambda one: one["rows"] > 0)
    assert (await vera.ask("POST", f"/clients/bulk/cancel/{run['id']}"))[0] == 200
    stopped = await becomes(vera, run["id"], over)
    assert (stopped["state"], 0 < stopped["changed"] < MANY, stopped["total"]) == ("cancelled", True, MANY)
    status, refusal = await vera.ask("POST", f"/clients/bulk/cancel/{run['id']}")
    assert (status, refusal["type"]) == (409, "/problems/not-running")
    await vera.ask("POST", f"/clients/bulk/undo/{run['id']}")
    assert (await becomes(vera, run["id"], over))["state"] == "undone"
    _, body = await vera.ask("GET", '/clients/grid/count?filters=[{"field":"time_zone","op":"filled"}]')
    assert body["total"] == 0
    waited = await becomes(vera, next_["id"], over)
    assert (waited["state"], waited["changed"]) == ("cancelled", 0)


async def test_who_cannot_have_it_is_named_with_the_reason_and_the_others_have_it(vera: Browser) -> None:
    person = await made(vera, name="Иванов", kind="person", inn="500100732259")
    firm = await made(vera, name="Фирма", kind="sole-trader")
    _, run = await vera.ask("POST", "/clients/bulk", {"ids": [person, firm, 999_999], "set": {"kind": "company"}})
    assert (run["state"], run["changed"], run["refused"]) == ("done", 1, 1)
    _, told = await vera.ask("GET", f"/clients/bulk/{run['id']}")
    (fault,) = told["faults"]
    assert (fault["client_id"], fault["name"], "INN" in fault["why"]) == (person, "Иванов", True)
    kinds = [(await vera.ask("GET", f"/clients/{one}"))[1]["kind"] for one in (person, firm)]
    assert kinds == ["person", "company"]


@pytest.mark.parametrize(
    ("fields", "status", "what"),
    [
        ({"name": "x"}, 422, "body.set"),
        ({"version": 1}, 422, "body.set"),
        ({"kind": "robot"}, 422, "body.set.kind"),
        ({"note": 5}, 422, "body.set.note"),
        ({}, 422, "body.set"),
        ({"region_id": 99}, 409, "/problems/bad-directory"),
        ({"responsible_id": 99}, 409, "/problems/no-person"),
        ({"properties": {"77": 1}}, 409, "/problems/bad-property"),
    ],
)
async def test_what_is_not_set_for_many(vera: Browser, fields: dict[str, Any], status: int, what: str) -> None:
    one = await made(vera)
    got, body = await vera.ask("POST", "/clients/bulk", {"ids": [one], "set": fields})
    assert (got, body["type"] if got == 409 else body["where"]) == (status, what)
    assert (await vera.ask("POST", "/clients/bulk", {"ids": [], "set": {"note": "x"}}))[1]["where"] == "body.ids"
    assert (await vera.ask("GET", "/clients/bulk"))[1] == []


async def test_an_agent_sees_and_takes_back_his_own_a_supervisor_everybodys(desk: Panel, vera: Browser) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "boris") as boris:
        one = await made(anna)
        _, run = await anna.ask("POST", "/clients/bulk", {"ids": [one], "set": {"note": "моя"}})
        assert (await boris.ask("GET", "/clients/bulk"))[1] == []
        for method, path in (("GET", ""), ("POST", "/undo"), ("POST", "/cancel")):
            assert (await boris.ask(method, f"/clients/bulk{path}/{run['id']}"))[0] == 404
        assert [(known["by"], known["mine"]) for known in (await vera.ask("GET", "/clients/bulk"))[1]] == [
            ("Anna", False)
        ]
        assert (await vera.ask("POST", f"/clients/bulk/undo/{run['id']}"))[0] == 202
        assert (await becomes(vera, run["id"], over))["state"] == "undone"


async def test_what_ran_when_the_server_died_has_failed_and_can_be_taken_back(desk: Panel, vera: Browser) -> None:
    one = await made(vera)
    async with desk.services.db.write() as conn:
        await runs.begin(conn, "change", "0" * 16, user_id=VERA, title='{"note":"x"}', now=1.0, total=9)
    vera_herself = Person(id=VERA, login="vera", name="Vera", role="supervisor")
    await desk.services.client_base.change_many(vera_herself, [one], {"note": "x"}, "0" * 16, after_part=_counted)
    await desk.services.bulk_changes.start()
    _, run = await vera.ask("GET", f"/clients/bulk/{'0' * 16}")
    assert (run["state"], run["changed"], run["may_undo"]) == ("failed", 1, True)
    await vera.ask("POST", f"/clients/bulk/undo/{'0' * 16}")
    await becomes(vera, "0" * 16, over)
    assert (await vera.ask("GET", f"/clients/{one}"))[1]["note"] == ""


async def _counted(conn: Any, done: Any) -> None:
    await runs.count(conn, "0" * 16, done.counts, done.faults)
