"""`cti past`: what a PBX's own logs tell of the time before Trubka, taken into the journal and back out of it."""

from __future__ import annotations

import contextlib
import gzip
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, cast
from zoneinfo import ZoneInfo

import click

from cti.cli import examples, on_database, settings_of
from cti.cli.operator import keep_line
from cti.features.past import Course, Past, texts_of
from cti.pbx import number_plan
from cti.settings import Settings
from cti.storage import erasures
from cti.storage import past as stored
from cti.storage.database import Database

NAMED = 10  # strangers named


@click.group(
    epilog=examples(
        "cti past queue-log /var/log/asterisk/queue_log",
        "cti past queue-log /var/log/asterisk/queue_log.1.gz --pbx main",
        "cti past list",
        "cti past undo 3",
    )
)
def command() -> None:
    """Calls and duties of the time before Trubka, from the PBX's own logs."""


@command.command("queue-log", epilog=examples("cti past queue-log /var/log/asterisk/queue_log*"))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pbx", metavar="NAME", help="Whose log it is, where the settings name several PBXes.")
@click.pass_context
def queue_log(ctx: click.Context, files: tuple[Path, ...], pbx: str | None) -> None:
    """Take queue logs in, oldest first, also .gz. What is there stays: a file taken in twice changes nothing."""
    settings = settings_of(ctx)
    name, prefix = _pbx(settings, pbx)

    async def work(db: Database) -> None:
        for file in sorted(files, key=lambda one: _begins(one)):
            await keep_line(db, "change", "past:queue-log")
            plan = number_plan(settings.numbers, settings.pbx[name].numbers if name else None)
            past = Past(
                db=db, plan=plan, now=time.time, pbx=name, prefix=prefix, marks=erasures.marks_in(settings.data)
            )
            with _opened(file) as (lines, bar):
                past_id, course = await past.queue_log(file.name, texts_of(lines), told=bar)
            _say(past_id, file.name, course, ZoneInfo(settings.numbers.time_zone))

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
        await keep_line(db, "change", f"past:{number}")
        past = Past(db=db, plan=number_plan(settings.numbers), now=time.time)
        click.echo(f"Taken back: {await past.undo(number)} calls and lines of duty")

    on_database(settings, work)


def _pbx(settings: Settings, name: str | None) -> tuple[str, str]:
    """Name and prefix of the PBX whose log it is."""
    names = list(settings.pbx)
    if name is None and len(names) > 1:
        raise click.ClickException(f"Say whose log it is: --pbx with one of {', '.join(names)}")
    if name is not None and name not in names:
        raise click.ClickException(f"The settings name no PBX {name}: there are {', '.join(names) or 'none'}")
    one = name or (names[0] if names else "")
    return one, f"{one}:" if len(names) > 1 else ""


def _begins(file: Path) -> float:
    """The time of a log's first line that can be read: logs are taken in from the oldest."""
    with _plain(file) as lines:
        for _, line in zip(range(50), lines, strict=False):
            with contextlib.suppress(ValueError):
                return float(line.partition(b"|")[0])
    return 0.0


def _plain(file: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], Callable[[Course], None]]]:
    """A file with a bar that says how much of it is read."""
    with file.open("rb") as raw, click.progressbar(length=max(file.stat().st_size, 1), label=file.name) as bar:
        lines = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if file.suffix == ".gz" else raw

        def told(_course: Course) -> None:
            bar.update(raw.tell() - bar.pos)

        yield lines, told


def _say(past_id: int, name: str, course: Course, zone: ZoneInfo) -> None:
    span = " - ".join(
        datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M") for at in (course.first_at, course.last_at) if at
    )
    click.echo(f"{name}: {course.lines} lines, {span or 'nothing in it'}")
    click.echo(f"  {course.made} calls taken in, {course.filled} given their end, {course.known} known before")
    click.echo(f"  {course.states} changes of people's states")
    if course.torn or course.odd:
        click.echo(f"  left out: {course.torn} torn lines, {course.odd} of calls whose beginning is not in the file")
    if course.strangers:
        names = ", ".join(list(course.strangers)[:NAMED])
        click.echo(f"  nobody's here: {names}{' ...' if len(course.strangers) > NAMED else ''}")
        click.echo("  (give these devices or names to people in the settings and take the file in again after an undo)")
    click.echo(f"  to take it back: cti past undo {past_id}")
