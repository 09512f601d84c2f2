"""A large plan (500 numbers, 2,000 extensions, 100 queues) on a real Asterisk: reviewed in the panel and published.

How long the event loop was held meanwhile by work of ours: the longest of all its turns, as its own delay or as the
processor time that this process had in it, whichever is less (another program on the machine is not our doing).
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cti.access import Person
from cti.settings import PbxSettings
from dialplan.plan import Plan
from tests.bench import SHORT, report
from tests.bench.dialplan import large
from tests.dialplan.owned import OwnedPbx, with_passwords
from tests.made import copied
from tests.web.panel import Browser, Panel, cast, panel
from web.compiling import compile_ahead

PAVEL = Person(id=0, login="pavel", name="Pavel", role="admin")
BEAT_S = 0.001
TIMES = 1 if SHORT else 3


class Loop:
    """Turns of the event loop. held_ms: the longest since it was last asked for."""

    def __init__(self) -> None:
        self._held = 0.0

    async def beat(self) -> None:
        """For ever."""
        while True:
            begun, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(BEAT_S)
            late = min(time.perf_counter() - begun - BEAT_S, time.process_time() - used)
            self._held = max(self._held, late)

    def held_ms(self) -> float:
        """Asked for once, it is forgotten."""
        held, self._held = self._held, 0.0
        return max(held * 1000, 0.001)


class House:
    """A panel with the PBX, and somebody who looks at its pages in another process."""

    def __init__(self, site: Panel, browser: Browser) -> None:
        self._site, self._browser = site, browser
        self._services = site.services

    async def draft(self, plan: Plan) -> int:
        drafts = self._services.dialplan_drafts
        before = await drafts.get("main")
        return (await drafts.change(PAVEL, "main", before.revision, lambda _: plan)).revision

    async def look(self, path: str) -> None:
        told = ("-sf", "-o", "/dev/null", "-H", f"Cookie: {self._browser.cookie}")
        process = await asyncio.create_subprocess_exec("curl", *told, f"{self._site.url}{path}")
        assert await process.wait() == 0, path

    async def publish(self, revision: int) -> int:
        job = await self._services.dialplan_publish.publish(PAVEL, "main", revision)
        await job.over.wait()
        assert job.stage == "running", (job.why, job.said)
        return job.took_ms


@asynccontextmanager
async def serving(data: Path, pbx: PbxSettings) -> AsyncIterator[House]:
    async with panel(data, sections={"pbx": {"main": pbx}}, filled=True) as site, Browser(site, "pavel") as browser:
        ahead = asyncio.create_task(compile_ahead(site.app, after_s=0.0))
        await site.services.dialplan_drafts.set_mode(PAVEL, "main", "owner")
        await ahead
        gc.freeze()  # as the server has it
        yield House(site, browser)


async def measured(pbx: OwnedPbx, data: Path) -> None:
    plan = large()
    other = replace(
        plan, numbers=plan.numbers[:-3], queues=tuple(replace(one, ring_s=one.ring_s + 1) for one in plan.queues)
    )
    await asyncio.to_thread(copied, cast, data)
    await with_passwords(data, plan)
    loop = Loop()
    reviewed, published, took = [], [], []
    async with serving(data, pbx.owned(data).pbx["main"]) as house:
        beating = asyncio.create_task(loop.beat())
        for turn in range(TIMES):
            revision = await house.draft(other if turn % 2 else plan)
            loop.held_ms()
            for path in ("/dialplan/review", "/dialplan"):
                await house.look(path)
            reviewed.append(loop.held_ms())
            took.append(await house.publish(revision))
            published.append(loop.held_ms())
        beating.cancel()
    report("publish: the event loop held in a review, large plan", max(reviewed), "ms", limit="< 50")
    report("publish: the event loop held in a publish, large plan", max(published), "ms", limit="< 50")
    report("publish: to verified, large plan", max(took) / 1000, "s", limit="< 5")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with OwnedPbx(Path(folder) / "pbx") as pbx:
            asyncio.run(measured(pbx, data))


if __name__ == "__main__":
    main()
