"""`cti past`: what a PBX's own logs tell of the time before Trubka, taken into the journal and back out of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Awaitable, Callable, Container, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from cti import past_files
from cti.cli import examples, on_database, settings_of
from cti.cli.operator import keep_line
from cti.cli.past_names import Told, listed, names_told
from cti.features.past import Past
from cti.memory import for_many_rows
from cti.past_parts import log_of, past_of, sources, turn_of, zone_of
from cti.pbx import number_plan
from cti.settings import Settings
from cti.storage import past as stored
from cti.storage import past_source, queue_figures
from cti.storage.database import Database
from cti.telephony.past_logs import CDR, QUEUE_LOG, Course, Item, Log

NAMED = 10  # strangers and queues named


@click.group(
    epilog=examples(
        "cti past queue-log /var/log/asterisk/queue_log",
        "cti past cdr /var/log/asterisk/cdr-csv/Master.csv",
        "cti past tables --pbx main",
        "cti past names --agent PJSIP/117=anna",
        "cti past list",
        "cti past undo 3",
    )
)
def command() -> None:
    """Calls and duties of the time before Trubka, from the PBX's own logs."""


PBX = click.option("--pbx", metavar="NAME", help="Whose log it is, where the settings name several PBXes.")
DRY = click.option("--dry-run", is_flag=True, help="Only say what would come of it.")
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))


@command.command("queue-log", epilog=examples("cti past queue-log /var/log/asterisk/queue_log*"))
@FILES
@PBX
@names_told
@DRY
@click.pass_context
def queue_log(ctx: click.Context, files: tuple[Path, ...], pbx: str | None, *, said: Told, dry_run: bool) -> None:
    """Take queue logs in, oldest first, also .gz. What is there stays: a file taken in twice changes nothing."""
    _files(settings_of(ctx), QUEUE_LOG, files, pbx, said, dry=dry_run)


@command.command("cdr", epilog=examples("cti past cdr /var/log/asterisk/cdr-csv/Master.csv*"))
@FILES
@PBX
@names_told
@DRY
@click.pass_context
def cdr(ctx: click.Context, files: tuple[Path, ...], pbx: str | None, *, said: Told, dry_run: bool) -> None:
    """Take call detail records in: Master.csv or an export of the table with its headings, also .gz."""
    _files(settings_of(ctx), CDR, files, pbx, said, dry=dry_run)


@command.command("tables", epilog=examples("cti past tables --since 2025-01-01 --dry-run"))
@PBX
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what is not older.")
@names_told
@DRY
@click.pass_context
def tables(ctx: click.Context, pbx: str | None, since: datetime | None, *, said: Told, dry_run: bool) -> None:
    """Take in the tables of the PBX's database that [pbx.NAME.past] names. They are read and never locked."""
    settings = settings_of(ctx)
    name = _pbx(settings, pbx)
    found = sources(settings, name)
    if not found:
        raise click.ClickException("The settings name no database and table: see [pbx.NAME.past]")

    async def work(db: Database) -> None:
        for one in found:
            begin = since.replace(tzinfo=one.zone).timestamp() if since else None
            with click.progressbar(length=max(await past_source.count(one, begin), 1), label=one.name) as bar:
                await _take(
                    db, settings, log_of(settings, name, one.kind), one.name, past_source.pages(one, begin), said,
                    lambda course: bar.update(course.lines - bar.pos), dry=dry_run,
                )  # fmt: skip

    _in_turn(settings, work, dry=dry_run)


def _files(settings: Settings, kind: str, files: Sequence[Path], pbx: str | None, said: Told, *, dry: bool) -> None:
    """All of them are looked at before the first is taken in: a wrong one among them takes nothing in."""
    name = _pbx(settings, pbx)
    known = [past_files.known(one, zone_of(settings, name)) for one in files if one.stat().st_size]
    for one in known:
        if one.kind != kind:
            raise click.ClickException(f"{one.path} is another kind of log: cti past {one.kind} {one.path}")
    for empty in set(files) - {one.path for one in known}:
        click.echo(f"{empty.name}: nothing in it")

    async def work(db: Database) -> None:
        for one in sorted(known, key=lambda file: file.begins):
            with click.progressbar(length=one.size, label=one.path.name) as bar:

                def read(size: int) -> None:
                    bar.update(size - bar.pos)

                pages = past_files.pages([one], Course(), read)
                await _take(db, settings, log_of(settings, name, kind), one.path.name, pages, said, dry=dry)

    _in_turn(settings, work, dry=dry)


def _in_turn(settings: Settings, work: Callable[[Database], Awaitable[None]], *, dry: bool) -> None:
    """Nobody else of this machine takes the past in meanwhile; a trial writes nothing, and needs no turn."""

    async def alone(db: Database) -> None:
        async with turn_of(db, settings.data / "past"):
            await work(db)

    on_database(settings, work if dry else alone)


async def _take(
    db: Database, settings: Settings, log: Log, name: str, pages: AsyncIterable[Sequence[Item]],
    said: Told, told: Callable[[Course], None] = lambda course: None, *, dry: bool,
) -> None:  # fmt: skip
    """Take a log in, or see what would come of it: then what is said of names is not kept."""
    for_many_rows()
    names = await said.whole(db, log.pbx)
    if not dry:
        await said.keep(db, log.pbx)
    past = past_of(db, settings, log.pbx, names)
    zone = ZoneInfo(settings.numbers.time_zone)
    async with db.read() as conn:
        known = set(await queue_figures.known_queues(conn))
    known |= {queue for one in names if one.kind == "queue" for queue in (one.name, one.queue)}
    if dry:
        course = await past.look(log, pages, told=told)
        _say(None, name, course, zone, known)
        return
    await keep_line(db, "change", f"past:{log.kind}")
    past_id, course = await past.take_in(log, name, pages, told=told)
    _say(past_id, name, course, zone, known)


@command.command(
    "names", epilog=examples("cti past names", "cti past names --agent PJSIP/117=anna --queue prodazhi=sales")
)
@PBX
@names_told
@click.pass_context
def names(ctx: click.Context, pbx: str | None, *, said: Told) -> None:
    """Who agents and queues of the logs are, for every import from now on; OLD= forgets one."""
    settings = settings_of(ctx)
    name = _pbx(settings, pbx)

    async def work(db: Database) -> None:
        await said.keep(db, name)
        lines = await listed(db, name)
        click.echo("\n".join(lines) or "Nothing was said of any name yet: --agent OLD=LOGIN, --queue OLD=NEW")

    on_database(settings, work)


@command.command("list", epilog=examples("cti past list"))
@click.pass_context
def list_(ctx: click.Context) -> None:
    """The imports, newest first."""
    settings = settings_of(ctx)

    async def work(db: Database) -> None:
        async with db.read() as conn:
            found = await stored.every(conn)
        if not found:
            click.echo("Nothing was taken in yet: cti past queue-log FILE")
        for one in found:
            click.echo(
                f"{one.id:>4}  {one.state:8} {one.kind:9} {one.name}:"
                f" {one.made} calls, {one.filled} ends, {one.known} known"
            )

    on_database(settings, work)


@command.command("undo", epilog=examples("cti past undo 3"))
@click.argument("number", type=int)
@click.pass_context
def undo(ctx: click.Context, number: int) -> None:
    """Take an import back by its NUMBER: its calls and duties go."""
    settings = settings_of(ctx)

    async def work(db: Database) -> None:
        past = Past(db=db, plan=number_plan(settings.numbers), now=time.time)
        await keep_line(db, "change", f"past:{number}")
        click.echo(f"Taken back: {await past.undo(number)} calls and lines of duty")

    _in_turn(settings, work, dry=False)


def _pbx(settings: Settings, name: str | None) -> str:
    """The PBX whose log it is."""
    names = list(settings.pbx)
    if name is None and len(names) > 1:
        raise click.ClickException(f"Say whose log it is: --pbx with one of {', '.join(names)}")
    if name is not None and name not in names:
        raise click.ClickException(f"The settings name no PBX {name}: there are {', '.join(names) or 'none'}")
    return name or (names[0] if names else "")


def _named(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:NAMED]) + (f" and {len(some) - NAMED} more" if len(some) > NAMED else "")


def _say(past_id: int | None, name: str, course: Course, zone: ZoneInfo, known: Container[str]) -> None:
    span = " - ".join(
        datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M") for at in (course.first_at, course.last_at) if at
    )
    click.echo(f"{name}: {course.lines} lines, {span or 'nothing in it'}")
    click.echo(f"  {course.made} calls taken in, {course.filled} given their end, {course.known} known before")
    click.echo(f"  {course.states} changes of people's states")
    if course.torn or course.odd:
        click.echo(f"  left out: {course.torn} torn lines, {course.odd} of calls whose beginning is not in the file")
    if course.strangers:
        click.echo(f"  nobody's here: {_named(course.strangers)}")
        click.echo("  (say who they are: --agent OLD=LOGIN; what is in already is taken back first and taken in again)")
    if strange := [one for one in course.queues if one not in known]:
        click.echo(f"  queues not known before: {_named(strange)}")
        click.echo("  (say which they are now, where they were renamed or made one: --queue OLD=NEW)")
    if past_id is None:
        click.echo("  nothing was written: this was a trial")
    else:
        click.echo(f"  to take it back: cti past undo {past_id}")
