"""Rules in the panel: made, looked at before they work, switched on and stopped; by who may, and by nobody else."""

from __future__ import annotations

from pathlib import Path

from tests.web.panel import Browser, panel
from tests.web.visitor import Visitor

FORM = {
    "event": "new-client", "name": "Новый клиент", "task": "Позвонить: {{client.name}}", "delay": "2", "unit": "h",
    "hours": "yes", "begins": "10:00", "ends": "17:30", "weekdays": "1",
}  # fmt: skip


async def test_a_rule_is_looked_at_and_then_switched_on(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Visitor(running, "vera") as vera, Visitor(running, "anna") as anna:
        async with Browser(running, "vera") as program:
            await program.ask("POST", "/clients", {"name": "Алхимов"})
        tried = await vera.post("/settings/rules", **FORM, act="try")
        assert tried.says("Позвонить: Алхимов")
        assert tried.says('value="10:00"'), "what was typed stays"
        assert (await vera.get("/settings/rules")).says("No rule yet"), "a trial makes nothing"
        assert (await vera.post("/settings/rules", **FORM)).place == "/settings/rules/1?said=added"
        assert (await vera.post("/settings/rules", **FORM)).says("There is a rule of this name already")
        assert (await vera.post("/settings/rules", **(FORM | {"name": "X", "task": ""}))).status == 409
        again = FORM | {"version": "1", "name": "Новый"}
        assert (await vera.post("/settings/rules/1", **again)).status == 303
        assert (await vera.post("/settings/rules/1", **again)).says("Somebody changed this meanwhile")
        await vera.post("/settings/rules/1/works", works="1")
        assert (await vera.get("/settings/rules")).says("works")
        await vera.post("/settings/rules/1/works", works="0")
        assert (await vera.get("/settings/rules/1")).says("Switch it on")
        assert (await vera.get("/settings/rules/1/log")).says("It has done nothing yet")
        for event in ("missed-call", "contract-ends", "changed", "date"):
            assert (await vera.get(f"/settings/rules/new?event={event}")).status == 200
        change = FORM | {"event": "changed", "name": "Стал опт", "field": "note", "op": "contains", "value": '"опт"'}
        tried = await vera.post("/settings/rules", **change, act="try")
        assert tried.says('name="op" value="contains"'), "what was chosen stays"
        assert (await vera.post("/settings/rules", **(change | {"value": "опт"}))).says(
            "Say what the field has to become"
        )
        assert (await vera.post("/settings/rules", **change)).place == "/settings/rules/2?said=added"
        for path in ("/settings/rules", "/settings/rules/1", "/settings/rules/1/log"):
            assert (await anna.get(path)).status == 403
        assert (await vera.post("/settings/rules/1/delete")).place.endswith("said=removed")
        assert (await vera.get("/settings/rules/1")).status == 404
