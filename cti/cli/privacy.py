"""`cti privacy`: all that is held on a person, the base clean of whom was erased, the journal whole or not."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from cti.cli import examples, on_database, settings_of
from cti.cli.operator import keep_line
from cti.features.client_dossier import Dossier
from cti.features.client_erasure import Eraser
from cti.pbx import number_plan
from cti.storage import access_log
from cti.storage.access_log import How
from cti.storage.database import Database

TOLD: dict[How, str] = {
    "changed": "Line {line} was changed since it was written",
    "missing": "Line {line} is missing",
    "cut-off": "The lines from {line} on are missing",
    "put-in": "Line {line} was put in from outside",
    "not-as-noted": "Line {line} is not the one you noted: the journal was written anew",
}


@click.group(epilog=examples("cti privacy check", "cti privacy export 42 client-42.zip", "cti privacy clean"))
def command() -> None:
    """Personal data: who looked at it, what is held on a person, what was erased."""


@command.command("check", epilog=examples("cti privacy check", "cti privacy check --noted 1204:1f2e...88"))
@click.option("--noted", metavar="LINE:CHAIN", help="What an earlier check told: whether it is still so.")
@click.pass_context
def check(ctx: click.Context, noted: str | None) -> None:
    """Check that no line of the access journal was changed, taken out or put in."""
    found = re.fullmatch(r"(\d{1,10}):([0-9a-f]{64})", noted or "")
    if noted and not found:
        raise click.ClickException("--noted is what an earlier check told, LINE:CHAIN")
    kept = (int(found[1]), found[2]) if found else None

    async def work(db: Database) -> None:
        async with db.read() as conn:
            told = await access_log.check(conn, kept)
        if told.how:
            what = TOLD[told.how].format(line=told.broken)
            raise click.ClickException(f"{what}; {told.lines} lines before it are whole")
        click.echo(f"{told.lines} lines are whole.")
        if told.lines:
            click.echo(f"Keep elsewhere, to compare later: {told.last}:{told.chain}")

    on_database(settings_of(ctx), work)


@command.command(epilog=examples("cti privacy export 42 client-42.zip", "cti privacy export 7 --contact person.zip"))
@click.argument("id", type=click.IntRange(1, 2**31 - 1), metavar="ID")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--contact", is_flag=True, help="ID is a contact person's, not a client's.")
@click.option("--language", type=click.Choice(["ru", "en"]), help="Of the page in the archive; else the settings'.")
@click.pass_context
def export(ctx: click.Context, id: int, file: Path, contact: bool, language: Any) -> None:
    """Write all that is held on the client ID to FILE, a ZIP that any browser reads.

    The client's id stands in the address of his card.
    """
    settings = settings_of(ctx)
    part = file.with_name(f".{file.name}.part")

    async def work(db: Database) -> None:
        dossier = Dossier(
            db=db,
            plan=number_plan(settings.numbers),
            zone=ZoneInfo(settings.numbers.time_zone),
            files=settings.data / "files",
            clock=time.time,
        )
        kind = "contact" if contact else "client"
        rows = await dossier.write(part, kind, id, language or settings.language)
        await keep_line(db, "export", f"{kind}:{id}", [] if contact else [id])
        part.replace(file)
        counted = ", ".join(f"{table} {count}" for table, count in rows.items() if count)
        click.echo(f"{sum(rows.values())} records are in {file}: {counted}")

    part.touch(mode=0o600)
    try:
        on_database(settings, work)
    finally:
        part.unlink(missing_ok=True)


@command.command(epilog=examples("cti privacy clean"))
@click.pass_context
def clean(ctx: click.Context) -> None:
    """Write the free space of the database over, so that nothing of whom was erased is left in its files.

    The server does so by itself: at once on a base of up to 256 MiB, else at three at night. Whoever wants to save
    meanwhile waits.
    """
    settings = settings_of(ctx)

    async def work(db: Database) -> None:
        plan = number_plan(settings.numbers)
        await Eraser(db=db, url=settings.database_url, plan=plan, data=settings.data, clock=time.time).clean()
        click.echo("The database is clean of what was deleted.")

    on_database(settings, work)
