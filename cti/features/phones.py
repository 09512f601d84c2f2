"""A person's phones: the desk phone, the one in the browser, and at which of them he is rung.

The chosen phone is where queues ring him and where his clicks dial from: choosing another one moves his place in each
queue with it (agent_duty). The browser phone's password reaches its own owner's page and nobody else;
it is read anew from the PBX's own file each time, so that a changed one holds at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from cti.access import Person
from cti.directory import DeviceFinder
from cti.errors import ChannelError, Refused
from cti.lines import Line
from cti.storage import desks, sessions, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony.commands import RingAt
from cti.telephony.events import LinkChanged
from cti.telephony.web_secrets import passwords
from dialplan.files import PJSIP

ANSWER_S = 2.0
AGAIN_S = 2.0  # after which a PBX that is there and did not answer is told again

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserPhone:
    """What a page needs to be a phone. endpoint: its name at the PBX, which is its SIP user; password: never logged."""

    device: str
    endpoint: str
    extension: str
    password: str
    websocket: str


class Phones:
    """moved: takes a person's places in queues over to the phone that he is rung at from now on."""

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        line_of: Callable[[str], Line | None],
        reload: Callable[[], Awaitable[None]],
        moved: Callable[[int], Awaitable[None]],
        clock: Callable[[], float],
        again_s: float = AGAIN_S,
    ) -> None:
        self._db = db
        self._directory = directory
        self._line_of = line_of
        self._reload = reload
        self._moved = moved
        self._clock = clock
        self._again_s = again_s
        self._forgot: asyncio.Queue[str] = asyncio.Queue()  # beginnings of phones' names: who is rung at them is told

    async def run(self) -> None:
        """Make each PBX that comes up ring people where they chose, until cancelled."""
        while True:
            prefix = await self._forgot.get()
            for row in [row for row in self._directory.chosen() if row.name.startswith(prefix)]:
                await self._ring_at(row)

    async def people_changed(self) -> None:
        """An admin changed people or their phones."""
        await self._reload()
        self._forgot.put_nowait("")

    async def link_changed(self, event: LinkChanged, _received_at: float) -> None:
        """A PBX that was away may have forgotten."""
        if event.state == "up":
            self._forgot.put_nowait(event.prefix)

    def of(self, person: Person) -> tuple[DeviceRow, ...]:
        """All of a person's, the chosen one first."""
        return self._directory.devices_of(person.id)

    def chosen(self, person: Person) -> str:
        """The name of the phone he is rung at and dials from, "" without any."""
        row = self._directory.chosen_of(person.id)
        return row.name if row else ""

    def line(self, person: Person) -> Line | None:
        """Where the person is rung and dials from; None without a phone, or without its PBX."""
        return self._line_of(self.chosen(person))

    def browser_line(self, person: Person) -> Line | None:
        """Where his phone in the browser is reached."""
        row = self._browser(person)
        return self._line_of(row.name) if row else None

    async def browser(self, person: Person) -> BrowserPhone:
        """The person's phone in the browser. Raises Refused: `no-browser-phone`, `no-phone-password`."""
        row = self._browser(person)
        line = self._line_of(row.name) if row else None
        if row is None or line is None:
            raise Refused("no-browser-phone", "You have no phone in the browser; an admin adds one.")
        owned = line.settings.owner.folder
        password = (await _passwords(line.settings.web_secrets_file)).get(line.endpoint)
        if password is None and owned is not None:  # what was published last
            password = (await _passwords(owned / PJSIP)).get(line.endpoint)
        if password is None:
            raise Refused("no-phone-password", f"No password of {line.endpoint} in the settings' web_secrets_file.")
        return BrowserPhone(
            device=row.name,
            endpoint=line.endpoint,
            extension=row.extension,
            password=password,
            websocket=line.settings.sip_websocket(),
        )

    async def choose(self, person: Person, device: str) -> None:
        """Ring the person at this phone of his from now on. Raises Refused or ChannelError."""
        rows = {row.name: row for row in self.of(person)}
        new = rows.get(device)
        if new is None:
            raise Refused("no-device", "You have no such phone.")
        line = self._line_of(new.name)
        if line is None or line.pbx.health().state != "up":
            raise Refused("pbx-down", "The line to the PBX is down: choose again when it is back.")
        async with self._db.write() as conn:
            if not await desks.be_rung(conn, person.id, new.name):
                await users.choose_device(conn, person.id, new.name)
            await sessions.note(conn, self._clock(), person.id, "phone", f"user:{person.id}", new.name)
        await self._reload()
        await self._ring_at(new)
        await self._moved(person.id)

    async def follow(self, user_id: int) -> None:
        """He sat down at a shared desk phone, or left it: his extension rings where he is now."""
        row = self._directory.chosen_of(user_id)
        if row is not None:
            await self._ring_at(row)

    async def _ring_at(self, row: DeviceRow) -> None:
        """Calls to the person's extension ring this phone. A PBX that is away is told when it is back."""
        line = self._line_of(row.name)
        if line is None:
            return
        with contextlib.suppress(ValueError):  # a name that no command may carry rings by itself
            try:
                await line.pbx.ask(RingAt(extension=row.extension, device=line.device), timeout_s=ANSWER_S)
            except ChannelError:
                if line.pbx.health().state == "up":  # else it is told when it comes
                    asyncio.get_running_loop().call_later(self._again_s, self._forgot.put_nowait, row.name)

    def _browser(self, person: Person) -> DeviceRow | None:
        return next((row for row in self.of(person) if row.kind == "browser"), None)


async def _passwords(file: Path | None) -> Mapping[str, str]:
    """Those of the file; none where it cannot be read just now."""
    if file is None:
        return {}
    try:
        return passwords(await asyncio.to_thread(file.read_text, encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        log.error("browser phones have no passwords", reason=str(error))
        return {}
