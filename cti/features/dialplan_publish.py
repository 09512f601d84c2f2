"""Publishing a dialplan: the files are put in place, read by the PBX, and looked at; or all is as it was before.

The order: faults, saved calls, includes; files beside the old, renamed; the PBX reads them (the local command of the
settings: an argument list, no shell); what it has is compared with what was written, step by step. On any difference
the old files come back and are read again, and the version says why. What was on the way when a process ended is put
back by the next start. One publishes at a time, whatever the process. Calls in progress are left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import structlog

from cti import plan_json
from cti.access import Person, may
from cti.errors import NotAllowed, Refused, StorageError
from cti.owned_files import NotPlaced, OwnedFiles, digest
from cti.owned_pbx import READ_BY, Has, OwnedPbx
from cti.storage import dialplan_versions as versions
from cti.storage import sessions
from cti.storage.database import Database
from cti.storage.dialplan_versions import Version
from dialplan import including
from dialplan.faults import Fault
from dialplan.faults import faults as faults_of
from dialplan.files import files
from dialplan.plan import Plan
from dialplan.site import Site
from dialplan.site_faults import site_faults

TOLD = 5  # differences that are told of one publish
NOTE_CHARS = 500
Stage = Literal["waiting", "writing", "reading", "looking", "going-back", "running", "undone"]
OVER: tuple[Stage, ...] = ("running", "undone")
log = structlog.get_logger()


class Plans(Protocol):
    """Drafts and the secrets of a PBX, as the drafts keep them."""

    async def drafted(self, pbx: str) -> tuple[Plan, int]: ...
    async def owned(self, pbx: str) -> bool: ...
    async def secrets(self, pbx: str) -> dict[str, str]: ...


@dataclass(frozen=True, kw_only=True)
class Home:
    """A PBX whose dialplan may be ours. site: what a plan does not say; sounds: files of it by their places."""

    name: str
    files: OwnedFiles
    pbx: OwnedPbx
    site: Callable[[Plan, Mapping[str, str], Has], Site]
    sounds: Callable[[Plan], Mapping[str, Path]] = lambda _plan: {}


@dataclass(kw_only=True)
class Job:
    """A publish and how far it is. why, said: code and what about it, where it was taken back."""

    pbx: str
    version: int
    plan: Plan
    site: Site
    drafted: int | None
    began: float
    held: ExitStack
    stage: Stage = "waiting"
    why: str = ""
    said: str = ""
    took_ms: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Undone(Exception):
    """It cannot stay. why: code; said: what about it."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(f"{why}: {said}")
        self.why, self.said = why, said


class Publisher:
    """All of it. changed: titles of saved calls that take another way in a plan.

    again_s: between looks for what another process left that ended.
    """

    def __init__(
        self,
        *,
        db: Database,
        plans: Plans,
        homes: Mapping[str, Home],
        changed: Callable[[str, Plan], Awaitable[list[str]]],
        clock: Callable[[], float],
        again_s: float = 30.0,
    ) -> None:
        self._db = db
        self._again_s = again_s
        self._plans = plans
        self._homes = homes
        self._changed = changed
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._asked: asyncio.Queue[Job] = asyncio.Queue()
        self._right = asyncio.Event()  # what a process left that ended is put right

    async def run(self) -> None:
        """What a process that ended left is put back; then publish what is asked, one after another.

        Another process (the command line) may end in the middle too: that is looked for again and again.
        """
        while True:
            for name in self._homes:
                try:
                    await self.recover(name)
                except (StorageError, NotPlaced) as error:
                    log.error("a publish that was cut off is not put right", pbx=name, reason=str(error))
            self._right.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._again_s):
                    job = await self._asked.get()
                await self._publish(job)

    def job(self, pbx: str) -> Job | None:
        """The last publish of this process."""
        return self._jobs.get(pbx)

    async def publish(self, actor: Person, pbx: str, revision: int, note: str = "", *, author: str = "") -> Job:
        """Begin to publish the draft of this revision. author: who has no account.

        Raises Refused: `draft-changed`, `publishing`, and what stands in the way of the plan; NotAllowed.
        """
        home = await self._home(actor, pbx)
        plan, drafted = await self._plans.drafted(pbx)
        if drafted != revision:
            raise Refused("draft-changed", "Somebody changed the draft meanwhile: look at it as it is now.")
        changed = await self._changed(pbx, plan)
        if changed:
            where = "; ".join(changed[:TOLD])
            raise Refused(
                "traces-changed", "A saved call takes another way: accept it, or change the draft.", where=where
            )
        return await self._begin(actor, home, plan, note=note, of=0, drafted=drafted, author=author)

    async def back(self, actor: Person, pbx: str, number: int, note: str = "", *, author: str = "") -> Job:
        """Begin to publish what a version was. Saved calls do not hold it up. Raises as publish, and `no-version`."""
        home = await self._home(actor, pbx)
        async with self._db.read() as conn:
            body = await versions.body(conn, pbx, number)
        if body is None:
            raise Refused("no-version", "There is no such version.")
        return await self._begin(
            actor,
            home,
            await asyncio.to_thread(plan_json.read, body),
            note=note,
            of=number,
            drafted=None,
            author=author,
        )

    async def site(self, pbx: str, plan: Plan) -> Site:
        """What the plan does not say, with what the PBX says of itself while it can be asked."""
        home = self._homes[pbx]
        return home.site(plan, await self._plans.secrets(pbx), await home.pbx.says())

    async def recover(self, pbx: str) -> bool:
        """Put right what a process left that ended in the middle; whether there was something."""
        home = self._homes[pbx]
        async with self._db.read() as conn:
            left = await versions.unfinished(conn, pbx)
        if not left and await asyncio.to_thread(home.files.on_the_way) is None:
            return False  # the lock is left to those who publish
        with home.files.alone() as alone:
            if not alone:
                return False
            said = ""
            journal = await asyncio.to_thread(home.files.on_the_way)
            async with self._db.read() as conn:
                left = await versions.unfinished(conn, pbx)
                version = await versions.get(conn, pbx, journal.version) if journal else None
            if journal and version and version.state == "running":
                await asyncio.to_thread(home.files.stand)
            elif journal:
                names = await asyncio.to_thread(home.files.back)
                said = await home.pbx.read_again()
                log.warning("a publish was cut off: the files before it are back", pbx=pbx, files=names)
            async with self._db.write() as conn:
                for number in left:
                    await versions.undo(conn, pbx, number, "cut-off-unread" if said else "cut-off", said)
        return bool(left or journal)

    # Before -----------------------------------------------------------------------------------------------------------
    async def _home(self, actor: Person, pbx: str) -> Home:
        if not may(actor, "dialplan.publish"):
            raise NotAllowed("Your role may not publish dialplans.")
        if pbx not in self._homes or not await self._plans.owned(pbx):
            raise Refused("a-guest", "The dialplan of this PBX is not ours: choose so first.")
        await self._right.wait()
        return self._homes[pbx]

    async def _begin(
        self, actor: Person, home: Home, plan: Plan, *, note: str, of: int, drafted: int | None, author: str
    ) -> Job:
        """Everything that can be refused is refused here; what is wrong later is undone."""
        with suppress(NotPlaced):  # then it is refused below
            await self.recover(home.name)
        if not home.pbx.is_there:
            raise Refused("pbx-down", "No link to the PBX: what it has could not be looked at.")
        wrong = [one for one in await asyncio.to_thread(faults_of, plan) if one.weight == "error"]
        if wrong:
            raise Refused("plan-faults", "The plan has faults.", where=_first(wrong))
        site = await self.site(home.name, plan)
        try:
            await asyncio.to_thread(files, plan, site)
            home.sounds(plan)
        except ValueError as error:
            raise Refused("plan-unwritten", f"The plan cannot be written: {error}.", where=str(error)) from None
        wrong = [one for one in await asyncio.to_thread(site_faults, plan, site) if one.weight == "error"]
        if any(one.code == "no-voicemail" for one in wrong):
            raise Refused("pbx-without-voicemail", "The plan has mailboxes, and this PBX has no voicemail.")
        if wrong:
            raise Refused("plan-faults", "The plan has faults.", where=_first(wrong))
        lacking = await asyncio.to_thread(including.lacking, home.files.text, including.needed(plan))
        if lacking:
            where = "; ".join(f"{file}: {line}" for file, line in lacking.items())
            raise Refused("no-includes", f"The PBX does not read our files yet: {where}", where=where)
        return await self._hold(actor, home, plan, site, note=note, of=of, drafted=drafted, author=author)

    async def _hold(
        self, actor: Person, home: Home, plan: Plan, site: Site, *, note: str, of: int, drafted: int | None, author: str
    ) -> Job:
        held = ExitStack()
        try:
            if not held.enter_context(home.files.alone()):
                raise Refused("publishing", "Somebody is publishing just now: wait until that is over.")
            if await asyncio.to_thread(home.files.on_the_way) is not None:
                raise Refused("cut-off", "A publish was cut off and is not put right yet: start the server again.")
            begun, user_id, body = self._clock(), actor.id or None, await asyncio.to_thread(plan_json.write, plan)
            async with self._db.write() as conn:
                number = await versions.begin(
                    conn, home.name, body, note=" ".join(note.split())[:NOTE_CHARS], of=of,
                    user_id=user_id, author=author, now=begun,
                )  # fmt: skip
                await sessions.note(conn, begun, user_id, "dialplan-publish", f"pbx:{home.name}", f"version {number}")
        except BaseException:
            held.close()
            raise
        job = Job(pbx=home.name, version=number, plan=plan, site=site, drafted=drafted, began=begun, held=held)
        self._jobs[home.name] = job
        self._asked.put_nowait(job)
        return job

    # During -----------------------------------------------------------------------------------------------------------
    async def _publish(self, job: Job) -> None:
        home = self._homes[job.pbx]
        with job.held:
            try:
                await self._place(job, home)
            except Undone as undone:
                job.why, job.said = undone.why, undone.said
                await self._go_back(job, home)
            finally:
                job.over.set()

    async def _place(self, job: Job, home: Home) -> None:
        job.stage = "writing"
        wanted = await asyncio.to_thread(files, job.plan, job.site)
        try:
            sounds = home.sounds(job.plan)
            fresh = await asyncio.to_thread(home.files.put, job.version, wanted, sounds)
        except (NotPlaced, ValueError) as error:
            raise Undone("disk", str(error)) from None
        job.stage = "reading"
        said = await home.pbx.read_again(fresh or READ_BY)
        if said:
            raise Undone("not-read", said)
        job.stage = "looking"
        read = await asyncio.to_thread(including.included, home.files.text)
        found = await home.pbx.look(job.plan, job.site, {name: wanted[name] for name in sorted(read)})
        if found:
            raise Undone(found[0].code, "; ".join(f"{one.where} {one.what}".strip() for one in found[:TOLD]))
        try:
            changed = await asyncio.to_thread(home.files.differs, wanted, sounds)
        except NotPlaced as error:
            raise Undone("disk", str(error)) from None
        if changed:
            raise Undone("changed", ", ".join(changed[:TOLD]))
        job.took_ms = round((self._clock() - job.began) * 1000)
        digests = await asyncio.to_thread(lambda: {name: digest(text) for name, text in wanted.items()})
        try:
            async with self._db.write() as conn:
                await versions.settle(
                    conn, job.pbx, job.version, digests=digests, took_ms=job.took_ms, drafted=job.drafted
                )
        except StorageError as error:
            raise Undone("storage", str(error)) from None
        await asyncio.to_thread(home.files.stand)
        job.stage = "running"
        log.info("dialplan published", pbx=job.pbx, version=job.version, ms=job.took_ms)

    async def _go_back(self, job: Job, home: Home) -> None:
        job.stage = "going-back"
        try:
            if await asyncio.to_thread(home.files.back):
                said = await home.pbx.read_again()
                job.said += f" | {said}" if said else ""
        except NotPlaced as error:
            job.said += f" | {error}"
        log.warning("dialplan not published", pbx=job.pbx, version=job.version, why=job.why)
        try:
            async with self._db.write() as conn:
                await versions.undo(conn, job.pbx, job.version, job.why, job.said)
        except StorageError as error:
            log.warning("not told in the history", pbx=job.pbx, version=job.version, reason=str(error))
        job.stage = "undone"

    # After ------------------------------------------------------------------------------------------------------------
    async def history(self, pbx: str) -> list[Version]:
        """Versions, newest first."""
        async with self._db.read() as conn:
            return await versions.every(conn, pbx)

    async def running(self, pbx: str) -> tuple[Version, Plan] | None:
        """The version that runs, with its plan."""
        async with self._db.read() as conn:
            now = await versions.running(conn, pbx)
            body = await versions.body(conn, pbx, now.number) if now else None
        return (now, await asyncio.to_thread(plan_json.read, body)) if now and body is not None else None

    async def plan_of(self, pbx: str, number: int) -> Plan:
        """The plan of a version. Raises Refused `no-version`."""
        async with self._db.read() as conn:
            body = await versions.body(conn, pbx, number)
        if body is None:
            raise Refused("no-version", "There is no such version.")
        return await asyncio.to_thread(plan_json.read, body)


def _first(wrong: Sequence[Fault]) -> str:
    return "; ".join(f"{one.code} {one.at} {one.what}".strip() for one in wrong[:TOLD])
