"""`cti dialplan`: a PBX's plan from the terminal: shown, looked over, traced, published, gone back to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar
from zoneinfo import ZoneInfo

import click

from cti import logs, plan_json
from cti.access import Person
from cti.channels.phone.ami import AmiLink
from cti.cli import examples, settings_of
from cti.cli.operator import login
from cti.dialplan_parts import DialplanParts, build_dialplans, site_of
from cti.errors import CtiError, Refused
from cti.features.dialplan_publish import Job
from cti.features.dialplan_traces import asked_at
from cti.passwords import installation_key
from cti.pbx import link_to
from cti.settings import Settings
from cti.storage.database import open_database
from dialplan import masks
from dialplan.files import files
from dialplan.plan import Plan
from dialplan.trace import Asked
from web.dialplan_names import Names
from web.i18n import N_, say, say_many
from web.publish_texts import WHYS

T = TypeVar("T")
UP_S, TRY_S, OVER_S = 6.0, 0.02, 90.0
OPERATOR = Person(id=0, login="cli", name="", role="admin")
PBX = click.option("--pbx", default="", help="Which PBX, by its name in the settings; else the only one, or the first.")
RUNNING = click.option("--running", is_flag=True, help="What runs, instead of the draft.")
NOTE = click.option("--note", default="", help="What the history says of it.")
WEIGHTS = {"error": N_("fault"), "warning": N_("warning")}
TAKES_ANOTHER = N_("the kept call {n} “{title}” takes another way: {way}")
IMPORTED = N_("The draft of {pbx} is at revision {n}")


class _At:
    """What a command works with."""

    def __init__(self, settings: Settings, parts: DialplanParts, pbx: str) -> None:
        self.settings, self.parts, self.pbx = settings, parts, pbx

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.numbers.time_zone)

    async def plan(self, running: bool) -> Plan:
        """The draft, or what runs. Raises Refused."""
        if not running:
            return (await self.parts.drafts.get(self.pbx)).plan
        now = await self.parts.publisher.running(self.pbx)
        if now is None:
            raise Refused("nothing-runs", f"Nothing was published for {self.pbx} yet.")
        return now[1]


@click.group(
    epilog=examples(
        "cti dialplan show",
        "cti dialplan trace 74950000003 --at '2026-11-29 19:30' --caller +79355550101",
        "cti dialplan lint && cti dialplan publish --note 'new year hours'",
        "cti dialplan history",
        "cti dialplan back 12",
        "cti dialplan export plan.json",
    )
)
def command() -> None:
    """A PBX's dialplan: show, lint, trace, publish, go back."""


@command.command(epilog=examples("cti dialplan show", "cti dialplan show --running --pbx spb"))
@PBX
@RUNNING
@click.pass_context
def show(ctx: click.Context, pbx: str, running: bool) -> None:
    """Each number and the way it leads, in words."""

    async def work(at: _At) -> None:
        from web.dialplan_way import way_in_words

        plan = await at.plan(running)
        mode = await at.parts.drafts.mode(at.pbx)
        click.echo(
            f"{at.pbx} ({mode}): {len(plan.people)} people, {len(plan.queues)} queues, {len(plan.routes)} routes"
        )
        for one in plan.numbers:
            title = f" ({one.title})" if one.title else ""
            click.echo(f"{one.digits}{title}: {way_in_words(plan, one.first, at.settings.language)}")

    _with(ctx, pbx, work)


@command.command(epilog=examples("cti dialplan lint"))
@PBX
@click.pass_context
def lint(ctx: click.Context, pbx: str) -> int:
    """What is wrong with the draft; status 1 where it cannot be published."""

    async def work(at: _At) -> int:
        draft = await at.parts.drafts.get(at.pbx)
        names = Names(draft.plan, at.settings.language)
        language = at.settings.language
        for one in draft.faults:
            click.echo(f"{say(language, WEIGHTS[one.weight])}: {names.fault(one)} [{one.at}]")
        changed = [one for one in await at.parts.traces.look(at.pbx, draft.plan) if one.changed]
        for saved in changed:
            told = say(language, TAKES_ANOTHER, n=saved.id, title=saved.title, way=_short(saved.takes))
            click.echo(f"{say(language, WEIGHTS['error'])}: {told}")
        errors = sum(one.weight == "error" for one in draft.faults) + len(changed)
        warnings = len(draft.faults) + len(changed) - errors
        click.echo(f"{_faults(language, errors)}, {say_many(language, '{n} warning', '{n} warnings', warnings)}")
        return 1 if errors else 0

    return _with(ctx, pbx, work)


@command.command(epilog=examples("cti dialplan render /tmp/plan", "cti dialplan render /tmp/plan --running"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@PBX
@RUNNING
@click.option("--secrets", is_flag=True, help="With the passwords of phones; else they are masked.")
@click.pass_context
def render(ctx: click.Context, folder: Path, pbx: str, running: bool, secrets: bool) -> None:
    """Write the files of the PBX into FOLDER, to be looked at."""

    async def work(at: _At) -> dict[str, str]:
        plan = await at.plan(running)
        given = await at.parts.drafts.secrets(at.pbx) if secrets else masks.blank(plan)
        try:
            made = files(plan, site_of(at.settings, at.pbx, plan, given))
        except ValueError as error:
            raise Refused("plan-unwritten", f"The plan cannot be written: {error}.") from None
        return {name: text if secrets else masks.masked(text) for name, text in made.items()}

    made = _with(ctx, pbx, work)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(str(folder / name))


@command.command(
    epilog=examples(
        "cti dialplan trace 74950000003 --at '2026-11-29 19:30'",
        "cti dialplan trace 74950000003 --keys 1,2 --answers sales --running",
        "cti dialplan trace 74950000003 --caller +79355550101 --manager 101 --save 'Sunday evening'",
    )
)
@click.argument("number")
@PBX
@click.option("--at", "when", default="", help="When: 2026-11-29 19:30 on the clock of the house; else now.")
@click.option("--caller", default="", help="Whose number calls.")
@click.option("--keys", default="", help="What he presses, menu by menu: 1,2.")
@click.option("--answers", default="", help="Steps at which somebody answers, by their ids: sales,clara.")
@click.option("--tag", "tags", multiple=True, help="A tag that the client has; several times for several.")
@click.option("--manager", default="", help="The client's manager, where he has one.")
@click.option("--busy", is_flag=True, help="The manager is not free.")
@click.option("--draft/--running", "draft", default=True, help="The draft (as usual), or what runs.")
@click.option("--save", "title", default="", help="Keep the call under this title; each publish looks at it.")
@click.pass_context
def trace_(
    ctx: click.Context, number: str, pbx: str, when: str, caller: str, keys: str, answers: str, tags: tuple[str, ...],
    manager: str, busy: bool, draft: bool, title: str,
) -> None:  # fmt: skip
    """Walk a call to NUMBER through the plan: every step that it takes, and why."""

    async def work(at: _At) -> None:
        plan = await at.plan(not draft)
        asked = Asked(
            number=number.removeprefix("+"),
            at=asked_at(when, at.zone, time.time()),
            caller=caller,
            keys=tuple(one for one in keys.split(",") if one),
            answers=frozenset(one for one in answers.split(",") if one),
            tags=frozenset(tags),
            manager=manager,
            manager_free=not busy,
        )
        names = Names(plan, at.settings.language)
        for place, one in enumerate(await at.parts.traces.walk(at.pbx, plan, asked)):
            step = names.step(one.node) if one.node else names.kind(one.kind)
            click.echo(f"{place}. {step}: {names.why(one)}" + (f" [{one.node}]" if one.node else ""))
        if title:
            id_ = await at.parts.traces.save(OPERATOR, at.pbx, plan, asked, title)
            click.echo(f"Saved as {id_}.")

    _with(ctx, pbx, work)


command.add_command(trace_, "trace")


@command.command(
    epilog=examples("cti dialplan traces", "cti dialplan traces --accept 3", "cti dialplan traces --remove 3")
)
@PBX
@click.option("--accept", type=int, help="The way that this saved call takes in the draft is right from now on.")
@click.option("--remove", type=int, help="Forget this saved call.")
@click.pass_context
def traces(ctx: click.Context, pbx: str, accept: int | None, remove: int | None) -> None:
    """Saved calls, and whether the draft treats them as expected."""

    async def work(at: _At) -> None:
        plan, kept = await at.plan(running=False), at.parts.traces
        if accept is not None:
            await kept.accept(OPERATOR, at.pbx, plan, accept)
        if remove is not None:
            await kept.remove(OPERATOR, at.pbx, remove)
        for one in await kept.look(at.pbx, plan):
            now = f"CHANGED: {_short(one.expected)} -> {_short(one.takes)}" if one.changed else "as expected"
            click.echo(f"{one.id}. {one.title}: {now}")

    _with(ctx, pbx, work)


@command.command(epilog=examples("cti dialplan mode", "cti dialplan mode owner --pbx spb"))
@click.argument("mode", type=click.Choice(("guest", "owner")), required=False)
@PBX
@click.pass_context
def mode(ctx: click.Context, mode: str | None, pbx: str) -> None:
    """Whether the dialplan is ours: owner, or guest, who changes nothing."""

    async def work(at: _At) -> None:
        if mode is not None:
            await at.parts.drafts.set_mode(OPERATOR, at.pbx, "owner" if mode == "owner" else "guest")
        click.echo(f"{at.pbx}: {await at.parts.drafts.mode(at.pbx)}")

    _with(ctx, pbx, work)


@command.command(epilog=examples("cti dialplan publish --note 'new year hours'"))
@PBX
@NOTE
@click.pass_context
def publish(ctx: click.Context, pbx: str, note: str) -> int:
    """Make the draft what the PBX does; on any difference all is as it was before, and it says why."""

    async def work(at: _At) -> int:
        revision = (await at.parts.drafts.get(at.pbx)).revision
        return await _followed(at, lambda: at.parts.publisher.publish(OPERATOR, at.pbx, revision, note, author=login()))

    return _with(ctx, pbx, work, link=True)


@command.command(epilog=examples("cti dialplan history", "cti dialplan back 12 --note 'the old menu'"))
@click.argument("version", type=int)
@PBX
@NOTE
@click.pass_context
def back(ctx: click.Context, version: int, pbx: str, note: str) -> int:
    """Publish again what VERSION was. The draft stays as it is."""

    async def work(at: _At) -> int:
        return await _followed(at, lambda: at.parts.publisher.back(OPERATOR, at.pbx, version, note, author=login()))

    return _with(ctx, pbx, work, link=True)


@command.command(epilog=examples("cti dialplan history"))
@PBX
@click.pass_context
def history(ctx: click.Context, pbx: str) -> None:
    """Versions, newest first: when, who, what became of them."""

    async def work(at: _At) -> None:
        for one in await at.parts.publisher.history(at.pbx):
            when = datetime.fromtimestamp(one.at, at.zone)
            came = say(at.settings.language, WHYS.get(one.why, one.why), said=one.said) if one.why else ""
            of = f"of {one.of}" if one.of else ""
            parts = [f"{one.number}.", f"{when:%Y-%m-%d %H:%M}", one.author, one.state, of, one.note, came]
            click.echo(" ".join(part for part in parts if part))

    _with(ctx, pbx, work)


@command.command(name="export", epilog=examples("cti dialplan export plan.json", "cti dialplan export - --running"))
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True))
@PBX
@RUNNING
@click.pass_context
def export_(ctx: click.Context, file: IO[str], pbx: str, running: bool) -> None:
    """Write the plan into FILE as JSON; there are no passwords in it."""

    async def work(at: _At) -> None:
        file.write(plan_json.write(await at.plan(running)))

    _with(ctx, pbx, work)


@command.command(name="import", epilog=examples("cti dialplan import plan.json"))
@click.argument("file", type=click.File("rb"))
@PBX
@click.pass_context
def import_(ctx: click.Context, file: IO[bytes], pbx: str) -> None:
    """Make FILE the draft, as one step that can be taken back."""
    plan = plan_json.read(file.read(plan_json.LARGEST_BYTES + 1))

    async def work(at: _At) -> None:
        before = await at.parts.drafts.get(at.pbx)
        draft = await at.parts.drafts.change(OPERATOR, at.pbx, before.revision, lambda _: plan)
        errors = sum(one.weight == "error" for one in draft.faults)
        told = say(at.settings.language, IMPORTED, pbx=at.pbx, n=draft.revision)
        click.echo(f"{told} ({_faults(at.settings.language, errors)})")

    _with(ctx, pbx, work)


def _faults(language: str, n: int) -> str:
    return say_many(language, "{n} fault", "{n} faults", n)


def _short(steps: tuple[tuple[str, str], ...]) -> str:
    return " ".join(node or "." for node, _ in steps)


async def _followed(at: _At, begin: Callable[[], Awaitable[Job]]) -> int:
    """Publish and say how it ended."""
    job = await begin()
    async with asyncio.timeout(OVER_S):
        await job.over.wait()
    if job.stage == "running":
        click.echo(f"Version {job.version} runs: published and looked at in {job.took_ms} ms.")
        return 0
    why = say(at.settings.language, WHYS.get(job.why, job.why), said=job.said)
    click.echo(f"cti: version {job.version} was taken back: {why}", err=True)
    return 1


async def _up(link: AmiLink) -> None:
    """Wait for the link, for a while; what needs it says so."""
    for _ in range(round(UP_S / TRY_S)):
        if link.health().state != "connecting":
            return
        await asyncio.sleep(TRY_S)


def _with(ctx: click.Context, pbx: str, work: Callable[[_At], Awaitable[T]], *, link: bool = False) -> T:
    """Run with the database open; link: and the PBX asked."""
    settings = settings_of(ctx)
    logs.set_up(settings.log.model_copy(update={"level": "error"}))  # what goes wrong is said in one line
    if not settings.pbx:
        raise CtiError("There is no PBX in the settings: [pbx.main] names one.")
    name = pbx or next(iter(settings.pbx))
    if name not in settings.pbx:
        raise CtiError(f"There is no PBX {name} in the settings: {', '.join(settings.pbx)}.")

    async def run() -> T:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        links = {one: link_to(its) for one, its in settings.pbx.items()}
        tasks: list[asyncio.Task[None]] = []
        try:
            parts = build_dialplans(settings, db, boards=links, key=installation_key(settings.data), clock=time.time)
            if link:
                tasks = [asyncio.create_task(links[name].run()), asyncio.create_task(parts.publisher.run())]
                await _up(links[name])
            return await work(_At(settings, parts, name))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await db.close()

    return asyncio.run(run())
