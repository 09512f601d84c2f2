"""`cti db`: upgrade, backup, restore, copy."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from cti.channels.phone.voicemail import removals
from cti.cli import examples, settings_of
from cti.cli.operator import keep_whole
from cti.features.client_erasure import Eraser
from cti.pbx import number_plan
from cti.storage import database
from cti.storage.access_log import BACKUP
from cti.storage.copy import copy


@click.group(epilog=examples("cti db upgrade", "cti db backup /var/backups/trubka.db", "cti db restore FILE"))
def command() -> None:
    """The database: bring it to this version, copy it, put a copy back."""


@command.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to this version (the server does so too when it starts)."""
    settings = settings_of(ctx)

    async def work() -> str:
        db = await database.open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        try:
            return str(db.schema_version)
        finally:
            await db.close()

    click.echo(f"The database is at version {asyncio.run(work())}.")


@command.command(epilog=examples("cti db backup /var/backups/trubka-2026-11-23.db"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write a complete, checked copy of the database to FILE while the server runs; a line of the access journal."""
    settings = settings_of(ctx)

    async def work() -> None:
        db = await database.open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        try:
            await keep_whole(db, BACKUP)
            await db.backup(file)
        finally:
            await db.close()

    asyncio.run(work())
    click.echo(f"Copied to {file} ({file.stat().st_size // 1024} KiB).")


@command.command(epilog=examples("systemctl stop trubka && cti db restore /var/backups/trubka-2026-11-23.db"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def restore(ctx: click.Context, file: Path) -> None:
    """Put the copy FILE in place of the database; the present one is kept beside it. Stop the server first."""
    settings = settings_of(ctx)
    kept = asyncio.run(database.restore(settings.database_url, file))
    click.echo(f"Restored from {file}." + (f" The database before that is kept as {kept}." if kept else ""))
    asyncio.run(erase_again(settings, settings.database_url))


async def erase_again(settings: Any, url: str) -> None:
    """Who was erased since does not come back; says whom, by the ids of their cards."""
    db = await database.open_database(url, busy_timeout_ms=settings.storage.busy_timeout_ms)
    try:
        voicemail = removals(settings.voicemail_folders)
        eraser = Eraser(
            db=db, url=url, plan=number_plan(settings.numbers), data=settings.data, clock=time.time, voicemail=voicemail
        )
        acts = await eraser.repeat()
        for act in acts:
            when = datetime.fromtimestamp(act.entry.at, ZoneInfo(settings.numbers.time_zone)).strftime("%d.%m.%Y %H:%M")
            ids = ", ".join(str(id_) for id_, _ in (*act.entry.clients, *act.entry.people))
            click.echo(f"Erased again: No. {ids}, erased on {when} ({sum(one.count for one in act.events)} records)")
        if acts:
            await eraser.clean()
    finally:
        await db.close()


@command.command(
    "copy",
    epilog=examples(
        "systemctl stop trubka && cti db copy sqlite+aiosqlite:////var/lib/trubka/trubka.db"
        " postgresql+asyncpg://trubka@localhost/trubka"
    ),
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_context
def copy_base(ctx: click.Context, source: str, target: str) -> None:
    """Move a base from FROM to TO, an empty one, on the same or the other engine. Stop the server first.

    All or nothing: what arrived is compared with what left, and a copy that breaks off leaves TO empty. Then name TO as
    storage.url in the settings. Whom the list of the erased in the data folder names is erased in TO as well.
    """
    if source == target:
        raise click.ClickException("FROM and TO are the same database.")
    if source.startswith("sqlite") and not Path(source.partition("///")[2]).is_file():
        raise click.ClickException(f"There is no database {source.partition('///')[2]}.")

    async def work() -> int:
        old = await database.open_database(source)
        try:
            new = await database.open_database(target)
            try:
                await keep_whole(old, "base")
                return sum((await copy(old, new, _told)).values())
            finally:
                await new.close()
        finally:
            await old.close()

    click.echo(f"Copied and compared: {asyncio.run(work())} rows.")
    asyncio.run(erase_again(settings_of(ctx), target))


def _told(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows}", err=True)
