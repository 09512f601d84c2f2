"""`cti client`: clients from a file and into one, and an import taken back."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from cti.access import Person
from cti.cli import examples, on_database, settings_of
from cti.cli.operator import keep_line, login
from cti.clients.exporting import Named, headings, mark_of, names_of, row_of
from cti.clients.importing import SYNONYMS, guess
from cti.features.client_base import ClientBase
from cti.features.client_import import ClientImport, Told
from cti.pbx import number_plan
from cti.sheets.excel import is_too_large
from cti.sheets.worker import Batch, batches
from cti.sheets.write import write_csv, write_marked
from cti.storage import access_log, cards, directories, erasures, properties, users
from cti.storage.client_tables import clients
from cti.storage.database import Database

OPERATOR = Person(id=0, login="", name="", role="admin")
ROWS = 500
READ_S = 120.0  # for reading alone; what is done with the rows does not count
SHOWN_FAULTS = 20


@click.group(
    epilog=examples(
        "cti client import clients.xlsx --dry-run",
        "cti client import clients.csv --map Контактный=phones --errors wrong.csv",
        "cti client export clients.xlsx",
        "cti client undo 1f2e3d4c5b6a7988",
    )
)
def command() -> None:
    """Clients from a file (xlsx, csv, vCard) and into one."""


@command.command("import", epilog=examples("cti client import clients.xlsx --dry-run", "cti client import base.vcf"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be created, updated and refused.")
@click.option("--map", "chosen", multiple=True, metavar="HEADING=FIELD", help="A column's field; empty: left out.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write refused rows with their reasons."
)
@click.pass_context
def import_(ctx: click.Context, file: Path, dry_run: bool, chosen: tuple[str, ...], errors: Path | None) -> None:
    """Create and update clients from FILE. A row is known by its id, INN, phone or e-mail."""

    async def work(db: Database) -> None:
        plan = number_plan(settings_of(ctx).numbers)
        async with db.read() as conn:
            defined = await properties.every(conn)
        own = {f"property:{prop.id}": prop.name for prop in defined}
        batch = secrets.token_hex(8)
        await keep_line(db, "search" if dry_run else "change", f"import:{batch}")
        async with contextlib.aclosing(batches(file, name=file.name, within_s=READ_S)) as read:
            first = await anext(read)
            mapped = _mapped(first.headers, guess(first.headers, defined), chosen, own)
            for heading, name in zip(first.headers, mapped, strict=True):
                click.echo(f"  {heading} -> {name or '(left out)'}", err=True)
            marks = erasures.marks_in(settings_of(ctx).data)
            done = ClientImport(db=db, plan=plan, clock=time.time, marks=marks)
            told = await done.run(
                _chunks(first, read), mapped, source=file.name, dry=dry_run, batch=batch, progress=_progress
            )
        click.echo("", err=True)
        _say(told, dry_run, errors)

    on_database(settings_of(ctx), work)


@command.command("export", epilog=examples("cti client export clients.xlsx", "cti client export clients.csv"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--why", default="", help="A reason; needed for many clients a day, kept in the access journal.")
@click.pass_context
def export(ctx: click.Context, file: Path, why: str) -> None:
    """Write all clients to FILE, .xlsx or .csv by its name; an import reads it back."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise click.ClickException("Name a file that ends in .xlsx or .csv")

    async def work(db: Database) -> None:
        async with db.read() as conn:
            defined = await properties.every(conn)
            rows = [row async for row in _rows(conn, defined)]
        await _account_for(ctx, db, [int(row[0]) for row in rows], why.strip())
        mark = mark_of(login(), None, datetime.now(_zone(ctx)).isoformat(" ", "seconds"))
        write_marked(file, headings(defined), rows, mark)
        click.echo(f"{len(rows)} clients are in {file}")
        if file.suffix.lower() == ".xlsx" and is_too_large(file):
            click.echo("It is too large for an import to read back: export .csv for that.", err=True)

    on_database(settings_of(ctx), work)


@command.command("undo", epilog=examples("cti client undo 1f2e3d4c5b6a7988"))
@click.argument("batch")
@click.pass_context
def undo(ctx: click.Context, batch: str) -> None:
    """Take an import or a change of many back; what was changed since stays."""

    async def work(db: Database) -> None:
        await keep_line(db, "change", f"import:{batch}")
        base = ClientBase(db=db, plan=number_plan(settings_of(ctx).numbers), clock=time.time)
        count = await base.undo(OPERATOR, batch)
        if not count:
            raise click.ClickException("There is no such import: its name is printed at its end")
        click.echo(f"Taken back: {count} clients")

    on_database(settings_of(ctx), work)


async def _account_for(ctx: click.Context, db: Database, ids: list[int], why: str) -> None:
    """The line of the access journal; many clients a day leave only with a reason."""
    since = access_log.midnight(time.time(), _zone(ctx))
    async with db.read() as conn:
        gone = await access_log.exported(conn, login(), since)
    if not why and gone + len(ids) > settings_of(ctx).privacy.export_cards:
        raise click.ClickException(f"{gone + len(ids)} clients of today would be in your files: say why by --why")
    await keep_line(db, "export", "clients", ids, why=why)


def _zone(ctx: click.Context) -> ZoneInfo:
    return ZoneInfo(settings_of(ctx).numbers.time_zone)


async def _chunks(first: Batch, more: AsyncIterator[Batch]) -> AsyncIterator[list[tuple[str, ...]]]:
    """The rows of the first batch, whose headings are known by now, and of the others."""
    yield first.rows
    async for batch in more:
        yield batch.rows


def _mapped(headers: Sequence[str], guessed: list[str], chosen: tuple[str, ...], own: dict[str, str]) -> list[str]:
    """The fields of the columns, as guessed and as the operator says."""
    by_name = {name: code for code, name in own.items()}
    for one in chosen:
        heading, _, name = one.rpartition("=")
        if heading not in headers:
            raise click.ClickException(f"The file has no column “{heading}”: {', '.join(headers)}")
        code = by_name.get(name, name)
        if code and code not in SYNONYMS and code not in own:
            raise click.ClickException(f"“{name}” is no field: {', '.join([*SYNONYMS, *by_name])}")
        guessed[headers.index(heading)] = code
    if not any(guessed):
        raise click.ClickException("No column is known: name one with --map HEADING=FIELD")
    return guessed


def _progress(told: Told, _rows: object) -> None:
    click.echo(f"\r  {told.rows} rows", nl=False, err=True)


def _say(told: Told, dry_run: bool, errors: Path | None) -> None:
    would = "would be " if dry_run else ""
    changed = f"{told.created} {would}created, {told.updated} {would}updated"
    click.echo(f"{changed}, {told.unchanged} unchanged, {told.refused} refused")
    if told.erased:
        click.echo(f"{told.erased} of the new ones were erased before: make sure that they have consented anew")
    for one in told.faults[:SHOWN_FAULTS]:
        click.echo(f"  row {one.row}: {one.field}: {one.what}")
    if len(told.faults) > SHOWN_FAULTS and not errors:
        click.echo("  ... name a file in --errors for more of them")
    if errors:
        write_csv(errors, ("row", "field", "what is wrong"), [(str(f.row), f.field, f.what) for f in told.faults])
    if not dry_run and (told.created or told.updated):
        click.echo(f"To take it back: cti client undo {told.batch}")


async def _rows(conn: Any, defined: list[Any]) -> AsyncIterator[list[str]]:
    people = [Named(id=user.id, name=user.name, login=user.login) for user in await users.every(conn)]
    items = [(one.directory, one.id, one.name) for one in await directories.every(conn, retired=True)]
    names = names_of(people, items)
    last = 0
    allowed = clients.c.restricted_at.is_(None)  # the others' data may not leave
    following = select(clients.c.id).where(allowed).order_by(clients.c.id).limit(ROWS)
    while ids := list((await conn.execute(following.where(clients.c.id > last))).scalars()):
        found = await cards.of(conn, ids)
        for id_ in ids:
            yield row_of(found[id_], names, defined)
        last = ids[-1]
