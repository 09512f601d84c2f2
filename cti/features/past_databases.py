"""A PBX's database as an admin names it in the panel: its logs are read there, its password is sealed, told to nobody.

The host is the PBX's own, or one that the settings let people name (SEC-11).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken

from cti.access import Person, may
from cti.errors import ChannelError, NotAllowed, Refused
from cti.storage import past_databases, sessions
from cti.storage.database import Database
from cti.storage.past_databases import PastDatabase

KINDS = {"mysql": 3306, "postgresql": 5432}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|[0-9a-fA-F:]{2,45}")
_NAME = re.compile(r"[\w$-]{1,64}")
_TABLE = re.compile(r"\w{0,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """How a PBX's databases are reached. host: the PBX's own.

    addresses: of another host and port, as far as they may be reached; raises ChannelError.
    """

    host: str
    addresses: Callable[[str, int], Awaitable[list[str]]]


class PastDatabases:
    """doors: of each PBX by name."""

    def __init__(self, *, db: Database, box: Fernet, doors: Mapping[str, Door], clock: Callable[[], float]) -> None:
        self._db = db
        self._box = box
        self._doors = doors
        self._clock = clock
        self.named: Callable[[list[str]], Awaitable[None]] | None = None  # told of a PBX whose logs are named now

    async def keep(self, person: Person, wanted: PastDatabase, password: str) -> None:
        """Set a PBX's database. password: "" leaves it as it is, where the host stays the same. Raises Refused."""
        _manages(person)
        _check(wanted)
        await self._address(wanted)
        now = self._clock()
        async with self._db.write() as conn:
            before = (await past_databases.every(conn)).get(wanted.pbx)
            sealed = await past_databases.secret_of(conn, wanted.pbx)
            if password:
                sealed = self._box.encrypt(password.encode()).decode()
            elif before is None or (before.host, before.port, before.login) != (wanted.host, wanted.port, wanted.login):
                sealed = ""  # what was told to one host is not told to another
            await past_databases.keep(conn, wanted, sealed)
            where = f"{wanted.login}@{wanted.host}:{wanted.port}/{wanted.name}"
            await sessions.note(conn, now, person.id, "past-database", f"pbx:{wanted.pbx}", where)
        if self.named is not None:
            await self.named([wanted.pbx])

    async def drop(self, person: Person, pbx: str) -> None:
        """Forget a PBX's database."""
        _manages(person)
        async with self._db.write() as conn:
            if await past_databases.drop(conn, pbx):
                await sessions.note(conn, self._clock(), person.id, "past-database-drop", f"pbx:{pbx}")

    async def has(self, pbx: str) -> bool:
        """Whether a PBX's database is named here."""
        async with self._db.read() as conn:
            return pbx in await past_databases.every(conn)

    async def of(self, pbx: str) -> tuple[PastDatabase, str] | None:
        """A PBX's database and its address with the password, as it is reached now; None for none. Raises Refused."""
        async with self._db.read() as conn:
            found = (await past_databases.every(conn)).get(pbx)
            sealed = await past_databases.secret_of(conn, pbx)
        if found is None or pbx not in self._doors:
            return None
        try:
            password = self._box.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            raise Refused("past-database-secret", "Its password cannot be read: type it again.") from None
        return found, found.url(password, await self._address(found))

    async def _address(self, wanted: PastDatabase) -> str:
        door = self._doors.get(wanted.pbx)
        if door is None:
            raise Refused("no-such-pbx", "The settings name no such PBX.")
        if wanted.host == door.host:
            return wanted.host
        try:
            return (await door.addresses(wanted.host, wanted.port))[0]
        except ChannelError:
            raise Refused("past-database-host", "This host may not be reached.") from None


def _check(wanted: PastDatabase) -> None:
    tables = (wanted.cdr_table, wanted.queue_log_table)
    sound = (
        wanted.kind in KINDS and _HOST.fullmatch(wanted.host) and 0 < wanted.port < 65536
        and _NAME.fullmatch(wanted.name) and len(wanted.login) <= 80 and wanted.login.isprintable()
    )  # fmt: skip
    if not sound:
        raise Refused("past-database-bad", "Give a host, a port, and the database's name.")
    if not any(tables) or not all(_TABLE.fullmatch(one) for one in tables):
        raise Refused("past-database-tables", "Name at least one table: letters, digits and _ alone.")


def _manages(person: Person) -> None:
    if not may(person, "settings.manage"):
        raise NotAllowed("Only an admin names the PBX's database.")
