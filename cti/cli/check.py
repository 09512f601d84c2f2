"""`cti check`: settings, database, each right of the PBX account, its version, devices; each line ok or what to do."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator

import click

from cti.channels.phone.agi import probe
from cti.channels.phone.ami import AmiLink, Received
from cti.channels.phone.clock import WARN_S
from cti.cli import examples, log_to_stderr, settings_of
from cti.cli.check_phones import phones
from cti.cli.check_sip import sip_findings
from cti.cli.finding import Finding
from cti.errors import ChannelError, CtiError
from cti.pbx import link_to
from cti.settings import AgiSettings, PbxSettings, Settings
from cti.storage import directory
from cti.storage.database import Database, open_database
from cti.telephony.commands import CoreSettings, ListCommands, ListDeviceStates, SendUserEvent

CONNECT_S = 5.0
# What the server asks the PBX for, and the write class that allows it (manager show command X).
NEEDED = {
    "Originate": "originate",
    "Hangup": "call",
    "Redirect": "call",
    "Atxfer": "call",
    "CancelAtxfer": "call",
    "BlindTransfer": "call",
    "PlayDTMF": "call",
    "GetVar": "call",
    "Setvar": "call",
    "QueueAdd": "agent",
    "QueuePause": "agent",
    "QueueRemove": "agent",
    "CoreShowChannels": "reporting",
    "CoreSettings": "reporting",
    "CoreStatus": "reporting",
    "DeviceStateList": "reporting",
    "ShowDialPlan": "reporting",
    "QueueStatus": "(none)",
    "BridgeList": "(none)",
    "UserEvent": "user",
}
# What an account of ours must not be able to do: it would be a shell on the PBX.
TOO_MUCH = {"Command": "command", "MixMonitor": "system", "UpdateConfig": "config", "ModuleLoad": "system"}
# First versions without CVE-2024-42365 (an account with write=originate could rewrite the configuration).
SAFE_FROM = {18: (18, 24, 2), 20: (20, 9, 2), 21: (21, 4, 2)}


@click.command(
    epilog=examples("cti check", "cti --config /etc/trubka/config.toml check", "cti check --json", "cti check --call")
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--settings", "show", is_flag=True, help="Print the effective settings too, secrets masked.")
@click.option("--call", "call", is_flag=True, help="Place the test calls of [sip.NAME.test] too; the server must run.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, show: bool, call: bool) -> None:
    """Check everything the server needs and say what to do; exit status 1 when something must be done."""
    settings = settings_of(ctx)
    log_to_stderr(settings)
    if show:
        click.echo(settings.model_dump_json(indent=2))

    async def work() -> bool:
        good = True
        async for finding in findings(settings, call=call):
            good = good and (finding.ok or finding.warning)
            click.echo(_line(finding, as_json))
        return good

    if not asyncio.run(work()):
        ctx.exit(1)


async def findings(settings: Settings, *, call: bool = False) -> AsyncIterator[Finding]:
    """Every check, in order. call: with test calls through the PBXes."""
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
    several = len(settings.pbx) > 1
    for name, pbx in settings.pbx.items():
        async for finding in _pbx(name, pbx, db, prefix=f"{name}:" if several else ""):
            yield finding
    if settings.pbx:
        yield await _agi(settings.agi)
    if db is not None:
        if several:
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


async def _pbx(name: str, pbx: PbxSettings, db: Database | None, *, prefix: str) -> AsyncIterator[Finding]:
    link = link_to(pbx)
    task = asyncio.create_task(link.run(), name="ami")
    try:
        trouble = await _connected(link)
        if trouble:
            yield Finding(what=f"pbx {name}", ok=False, text=trouble)
            return
        yield Finding(what=f"pbx {name}", text=f"signed in at {pbx.host}:{pbx.port} as {pbx.username}")
        yield await _version(name, link)
        yield _clock(name, link)
        async for finding in _rights(name, link):
            yield finding
        yield await _hears(name, link)
        if db is not None:
            async for finding in _devices(name, link, db, prefix):
                yield finding
            async for finding in phones(name, pbx, link, db, prefix):
                yield finding
    except ChannelError as error:
        yield Finding(what=f"pbx {name}", ok=False, text=str(error))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _connected(link: AmiLink) -> str:
    """ "" once the link is up, else why it is not within CONNECT_S."""
    try:
        async with asyncio.timeout(CONNECT_S):
            while link.health().state != "up":
                if link.health().state == "refused":
                    break
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    health = link.health()
    return "" if health.state == "up" else health.detail or "no answer: check host, port and the PBX's firewall"


async def _version(name: str, link: AmiLink) -> Finding:
    answer = await link.ask(CoreSettings())
    text = str(answer.headers.get("AsteriskVersion", "?"))
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    version = tuple(int(part) for part in found.groups()) if found else ()
    what = f"pbx {name} version"
    if version and version < SAFE_FROM.get(version[0], (0, 0, 0)):
        safe = ".".join(str(part) for part in SAFE_FROM[version[0]])
        return Finding(what=what, ok=False, warning=True, text=f"{text} has CVE-2024-42365: update to {safe} or newer")
    if version and version[0] < 16:
        return Finding(what=what, ok=False, text=f"{text} is too old: Asterisk 16 to 22 is needed")
    return Finding(what=what, text=text)


def _clock(name: str, link: AmiLink) -> Finding:
    ahead_s, what = link.far.ahead_s, f"pbx {name} clock"
    if ahead_s is None:
        return Finding(what=what, ok=False, warning=True, text="the PBX does not tell its time")
    if abs(ahead_s) > WARN_S:
        text = f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this server's: set both by NTP"
        return Finding(what=what, ok=False, warning=True, text=text)
    return Finding(what=what, text=f"differs by {ahead_s * 1000:+.0f} ms")


async def _rights(name: str, link: AmiLink) -> AsyncIterator[Finding]:
    """ListCommands tells exactly what this account may do."""
    answer = await link.ask(ListCommands())
    allowed = {name.casefold() for name in answer.headers}  # the PBX writes Getvar where its handbook says GetVar
    for action, right in NEEDED.items():
        what = f"pbx {name} right {right}: {action}"
        if action.casefold() in allowed:
            yield Finding(what=what)
        else:
            yield Finding(what=what, ok=False, text=f"missing: add {right} to write= of the account in manager.conf")
    for action, right in TOO_MUCH.items():
        if action.casefold() in allowed:
            text = f"the account may do {action}: take {right} out of write= in manager.conf, it is not needed"
            yield Finding(what=f"pbx {name} right {right}", ok=False, warning=True, text=text)


async def _hears(name: str, link: AmiLink) -> Finding:
    """An event of our own must come back: proves read=user and that no filter eats everything."""
    what = f"pbx {name} events"
    await link.ask(SendUserEvent(name="TrubkaCheck"))
    try:
        async with asyncio.timeout(CONNECT_S):
            while True:
                item = await link.events.get()
                if isinstance(item, Received) and item.headers.get("UserEvent") == "TrubkaCheck":
                    return Finding(what=what, text="arrive")
    except TimeoutError:
        return Finding(what=what, ok=False, text="do not arrive: read=system,call,agent,user,reporting in manager.conf")


async def _devices(name: str, link: AmiLink, db: Database, prefix: str) -> AsyncIterator[Finding]:
    answer = await link.ask(ListDeviceStates())
    states = {prefix + str(item.get("Device")): str(item.get("State")) for item in answer.items}
    async with db.read() as conn:
        rows = await directory.devices(conn)
    for row in rows:
        if not row.name.startswith(prefix):
            continue
        state = states.get(row.name)
        what = f"pbx {name} device {row.name}"
        if state is None or state == "INVALID":
            text = "the PBX does not know it: check the name under Settings, Users"
            yield Finding(what=what, ok=False, warning=True, text=text)
        elif state == "UNAVAILABLE":
            yield Finding(what=what, ok=False, warning=True, text="not registered: switch the phone on")
        else:
            yield Finding(what=what, text=state.casefold())


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
        return json.dumps({"what": finding.what, "state": mark, "text": finding.text}, ensure_ascii=False)
    return f"{mark:8} {finding.what}" + (f": {finding.text}" if finding.text else "")
