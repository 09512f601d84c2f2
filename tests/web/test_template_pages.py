"""Pages of templates and of the library: made, changed, copied, offered no more; by who may, and by nobody else."""

from __future__ import annotations

from pathlib import Path

from tests.web.panel import Browser, panel
from tests.web.visitor import Visitor


async def test_a_supervisor_keeps_templates_with_their_files(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Visitor(running, "vera") as vera, Visitor(running, "anna") as anna:
        async with Browser(running, "vera") as program:
            _, body = await program.ask("GET", "/templates/fields")
            assert "client.name" in {one["code"] for one in body}
        headers = {"Origin": running.url, "X-CSRF-Token": vera.csrf, "X-File-Name": "price.pdf"}
        brought = await vera.ask("POST", "/api/v1/library?title=Прайс", data=b"%PDF-1.4 x", headers=headers)
        assert brought.status == 201
        form = {"channel": "email", "language": "ru", "name": "Прайс-лист", "subject": "Прайс для {{client.name}}"}
        form |= {"body": "<p>Здравствуйте, {{person.name}}!</p>", "files": "1"}
        assert (await vera.post("/settings/templates", **form)).place == "/settings/templates/1?said=added"
        assert (await vera.post("/settings/templates", **form)).status == 409
        strange = form | {"name": "X", "body": "{{client.secret}}"}
        assert (await vera.post("/settings/templates", **strange)).status == 409
        shown = await vera.get("/settings/templates/1")
        assert shown.says("Здравствуйте, {{person.name}}!")
        assert shown.says("price.pdf")
        changed = form | {"version": "1", "name": "Прайс, весна"}
        assert (await vera.post("/settings/templates/1", **changed)).status == 303
        assert (await vera.post("/settings/templates/1", **changed)).says("Somebody changed this meanwhile")
        assert (await vera.get("/settings/templates/new?of=1")).says("Здравствуйте")
        assert (await vera.post("/settings/library/1", title="Прайс-лист 2026")).status == 303
        assert (await vera.get("/settings/templates")).says("Прайс-лист 2026")
        await vera.post("/settings/templates/1/retire")
        assert not (await vera.get("/settings/templates")).says("Прайс, весна")
        assert (await vera.get("/settings/templates?retired=1")).says("Прайс, весна")
        await vera.post("/settings/library/1/retire")
        assert (await vera.get("/settings/library")).says("The library is empty")
        for path in ("/settings/templates", "/settings/templates/1", "/settings/library"):
            assert (await anna.get(path)).status == 403
        assert (await vera.get("/settings")).place == "/settings/templates"
