"""`cti recordings`: whether the files are what they were when they were found."""

from __future__ import annotations

from pathlib import Path

import click

from cti.channels.base import Archive, Sound
from cti.channels.phone.archive import archive_of
from cti.channels.phone.recorded import measure
from cti.cli import examples, on_database, settings_of
from cti.errors import ChannelError
from cti.storage import recording_chain
from cti.storage.database import Database
from cti.storage.recording_chain import Link


@click.group(epilog=examples("cti recordings verify", "cti recordings verify --since 2026-11-01"))
def command() -> None:
    """Recordings of calls."""


@command.command(epilog=examples("cti recordings verify --since 2026-11-01"))
@click.option("--since", default="", metavar="DAY", help="Read the files of this day and later only, as 2026-11-01.")
@click.pass_context
def verify(ctx: click.Context, since: str) -> None:
    """Compare each file with the hash that was taken when it was found, and the hashes with one another.

    What was deleted by a rule, an erasure or a client's no is not missed. Of what was converted both hashes are in the
    chain, and the file is compared with the later one; what lies in the archive is read there. The last line tells
    the end of the chain: noted elsewhere, a chain that was written anew shows by its hash too.
    """
    settings = settings_of(ctx)
    folders, archive = settings.recording_folders, archive_of(settings.recording_archive)

    async def work(db: Database) -> tuple[list[str], int, str]:
        faults, checked, head = [], 0, "none"
        async with db.read(slow=True) as conn:
            async for link in recording_chain.links(conn):
                head = f"{link.id} of {link.day}: {link.chain}"
                if not link.holds:
                    faults.append(f"{link.day}: the chain is broken at No. {link.id}: a hash was changed or taken out")
                if link.day >= since and link.is_last and link.state in ("there", "absent"):
                    checked += 1
                    faults += await _compared(link, folders, archive)
            for pbx, file in await recording_chain.outside(conn):
                faults.append(f"{pbx}: {file}: is not in the chain, or another one is")
        return faults, checked, head

    faults, checked, head = on_database(settings, work)
    for one in faults:
        click.echo(one, err=True)
    click.echo(f"{checked} recordings compared, {len(faults)} faults; the chain ends with No. {head}.")
    if faults:
        ctx.exit(1)


async def _compared(link: Link, folders: dict[str, Path], archive: Archive | None) -> list[str]:
    name = f"{link.day}: {link.pbx}: {link.name}"
    if link.is_archived:
        return await _archived(link, name, archive)
    folder = folders.get(link.pbx or "")
    if folder is None or link.name is None:
        return [f"{name}: the folder of this PBX is not in the settings ([pbx.{link.pbx}] recordings)"]
    return _same(link, name, measure(folder, link.name))


async def _archived(link: Link, name: str, archive: Archive | None) -> list[str]:
    if archive is None:
        return [f"{name}: is in the archive, which is not in the settings ([recordings] move_to)"]
    try:
        path = await archive.path(f"{link.pbx}/{link.name}", link.sha256)
    except ChannelError as error:
        return [f"{name}: {error}"]
    return _same(link, name, measure(path.parent, path.name) if path is not None else None)


def _same(link: Link, name: str, sound: Sound | None) -> list[str]:
    if sound is None:
        return [f"{name}: is lost"]
    return [] if (sound.size, sound.sha256) == (link.size, link.sha256) else [f"{name}: was changed"]
