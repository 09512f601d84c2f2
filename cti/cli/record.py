"""`cti record`: what the PBX says, into a file that `cti replay` reads."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import IO

import click

from cti.channels.phone.ami import LinkDown, Received
from cti.channels.phone.anonymise import Anonymiser
from cti.cli import examples, log_to_stderr, settings_of
from cti.errors import ChannelError, SettingsError
from cti.pbx import link_to
from cti.settings import PbxSettings, Settings


@click.command(
    epilog=examples(
        "cti record calls.jsonl", "cti record --minutes 10 --anonymise report.jsonl", "cti record --pbx spb - | head"
    )
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--minutes", type=click.FloatRange(0.01, 24 * 60), help="Stop after so long; else at Ctrl-C.")
@click.option("--anonymise", is_flag=True, help="Replace numbers and names, the same one by the same other.")
@click.option("--pbx", "name", metavar="NAME", help="Which PBX, when the settings name several.")
@click.pass_context
def command(ctx: click.Context, file: Path, minutes: float | None, anonymise: bool, name: str | None) -> None:
    """Record what the PBX's manager interface says into FILE, one JSON object per line ("-": standard output)."""
    settings = settings_of(ctx)
    log_to_stderr(settings)
    pbx = pick(settings, name)
    hide = Anonymiser() if anonymise else None
    with click.open_file(str(file), "w", encoding="utf-8") as out:
        count = asyncio.run(_record(pbx, out, hide, minutes))
    click.echo(f"Recorded {count} events.", err=True)


def pick(settings: Settings, name: str | None) -> PbxSettings:
    """The PBX named, or the only one. Raises SettingsError when there is none or the name is needed."""
    if name is None and len(settings.pbx) == 1:
        return next(iter(settings.pbx.values()))
    if name in settings.pbx:
        return settings.pbx[name]
    known = ", ".join(settings.pbx) or "none is set up; see [pbx.main] in config/cti.example.toml"
    raise SettingsError([f"pbx: name one with --pbx ({known})"])


async def _record(pbx: PbxSettings, out: IO[str], hide: Anonymiser | None, minutes: float | None) -> int:
    link = link_to(pbx)
    task = asyncio.create_task(link.run(), name="ami")
    count = 0
    deadline = time.monotonic() + minutes * 60 if minutes else None
    try:
        while deadline is None or time.monotonic() < deadline:
            left = None if deadline is None else deadline - time.monotonic()
            try:
                item = await asyncio.wait_for(link.events.get(), left)
            except TimeoutError:
                break
            if isinstance(item, Received):
                headers = hide.headers(item.headers) if hide else dict(item.headers)
                out.write(json.dumps(headers, ensure_ascii=False) + "\n")
                out.flush()
                count += 1
            elif isinstance(item, LinkDown) and not count:
                raise ChannelError(f"No link to the PBX: {item.reason}")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return count
