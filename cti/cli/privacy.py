"""`cti privacy`: the access journal is whole, or where it is not."""

from __future__ import annotations

import asyncio
import re

import click

from cti.cli import examples, settings_of
from cti.storage import access_log
from cti.storage.access_log import Checked, How
from cti.storage.database import open_database

TOLD: dict[How, str] = {
    "changed": "Line {line} was changed since it was written",
    "missing": "Line {line} is missing",
    "cut-off": "The lines from {line} on are missing",
    "put-in": "Line {line} was put in from outside",
    "not-as-noted": "Line {line} is not the one you noted: the journal was written anew",
}


@click.group(epilog=examples("cti privacy check"))
def command() -> None:
    """Personal data: who looked at it, what was erased."""


@command.command("check", epilog=examples("cti privacy check", "cti privacy check --noted 1204:1f2e...88"))
@click.option("--noted", metavar="LINE:CHAIN", help="What an earlier check told: whether it is still so.")
@click.pass_context
def check(ctx: click.Context, noted: str | None) -> None:
    """Check that no line of the access journal was changed, taken out or put in."""
    found = re.fullmatch(r"(\d{1,10}):([0-9a-f]{64})", noted or "")
    if noted and not found:
        raise click.ClickException("--noted is what an earlier check told, LINE:CHAIN")
    kept = (int(found[1]), found[2]) if found else None
    settings = settings_of(ctx)

    async def run() -> Checked:
        db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        try:
            async with db.read() as conn:
                return await access_log.check(conn, kept)
        finally:
            await db.close()

    told = asyncio.run(run())
    if told.how:
        raise click.ClickException(f"{TOLD[told.how].format(line=told.broken)}; {told.lines} lines before it are whole")
    click.echo(f"{told.lines} lines are whole.")
    if told.lines:
        click.echo(f"Keep elsewhere, to compare later: {told.last}:{told.chain}")
