"""`cti check`: settings, database, each right of the PBX account, its version, devices; each line ok or what to do."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import click

from cti.channels.phone.agi import probe
from cti.cli import examples, log_to_stderr, settings_of
from cti.cli.check_pbx import pbx_findings
from cti.cli.check_sip import sip_findings
from cti.cli.finding import Finding
from cti.errors import CtiError
from cti.settings import AgiSettings, Settings
from cti.storage import database, directory
from cti.storage.database import Database, open_database


@click.command(
    epilog=examples(
        "cti check",
        "cti --config /etc/trubka/config.toml check",
        "cti check --json",
        "cti check --start",
        "cti check --config /etc/asterisk",
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--settings", "show", is_flag=True, help="Print the effective settings too, secrets masked.")
@click.option("--call", "call", is_flag=True, help="Place the test calls of [sip.NAME.test] too; the server must run.")
@click.option("--start", "start", is_flag=True, help="Only what would keep the server from starting; changes nothing.")
@click.option(
    "--config",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the PBX's configuration files: what its account cannot see is read there.",
)
@click.pass_context
def command(ctx: click.Context, as_json: bool, show: bool, call: bool, start: bool, folder: Path | None) -> None:
    """Check everything the server needs and say what to do; exit status 1 when something must be done."""
    settings = settings_of(ctx)
    log_to_stderr(settings)
    if show:
        click.echo(settings.model_dump_json(indent=2))

    async def work() -> bool:
        good = True
        async for finding in starting(settings) if start else findings(settings, call=call, folder=folder):
            good = good and (finding.ok or finding.warning)
            click.echo(_line(finding, as_json))
        return good

    if not asyncio.run(work()):
        ctx.exit(1)


async def starting(settings: Settings) -> AsyncIterator[Finding]:
    """What must be there before the server can start; a PBX that is away is none of it. Nothing is changed."""
    yield Finding(what="settings", text="read")
    if settings.data.is_dir() or os.access(settings.data.parent, os.W_OK):
        yield _folder(settings) if settings.data.is_dir() else Finding(what="data folder", text="will be made")
    else:
        yield Finding(
            what="data folder", ok=False, text=f"{settings.data}: cannot be made; make it, chown it to the service"
        )
    try:
        version = await database.version(settings.database_url)
        newest = database.LATEST
        text = f"version {version}" if version else "will be made"
        if version and version < newest:
            text += f", will be brought to {newest}; make a backup before"
        yield Finding(what="database", text=text)
    except (CtiError, OSError) as error:
        yield Finding(what="database", ok=False, text=str(error))
    for what, host, port in (("panel", settings.http.host, settings.http.port), *_agi_port(settings)):
        yield _port(what, host, port)


def _agi_port(settings: Settings) -> list[tuple[str, str, int]]:
    return [("agi", settings.agi.host, settings.agi.port)] if settings.pbx and settings.agi.port else []


def _port(what: str, host: str, port: int) -> Finding:
    """Whether the address is ours to listen on: that of this machine, and of no other program."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        text = f"{host}:{port} cannot be listened on ({error.strerror}); another port, or end what has it"
        return Finding(what=what, ok=False, text=text)
    return Finding(what=what, text=f"{host}:{port} is free")


async def findings(settings: Settings, *, call: bool = False, folder: Path | None = None) -> AsyncIterator[Finding]:
    """Every check, in order. call: with test calls through the PBXes. folder: the PBX's configuration files."""
    yield Finding(what="settings", text="read")
    db = None
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        db = await open_database(settings.database_url, busy_timeout_ms=settings.storage.busy_timeout_ms)
        yield Finding(what="database", text=f"version {db.schema_version}")
        yield _folder(settings)
    except (CtiError, OSError) as error:
        yield Finding(what="database", ok=False, text=str(error))
    if not settings.pbx:
        text = "none is set up: the panel works without calls; see [pbx.main] in config/cti.example.toml"
        yield Finding(what="pbx", ok=False, warning=True, text=text)
    if settings.pbx:
        yield await _agi(settings.agi)
    if db is not None:
        async for finding in pbx_findings(settings, db, folder):
            yield finding
        if len(settings.pbx) > 1:
            async for finding in _strangers(list(settings.pbx), db):
                yield finding
        async for finding in sip_findings(settings, db, call=call):
            yield finding
        await db.close()


async def _agi(agi: AgiSettings) -> Finding:
    """Whether dialplans that ask where a call should go are answered; they go on without, so it is never an error."""
    if not agi.port:
        return Finding(what="agi", text="off (agi.port = 0)")
    where = f"{agi.host}:{agi.port}"
    host = "127.0.0.1" if agi.host in ("0.0.0.0", "::") else agi.host  # noqa: S104 - compared, not listened on
    trouble = f"{where} is listened on, but does not answer this machine: another program, or it is not in agi.allowed"
    try:
        if await probe(host, agi.port):
            return Finding(what="agi", text=f"dialplans are answered at {where}")
    except ConnectionRefusedError:
        trouble = f"nobody answers dialplans at {where}: is the server running? Calls go on without its answer"
    except (OSError, TimeoutError) as error:
        trouble = f"{where} cannot be asked ({error or 'no answer'})"
    return Finding(what="agi", ok=False, warning=True, text=trouble)


def _folder(settings: Settings) -> Finding:
    if not os.access(settings.data, os.W_OK):
        return Finding(
            what="data folder", ok=False, text=f"{settings.data}: cannot be written; chown it to the service"
        )
    return Finding(what="data folder", text=str(settings.data))


async def _strangers(pbxes: list[str], db: Database) -> AsyncIterator[Finding]:
    """Devices that no PBX of the settings will ever be asked about."""
    prefixes = tuple(f"{name}:" for name in pbxes)
    async with db.read() as conn:
        names = [row.name for row in await directory.devices(conn) if not row.name.startswith(prefixes)]
    for name in names:
        text = f"names no PBX: write {prefixes[0]}{name.rpartition(':')[2]} or the like under Settings, Users"
        yield Finding(what=f"device {name}", ok=False, warning=True, text=text)


def _line(finding: Finding, as_json: bool) -> str:
    mark = "ok" if finding.ok else "warning" if finding.warning else "to do"
    if as_json:
        more = {key: getattr(finding, key) for key in ("code", "snippet", "file") if getattr(finding, key)}
        return json.dumps({"what": finding.what, "state": mark, "text": finding.text, **more}, ensure_ascii=False)
    line = f"{mark:8} {finding.what}" + (f": {finding.text}" if finding.text else "")
    if not finding.snippet:
        return line
    indented = "".join(f"\n             {one}" for one in finding.snippet.rstrip().splitlines())
    return f"{line}\n         paste into {finding.file}:{indented}"
