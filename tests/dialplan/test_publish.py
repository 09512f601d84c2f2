"""Publishing to a real Asterisk: what was written runs; on any difference all is as it was before, byte by byte."""

from __future__ import annotations

import asyncio
import os
import random
import shlex
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cti.access import Person
from cti.dialplan_parts import DialplanParts, build_dialplans
from cti.errors import NotAllowed, Refused
from cti.features.dialplan_publish import Job
from cti.owned_files import NEW, OwnedFiles
from cti.passwords import installation_key
from cti.pbx import link_to
from cti.settings import OwnerSettings, Settings
from cti.storage.database import open_database
from dialplan import including
from dialplan.files import MANAGER
from dialplan.plan import End, Number, Plan
from lab.settings import CHECKOUT
from tests.dialplan.house import DID, HOUSE
from tests.dialplan.owned import CLI, OwnedPbx, cti, with_passwords
from tests.made import copied, empty

PAVEL = Person(id=0, login="pavel", name="Pavel", role="admin")
OTHER = "74950000011"
UNDONE_S = 5.0 * (3 if os.environ.get("CI") else 1)
KILLS = int(os.environ.get("LAB_KILLS", "4"))  # more by hand
HOSTILE = "x\n[evil]\nexten => _X.,1,System(id)\n#exec id\n#include /etc/passwd ; ${SHELL(id)} |)&"  # SEC-04: a name
LARGER = replace(HOUSE, numbers=(*HOUSE.numbers, Number(digits=OTHER, first="bye", title=HOSTILE)))


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedPbx]:
    with OwnedPbx(tmp_path_factory.mktemp("owned")) as one:
        yield one


@pytest.fixture
def clean(pbx: OwnedPbx) -> OwnedPbx:
    """The PBX before anything was published."""
    for one in pbx.etc.glob("trubka_*"):
        one.unlink()
    for what in ("dialplan reload", "queue reload all", "module reload res_pjsip.so"):
        pbx.console(what)
    return pbx


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    await asyncio.to_thread(copied, empty, tmp_path)
    await with_passwords(tmp_path, HOUSE)
    return tmp_path


class House:
    """A server that owns the PBX."""

    def __init__(self, parts: DialplanParts) -> None:
        self.parts = parts

    async def draft(self, plan: Plan) -> int:
        before = await self.parts.drafts.get("main")
        return (await self.parts.drafts.change(PAVEL, "main", before.revision, lambda _: plan)).revision

    async def publish(self, plan: Plan, note: str = "") -> Job:
        job = await self.parts.publisher.publish(PAVEL, "main", await self.draft(plan), note)
        return await self.over(job)

    async def over(self, job: Job) -> Job:
        async with asyncio.timeout(60):
            await job.over.wait()
        return job


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[House]:
    db = await open_database(settings.database_url)
    link = link_to(settings.pbx["main"])
    key = installation_key(settings.data)
    parts = build_dialplans(settings, db, boards={"main": link}, key=key, clock=time.time)
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(parts.publisher.run())]
    try:
        async with asyncio.timeout(10):
            while link.health().state != "up":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await parts.drafts.set_mode(PAVEL, "main", "owner")
        yield House(parts)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()


def told_by(pbx: OwnedPbx, data: Path, command: tuple[str, ...]) -> Settings:
    """The PBX's settings with another command."""
    settings = pbx.owned(data)
    main = settings.pbx["main"].model_copy(update={"owner": OwnerSettings(folder=pbx.etc, command=command)})
    return settings.model_copy(update={"pbx": {"main": main}})


@pytest.mark.lab
async def test_what_was_published_runs_and_nothing_else_was_touched(clean: OwnedPbx, data: Path) -> None:
    theirs = clean.theirs()
    async with serving(clean.owned(data)) as house:
        job = await house.publish(HOUSE, "first")
        assert (job.stage, job.why, job.said) == ("running", "", "")
        assert clean.theirs() == theirs
        assert {mode for _, mode in clean.ours().values()} == {0o640}
        assert clean.runs(DID)
        assert clean.runs("74950000099") is False, "the admin's own context comes first"
        assert "74950000099" in clean.console("dialplan show 74950000099@from-outside")
        assert job.took_ms < 5000
        call = clean.console("channel originate Local/74950000010@from-outside application Wait 60")
        assert "Error" not in call
        before = set(clean.console("core show channels concise").splitlines())
        names = {line.partition("!")[0] for line in before}
        await house.draft(LARGER)
        with (clean.etc / "trubka_queues.conf").open("a", encoding="utf-8") as file:
            file.write("; by hand\n")
        review = await house.parts.reviews.of("main")
        assert [(one.part, one.how, one.id) for one in review.changes] == [("numbers", "added", OTHER)]
        assert (review.running and review.running.number, review.edited, review.lacking, review.unwritten) == (
            1, ("trubka_queues.conf",), {}, "",
        )  # fmt: skip
        assert set(review.files) == {"trubka_extensions.conf", "trubka_queues.conf"}
        new = [line for line in review.files["trubka_extensions.conf"] if line.startswith(f"+exten => {OTHER},1,")]
        assert len(new) == 1
        assert "-; by hand" in review.files["trubka_queues.conf"]
        again = await house.publish(LARGER, "second")
        assert (again.stage, again.version) == ("running", 2)
        assert clean.runs(OTHER)
        up = {line.partition("!")[0] for line in clean.console("core show channels concise").splitlines()}
        assert names, "a call is in progress"
        assert names <= up, "and it goes on"
        clean.hang_up_all()
        back = await house.over(await house.parts.publisher.back(PAVEL, "main", 1))
        assert (back.stage, clean.runs(OTHER)) == ("running", False)
        told = [(one.number, one.state, one.of, one.note) for one in await house.parts.publisher.history("main")]
        assert told == [(3, "running", 1, ""), (2, "replaced", 0, "second"), (1, "replaced", 0, "first")]
        assert (await house.parts.drafts.get("main")).base == 2


@pytest.mark.lab
async def test_F_53_a_publish_that_cannot_stay_comes_back_by_itself(clean: OwnedPbx, data: Path) -> None:
    """A context of ours that the admin fills too, a PBX that cannot be told, one that dies in the middle."""
    async with serving(clean.owned(data)) as house:
        assert (await house.publish(HOUSE)).stage == "running"
    before, own = clean.ours(), clean.etc / "extensions.conf"
    hand = own.read_text(encoding="utf-8")
    own.write_text(hand + "[outside]\nexten => 999,1,Hangup()\n", encoding="utf-8")
    async with serving(clean.owned(data)) as house:
        began = time.monotonic()
        job = await house.publish(LARGER)
        assert time.monotonic() - began < UNDONE_S
        assert (job.stage, job.why) == ("undone", "strange")
        assert "outside,999,1" in job.said
    own.write_text(hand, encoding="utf-8")
    assert clean.ours() == before
    async with serving(told_by(clean, data, ("/bin/false",))) as house:
        job = await house.publish(LARGER)
        assert (job.stage, job.why) == ("undone", "not-read")
    assert clean.ours() == before
    killer = data / "killer"
    killer.write_text(f"#!/bin/sh\nkill -9 {clean.pid}\n")
    killer.chmod(0o755)
    async with serving(told_by(clean, data, (str(killer),))) as house:
        job = await house.publish(LARGER)
        assert (job.stage, job.why in ("not-read", "pbx-gone")) == ("undone", True), job
        with pytest.raises(Refused) as refused:
            await house.publish(LARGER)
        assert refused.value.code == "pbx-down"
    clean.kill()
    clean.start_again()
    assert clean.ours() == before
    assert (clean.runs(DID), clean.runs(OTHER)) == (True, False)


@pytest.mark.lab
async def test_an_account_that_would_lock_the_server_out_comes_back(clean: OwnedPbx, data: Path) -> None:
    """It stands in the admin's file (else nobody could publish) and in ours, which comes last and counts.

    Its address is what the PBX says of us. One that says another would be let in no more: found by signing in anew.
    """
    own = clean.etc / "manager.conf"
    hand = own.read_text(encoding="utf-8")
    own.write_text(f"{hand}\n{including.line(MANAGER)}\n", encoding="utf-8")
    try:
        async with serving(clean.owned(data)) as house:
            assert (await house.publish(HOUSE)).stage == "running"
        before = clean.ours()
        assert b"permit = 127.0.0.1/255.255.255.255" in before[MANAGER][0]
        liar = data / "liar"
        liar.write_text(
            f'#!/bin/sh\n[ "$1" = "manager show connected" ] && exec echo trubka 192.0.2.7 1 1\n'
            f'exec {shlex.join(clean.command)} "$1"\n'
        )
        liar.chmod(0o755)
        async with serving(told_by(clean, data, (str(liar),))) as house:
            job = await house.publish(LARGER)
            assert (job.stage, job.why) == ("undone", "locked-out"), job.said
            assert "refuses user trubka" in job.said
        assert clean.ours() == before
        async with serving(clean.owned(data)) as house:  # it signs in anew
            assert (await house.publish(LARGER)).stage == "running"
    finally:
        own.write_text(hand, encoding="utf-8")
        clean.console("manager reload")


@pytest.mark.lab
async def test_what_stands_in_the_way_is_said_before_anything_is_written(clean: OwnedPbx, data: Path) -> None:
    async def refused(what: Callable[[], Awaitable[object]]) -> Refused:
        with pytest.raises(Refused) as caught:
            await what()
        assert not clean.ours()
        return caught.value

    async with serving(clean.owned(data)) as house:
        publisher = house.parts.publisher
        assert (await refused(lambda: house.publish(replace(HOUSE, queues=())))).code == "plan-faults"
        person = replace(HOUSE.people[0], extension="150", devices=("new",))
        without = replace(HOUSE, people=(*HOUSE.people, person))
        assert "has no password" in str(await refused(lambda: house.publish(without)))
        own = clean.etc / "queues.conf"
        text = own.read_text(encoding="utf-8")
        own.write_text(text.replace('#tryinclude "trubka_queues.conf"', ""), encoding="utf-8")
        lacking = await refused(lambda: house.publish(HOUSE))
        own.write_text(text, encoding="utf-8")
        assert (lacking.code, lacking.where) == ("no-includes", 'queues.conf: #tryinclude "trubka_queues.conf"')
        revision = await house.draft(HOUSE)
        assert (await refused(lambda: publisher.publish(PAVEL, "main", revision - 1))).code == "draft-changed"
        with OwnedFiles(folder=clean.etc, sounds=None, kept=data / "dialplans/main").alone() as alone:
            assert alone
            told = await asyncio.to_thread(cti, clean, data, "publish")
            assert (told.returncode, told.stderr) == (
                1, "cti: Somebody is publishing just now: wait until that is over.\n",
            )  # fmt: skip
            assert (await refused(lambda: publisher.publish(PAVEL, "main", revision))).code == "publishing"
        with pytest.raises(NotAllowed):
            await publisher.publish(replace(PAVEL, role="supervisor"), "main", revision)
        await house.parts.drafts.set_mode(PAVEL, "main", "guest")
        assert (await refused(lambda: publisher.publish(PAVEL, "main", revision))).code == "a-guest"


@pytest.mark.lab
async def test_F_53_a_publish_killed_at_any_moment_leaves_all_old_or_all_new(clean: OwnedPbx, data: Path) -> None:
    """kill -9 of the publishing process, from just before the files are renamed to just after the PBX has them."""
    slow = data / "slow"
    slow.write_text(f'#!/bin/sh\nsleep 0.1\nexec {shlex.join(clean.command)} "$1"\n')
    slow.chmod(0o755)
    files: dict[int, Mapping[str, tuple[bytes, int]]] = {}
    plans = (HOUSE, LARGER)
    async with serving(clean.owned(data)) as house:
        for place, plan in enumerate((*plans, HOUSE)):
            assert (await house.publish(plan)).stage == "running"
            files[place % 2] = clean.ours()
        await house.draft(LARGER)
    for _ in range(KILLS):
        await asyncio.to_thread(_killed, clean, data, str(slow), random.uniform(0, 0.3))
        async with serving(clean.owned(data)) as house:
            async with asyncio.timeout(20):
                while any(one.state == "publishing" for one in await house.parts.publisher.history("main")):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            running = await house.parts.publisher.running("main")
            assert running is not None
            now = plans.index(running[1])
            assert clean.ours() == files[now], "the history tells what is on the disk: all of one, nothing of another"
            assert clean.runs(OTHER) == (now == 1), "and the PBX runs it"
            assert not list(clean.etc.glob(f"*{NEW}"))
            await house.draft(plans[1 - now])
    async with serving(clean.owned(data)) as house:  # it lives while the command line is killed
        await asyncio.to_thread(_killed, clean, data, str(slow), 0)
        assert (await house.publish(LARGER)).stage == "running"
        cut = (await house.parts.publisher.history("main"))[1]
        assert (cut.state, cut.why) == ("undone", "cut-off")


def _killed(pbx: OwnedPbx, data: Path, slow: str, after_s: float) -> None:
    """`cti dialplan publish`, killed so long after its journal says that files are on the way."""
    child = subprocess.Popen(
        [*CLI, "dialplan", "publish"], cwd=CHECKOUT, env=pbx.environment(data, slow), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (data / "dialplans/main/journal.json").exists() and child.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    with suppress(subprocess.TimeoutExpired):
        child.wait(after_s)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(10)


@pytest.mark.lab
async def test_a_saved_call_that_takes_another_way_holds_a_publish_up(clean: OwnedPbx, data: Path) -> None:
    async with serving(clean.owned(data)) as house:
        await house.draft(HOUSE)
        saved = await asyncio.to_thread(
            cti, clean, data, "trace", DID, "--at", "2026-11-23 10:30", "--keys", "1", "--save", "Monday"
        )
        assert saved.stdout.splitlines()[-1] == "Saved as 1."
        end = tuple(End(id="sales") if one.id == "sales" else one for one in HOUSE.nodes)
        other = replace(HOUSE, nodes=end, queues=())
        with pytest.raises(Refused) as refused:
            await house.publish(other)
        assert (refused.value.code, refused.value.where) == ("traces-changed", "Monday")
        (one,) = await house.parts.traces.look("main", other)
        assert [node for node, _ in one.takes] == ["", "when", "menu", "sales"]
        await house.parts.traces.accept(PAVEL, "main", other, one.id)
        assert not [each for each in await house.parts.traces.look("main", other) if each.changed]
