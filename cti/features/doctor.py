"""The doctor: looks at a PBX as the server's own account sees it, and at its files where somebody gives them.

Nothing is changed there: what is asked is the account's rights, lists, settings that tell no secret, and one event of
our own that comes back. The rules are pure (dialplan/doctor); what could not be seen reaches them as None.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from cti.channels.base import Answer, Knock, Visit
from cti.errors import ChannelError, Refused
from cti.settings import PbxSettings
from cti.storage import desks, directory, journal
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony import commands as c
from cti.telephony.web_secrets import passwords
from dialplan.conf_read import MOST_CHARS, Conf, read
from dialplan.doctor.account import section
from dialplan.doctor.examine import examine
from dialplan.doctor.facts import MANY, Config, Door, Facts, Finding, Folder, Key, Member, Phone, wanted
from dialplan.doctor.phones import OPUS
from dialplan.doctor.snippets import kind_of
from dialplan.files import INCLUDED_BY, PJSIP
from dialplan.offers import Row
from dialplan.recipes import responsible

WHOLE_S = 60.0
ASK_S = 5.0
DIALPLAN_S = 20.0
MOST_VALUES = 20
MOST_QUEUES = 120
MOST_PHONES = 300
MOST_FILES, LARGEST = 400, 2_000_000
FILES = ("manager.conf", "http.conf", "confbridge.conf", "asterisk.conf", "rtp.conf", "features.conf", "queues.conf",
         "pjsip.conf", "extensions.conf", *INCLUDED_BY.values())  # fmt: skip
HERE = frozenset(("127.0.0.1", "::1", "localhost"))
DAY_S = 86_400.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What was found at a PBX, by room of the page. refused: why nobody could look at all.

    files: those that were given; kind: what the PBX is made with; account: the server's as it should stand; own: the
    dialplan is ours.
    """

    pbx: str
    at: float
    rooms: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    refused: str = ""
    files: tuple[str, ...] = ()
    kind: str = "hand"
    account: str = ""
    own: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return tuple(one for room in self.rooms.values() for one in room)


class Doctor:
    """asked_at: where dialplans ask, ask_s: how long they wait. is_owner: whether a PBX's dialplan is ours.

    visit: a connection to a PBX; knock: at its SIP over WebSocket.
    """

    def __init__(
        self,
        *,
        db: Database,
        pbxes: Mapping[str, PbxSettings],
        asked_at: str,
        ask_s: float = responsible.ASK_S,
        visit: Callable[[PbxSettings], AbstractAsyncContextManager[Visit]],
        knock: Callable[[str], Awaitable[Knock]],
        clock: Callable[[], float],
        is_owner: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._db = db
        self._pbxes = pbxes
        self._asked_at, self._ask_s = asked_at, ask_s
        self._visit, self._knock = visit, knock
        self._clock = clock
        self._is_owner = is_owner
        self._one_looks = {name: asyncio.Lock() for name in pbxes}

    @property
    def pbxes(self) -> tuple[str, ...]:
        """Those that can be looked at."""
        return tuple(self._pbxes)

    async def look(self, pbx: str, files: Mapping[str, str] | None = None) -> Examination:
        """Examine one. files: its configuration by name, as far as it was given. Raises Refused: no such PBX."""
        settings = self._pbxes.get(pbx)
        if settings is None:
            raise Refused("no-such-pbx", "No such PBX is set up.")
        given = {**await _own_files(settings), **(files or {})}
        confs = await asyncio.to_thread(lambda: {name: read(name, given) for name in FILES if name in given})
        async with self._one_looks[pbx]:
            try:
                async with asyncio.timeout(WHOLE_S), self._visit(settings) as visit:
                    facts = await self._facts(pbx, settings, visit, confs)
            except (ChannelError, TimeoutError) as error:
                refused = str(error) or "The PBX took too long to answer."
                return Examination(pbx=pbx, at=self._clock(), refused=refused, files=tuple(confs))
        return Examination(
            pbx=pbx,
            at=self._clock(),
            rooms=await asyncio.to_thread(examine, facts),  # a large dialplan holds no call up
            files=tuple(confs),
            kind=kind_of(facts.rows or ()),
            account=section(facts),
            own=facts.owner,
        )

    async def _facts(self, pbx: str, settings: PbxSettings, visit: Visit, confs: Mapping[str, Conf]) -> Facts:
        may = await _ask(visit, c.ListCommands())
        actions = frozenset(name.casefold() for name in may.headers) if may else None
        heard = await _heard(visit, actions)
        queues = await _queues(visit)
        config = Config(files=confs, asked=await _settings(visit, settings.username, queues or {}, confs))
        core = await _ask(visit, c.CoreSettings())
        rows = await _ask(visit, c.ShowDialplan(), within_s=DIALPLAN_S)
        modules = await _modules(visit)
        return Facts(
            account=settings.username,
            agi=self._asked_at,
            ask_s=self._ask_s,
            dial_context=settings.dial_context,
            owner=await self._is_owner(pbx) if self._is_owner else False,
            version=str(core.headers.get("AsteriskVersion", "")) if core else "",
            actions=actions,
            booted=visit.booted,
            heard=heard,
            ahead_s=visit.ahead_s,
            config=config,
            queues=queues,
            states=await _states(visit),
            desks=await self._desks(pbx),
            rows=tuple(_row(item) for item in rows.items) if rows else None,
            modules=modules,
            phones=await self._phones(pbx, settings, visit, speaks_opus=any(modules.get(one) for one in OPUS)),
            door=await self._door(pbx, settings),
            recordings=await asyncio.to_thread(_recordings, settings, config),
        )

    async def _rows(self, pbx: str) -> list[DeviceRow]:
        """Devices of one PBX, with names as it has them."""
        prefix = f"{pbx}:" if len(self._pbxes) > 1 else ""
        async with self._db.read() as conn:
            rows = await directory.devices(conn)
        return [row for row in rows if row.name.startswith(prefix)]

    async def _desks(self, pbx: str) -> frozenset[str]:
        """Shared desk phones: whoever sits down there is rung at it."""
        prefix = f"{pbx}:" if len(self._pbxes) > 1 else ""
        async with self._db.read() as conn:
            return frozenset(one.name.removeprefix(prefix) for one in await desks.every(conn))

    async def _phones(self, pbx: str, settings: PbxSettings, visit: Visit, *, speaks_opus: bool) -> tuple[Phone, ...]:
        known = await asyncio.to_thread(_with_password, settings)
        found: dict[str, Phone] = {}
        rows = (await self._rows(pbx))[:MOST_PHONES]
        async with self._db.read() as conn:
            used = {row.name for row in rows if await journal.was_used(conn, row.name, row.user_id)}
        for row in rows:
            device = row.name.partition(":")[2] if len(self._pbxes) > 1 else row.name
            name, browser = device.partition("/")[2], row.kind == "browser"
            found[device] = Phone(
                device=device,
                browser=browser,
                allow="" if speaks_opus else await _variable(visit, f"PJSIP_ENDPOINT({name},allow)"),
                webrtc=await _variable(visit, f"PJSIP_ENDPOINT({name},webrtc)") if browser else "",
                password=not browser or name in known,
                used=row.name in used,
            )
        return tuple(found.values())

    async def _door(self, pbx: str, settings: PbxSettings) -> Door | None:
        """Nothing where nobody has a phone in the browser there."""
        if not any(row.kind == "browser" for row in await self._rows(pbx)):
            return None
        url = settings.sip_websocket()
        knock = await self._knock(url)
        days = None if knock.expires_at is None else int((knock.expires_at - self._clock()) // DAY_S)
        return Door(url=url, answers=knock.answers, why=knock.why, days=days)


def _with_password(settings: PbxSettings) -> frozenset[str]:
    """Browsers' telephones whose passwords the server has: in the file of the settings, or published by it."""
    folder = settings.owner.folder
    found: set[str] = set()
    for file in (settings.web_secrets_file, folder / PJSIP if folder else None):
        with suppress(OSError, UnicodeDecodeError):
            found |= passwords(file.read_text(encoding="utf-8")).keys() if file else set()
    return frozenset(found)


async def _own_files(settings: PbxSettings) -> dict[str, str]:
    """Where the settings name the PBX's folder. Nothing where it cannot be read: its lines are then not visible."""
    folder = settings.owner.folder
    try:
        return await asyncio.to_thread(read_folder, folder) if folder else {}
    except OSError as error:
        log.warning("the PBX's files cannot be read", reason=error.strerror)
        return {}


def read_folder(folder: Path) -> dict[str, str]:
    """Configuration files under a folder by their names in it: text files, as many and as large as one may read.

    Raises OSError.
    """
    found: dict[str, str] = {}
    size = 0
    for path in sorted((*folder.glob("*.conf"), *folder.glob("*/*.conf")))[:MOST_FILES]:
        if path.is_file() and path.stat().st_size <= LARGEST:
            text = path.read_text(encoding="utf-8", errors="replace")
            size += len(text)
            if size > MOST_CHARS:
                break
            found[path.relative_to(folder).as_posix()] = text
    return found


async def _ask(visit: Visit, command: c.Command, *, within_s: float = ASK_S) -> Answer | None:
    """None where the account may not, or the PBX does not know it."""
    try:
        answer = await visit.ask(command, timeout_s=within_s)
    except ChannelError:
        return None
    return answer if answer.ok else None


async def _heard(visit: Visit, actions: frozenset[str] | None) -> bool | None:
    if actions is not None and "userevent" not in actions:
        return None
    try:
        return await visit.returns("TrubkaCheck")
    except ChannelError:
        return None


async def _queues(visit: Visit) -> dict[str, tuple[Member, ...]] | None:
    answer = await _ask(visit, c.ShowQueues())
    if answer is None:
        return None
    found: dict[str, list[Member]] = {}
    for item in answer.items:
        queue = str(item.get("Queue", ""))
        if item.get("Event") == "QueueParams" and queue != "default":
            found.setdefault(queue, [])
        elif item.get("Event") == "QueueMember":
            interface, dynamic = str(item.get("Location", "")), item.get("Membership") == "dynamic"
            found.setdefault(queue, []).append(Member(interface=interface, dynamic=dynamic))
    return {queue: tuple(those) for queue, those in list(found.items())[:MOST_QUEUES]}


async def _states(visit: Visit) -> dict[str, str] | None:
    answer = await _ask(visit, c.ListDeviceStates())
    return None if answer is None else {str(one.get("Device")): str(one.get("State")) for one in answer.items}


async def _settings(
    visit: Visit, account: str, queues: Mapping[str, object], confs: Mapping[str, Conf]
) -> dict[Key, tuple[str, ...]]:
    """What files would tell, value by value, of files that were not given."""
    found: dict[Key, tuple[str, ...]] = {}
    for key in wanted(account, tuple(queues)):
        if key[0] not in confs:
            values = await _values(visit, key)
            if values is None:
                return found  # neither right that lets it ask
            found[key] = values
    return found


async def _values(visit: Visit, key: Key) -> tuple[str, ...] | None:
    found: list[str] = []
    file, section, name = key
    for at in range(MOST_VALUES if name in MANY else 1):
        try:
            command = c.ReadSetting(file=file, section=section, key=name, at=at)
        except ValueError:  # a queue whose name no command may carry
            return ()
        answer = await _ask(visit, command)
        if answer is None:
            return None
        value = str(answer.headers.get("Value", "")).strip()
        if not value:
            break
        found.append(value)
    return tuple(found)


async def _modules(visit: Visit) -> dict[str, bool]:
    said = {name: await _variable(visit, f"IFMODULE({name})") for name in (*OPUS, "res_parking.so")}
    return {name: value == "1" for name, value in said.items() if value in ("0", "1")}


async def _variable(visit: Visit, name: str) -> str:
    try:
        answer = await _ask(visit, c.GetVariable(name=name))
    except ValueError:
        return ""
    return str(answer.headers.get("Value", "")) if answer else ""


def _row(item: Mapping[str, str | list[str]]) -> Row:
    return {key: item[key] for key in ("Context", "Extension", "Priority", "Application", "AppData", "IncludeContext")
            if key in item}  # fmt: skip


def _recordings(settings: PbxSettings, config: Config) -> Folder | None:
    """The PBX's folder of recordings, where it is this machine's. Its writer is who owns the folder around it: whether
    he may is told by the owner, the group or everybody's rights, as the system asks them.
    """
    spool = config.value("asterisk.conf", "directories", "astspooldir")
    if settings.host not in HERE or spool is None:
        return None
    around = Path(spool or "/var/spool/asterisk")
    folder = settings.recordings or around / "monitor"
    try:
        disk, owner, own = os.statvfs(folder), around.stat(), folder.stat()
    except OSError:
        return None
    asked = stat.S_IWUSR if own.st_uid == owner.st_uid else stat.S_IWGRP if own.st_gid == owner.st_gid else stat.S_IWOTH
    writes = owner.st_uid == 0 or bool(own.st_mode & asked)
    return Folder(path=str(folder), free=disk.f_bavail / max(disk.f_blocks, 1), writes=writes)
