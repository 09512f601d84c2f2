"""`cti backup`: the whole installation in one file, the proof that it can be put back, and putting it back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from cti.cli import examples, on_database, settings_of
from cti.cli.backup_archive import DATABASES, Manifest, Member, of_data, of_recordings, unpack, write
from cti.cli.backup_database import apart, engine_of, faults_of, is_empty, put_back, rows_in, rows_of, take_out
from cti.cli.db import erase_again
from cti.cli.operator import keep_whole
from cti.errors import StorageError
from cti.settings import file_of
from cti.storage import database
from cti.storage.access_log import BACKUP
from cti.storage.database import Database

ENDING = ".backup"
SETTINGS = "settings/config.toml"
OURS_STAY = ("erased.jsonl",)  # whom the present list names stays erased, whatever the backup knows
_password = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the password that seals the backup.",
)


@click.group(
    epilog=examples(
        "cti backup make --password-file /etc/trubka/backup.password /var/backups/trubka",
        "cti backup verify --password-file FILE BACKUP",
        "systemctl stop trubka && cti backup restore BACKUP",
    )
)
def command() -> None:
    """Database, key, attachments, sounds, recordings and settings in one file, SQLite or PostgreSQL."""


@command.command(epilog=examples("cti backup make --keep 14 --password-file FILE /var/backups/trubka"))
@click.argument("to", type=click.Path(path_type=Path))
@_password
@click.option("--recordings/--no-recordings", default=True, help="With the recordings of calls, or without.")
@click.option("--keep", type=click.IntRange(1), help="Of the backups in the folder TO keep the newest so many.")
@click.pass_context
def make(ctx: click.Context, to: Path, password_file: Path | None, recordings: bool, keep: int | None) -> None:
    """Write a backup into the folder TO (or the file, where it ends in .backup) while the server runs, and prove it.

    It holds the key of all secrets: without a password whoever has the file has everything. The proof needs as much
    space again for the time it takes.
    """
    settings = settings_of(ctx)
    password = _read(password_file)
    file = to if to.suffix == ENDING else to / f"trubka-{time.strftime('%Y%m%d-%H%M%S')}{ENDING}"
    if file.exists():
        raise StorageError(f"{file} is there already", advice="Name another file.")
    if not password:
        click.echo("Without --password-file the backup is open to whoever has the file.", err=True)

    async def copied(folder: Path) -> tuple[Path, dict[str, int], int]:
        db = await database.open_database(settings.database_url)
        try:
            await keep_whole(db, BACKUP)
            return *await take_out(db, settings.database_url, folder), db.schema_version
        finally:
            await db.close()

    with _room(file.parent) as folder:
        copy, rows, schema = asyncio.run(copied(folder))

        def files() -> Iterator[tuple[str, Path]]:
            yield DATABASES[engine_of(settings.database_url)], copy
            yield from of_data(settings.data)
            yield from _settings(ctx, settings)
            if recordings:
                yield from of_recordings(settings.recording_folders)

        def manifest(members: dict[str, Member]) -> Manifest:
            engine = engine_of(settings.database_url)
            made = version("trubka")
            return Manifest(made=time.time(), program=made, schema=schema, engine=engine, rows=rows, members=members)

        count = write(file, password=password, files=files(), manifest=manifest, told=_told)
    try:
        _prove(file, password)
    except StorageError:
        file.rename(file.with_suffix(".unproven"))  # better than none, and no backup
        raise
    click.echo(f"{file}: {count} files, {file.stat().st_size // 2**20} MiB, put back for a trial and found whole.")
    for old in sorted(file.parent.glob(f"trubka-*{ENDING}"))[: -keep if keep else 0]:
        old.unlink()


@command.command(
    epilog=examples("cti backup verify --password-file FILE /var/backups/trubka/trubka-20261127-033000.backup")
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_password
def verify(file: Path, password_file: Path | None) -> None:
    """Put a backup back into a folder of its own, open it with this program, look for all it names; change nothing.

    Needs no settings: any machine with Trubka and the password can do it. As much space as the backup unpacked.
    """
    manifest = _prove(file, _read(password_file))
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(manifest.made))
    rows = f", {sum(manifest.rows.values())} rows" if manifest.rows else ""
    click.echo(f"{file}: whole. Made {when} by {manifest.program}, {len(manifest.members)} files{rows}.")


@command.command(epilog=examples("systemctl stop trubka && cti backup restore --password-file FILE BACKUP"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_password
@click.option("--replace", is_flag=True, help="Over an installation that is there; its SQLite database is kept beside.")
@click.pass_context
def restore(ctx: click.Context, file: Path, password_file: Path | None, replace: bool) -> None:
    """Put a backup back: onto an empty machine, or with --replace over what is there. Stop the server first.

    Nothing is touched before the backup has proven whole. Whom the list of this machine, or of the backup, names as
    erased is erased again. The settings: `cti backup settings`.
    """
    settings = settings_of(ctx)
    url = settings.database_url
    if not replace and not asyncio.run(is_empty(url)):
        raise StorageError("There is a database already", advice="Say --replace if the backup is to take its place.")
    with _room(settings.data) as folder:
        manifest = unpack(file, _read(password_file), folder, _told)
        if manifest.engine != engine_of(url):
            raise StorageError(
                f"The backup is of {manifest.engine}, the settings name {engine_of(url)}",
                advice="Restore it where the engine is the same, then move it: cti db copy.",
            )
        asyncio.run(_trial(folder, manifest))
        kept = asyncio.run(put_back(url, folder / DATABASES[manifest.engine], replace=replace))
        missing = apart(asyncio.run(_looked_at(url, rows_of)), _comparable(manifest))
        _lay_out(folder / "data", settings.data)
        left = _recordings(folder / "recordings", settings.recording_folders)
    asyncio.run(erase_again(settings, url))
    faults = on_database(settings, lambda db: _faults(db, settings.data, manifest))
    for one in (*missing, *faults, *left):
        click.echo(one, err=True)
    click.echo(f"Restored from {file}." + (f" The database before that is kept as {kept}." if kept else ""))
    if missing or faults:
        ctx.exit(1)


@command.command("settings", epilog=examples("cti backup settings BACKUP > /etc/trubka/config.toml"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_password
def show_settings(file: Path, password_file: Path | None) -> None:
    """Print the settings file that a backup holds; names of files with passwords in it must be given anew."""
    with _room(None) as folder:
        unpack(file, _read(password_file), folder, lambda _count, _size: None)
        if not (folder / SETTINGS).is_file():
            raise StorageError("The backup holds no settings file", advice="Write one: config/cti.example.toml.")
        sys.stdout.write((folder / SETTINGS).read_text(encoding="utf-8"))


def _read(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file else ""


def _url(copy: Path) -> str:
    return f"sqlite+aiosqlite:///{copy}"


@contextlib.contextmanager
def _room(beside: Path | None) -> Iterator[Path]:
    """A folder for the owner alone; gone afterwards."""
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=".backup-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(ctx: click.Context, settings: Any) -> Iterator[tuple[str, Path]]:
    """The settings file; passwords in files of their own stay where they are."""
    file = file_of(ctx.find_root().obj)
    if file.is_file():
        yield SETTINGS, file


def _prove(file: Path, password: str) -> Manifest:
    with _room(file.parent) as folder:
        manifest = unpack(file, password, folder, _told)
        asyncio.run(_trial(folder, manifest))
    return manifest


async def _trial(folder: Path, manifest: Manifest) -> None:
    """Open what was unpacked. Raises StorageError with all that is wrong."""
    copy = folder / DATABASES[manifest.engine]
    if manifest.engine == "sqlite":
        faults = await _looked_at(_url(copy), lambda conn: faults_of(conn, folder / "data", _comparable(manifest)))
    else:
        faults = apart(await asyncio.to_thread(rows_in, copy), manifest.rows)
    if faults:
        raise StorageError("The backup is not whole: " + "; ".join(faults), advice="Take another, or make one anew.")


def _comparable(manifest: Manifest) -> dict[str, int]:
    """Rows by table, where no migration has touched them since."""
    return manifest.rows if manifest.schema == database.LATEST else {}


async def _looked_at(url: str, look: Any) -> Any:
    db = await database.open_database(url)
    try:
        async with db.read(slow=True) as conn:
            return await look(conn)
    finally:
        await db.close()


async def _faults(db: Database, data: Path, _manifest: Manifest) -> list[str]:
    """After erasures there may be fewer rows than the backup had: they are not compared."""
    async with db.read(slow=True) as conn:
        return await faults_of(conn, data, {})


def _lay_out(source: Path, data: Path) -> None:
    """Each thing of the data folder in place of the one that is there."""
    for new in sorted(source.iterdir()) if source.is_dir() else ():
        present = data / new.name
        if new.name in OURS_STAY and present.exists():
            continue
        aside = data / f".before-{new.name}"
        if present.exists():
            present.rename(aside)
        new.rename(present)
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)


def _recordings(source: Path, folders: dict[str, Path]) -> list[str]:
    """Recordings that are not there any more come back; what could not, in sentences."""
    left = []
    for folder in sorted(source.iterdir()) if source.is_dir() else ():
        to = folders.get(folder.name)
        if to is None:
            left.append(
                f"Recordings of {folder.name} were left: [pbx.{folder.name}] recordings is not in the settings."
            )
            continue
        for file in folder.rglob("*"):
            target = to / file.relative_to(folder)
            if file.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(file, target)
    return left


def _told(count: int, size: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{count} files, {size // 2**20} MiB ")
