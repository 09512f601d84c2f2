"""Who sits behind which device: read from storage, kept in memory, reloaded when an admin changes it.

The way from a ring to a person must not cost a query; a few hundred people fit in one dict.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from cti.storage import directory as stored
from cti.storage.database import Database
from cti.storage.directory import DeviceRow


class DeviceFinder(Protocol):
    """What the features need of the directory."""

    def by_device(self, device: str | None) -> DeviceRow | None: ...
    def by_extension(self, extension: str | None, near: str | None = None) -> DeviceRow | None: ...
    def chosen_of(self, user_id: int) -> DeviceRow | None: ...
    def devices_of(self, user_id: int) -> tuple[DeviceRow, ...]: ...
    def chosen(self) -> Iterable[DeviceRow]: ...


class Directory:
    """Devices by name, by extension and by person, as of the last `reload`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_device: dict[str, DeviceRow] = {}
        self._by_extension: dict[tuple[str, str], DeviceRow] = {}
        self._by_user: dict[int, tuple[DeviceRow, ...]] = {}

    async def reload(self) -> None:
        """Read all devices again; the old picture serves until the new one is complete."""
        async with self._db.read() as conn:
            rows = await stored.devices(conn)
        by_user: dict[int, tuple[DeviceRow, ...]] = {}
        for row in rows:
            by_user[row.user_id] = (*by_user.get(row.user_id, ()), row)
        self._by_device = {row.name: row for row in rows}
        self._by_extension = {(_pbx_of(row.name), number): row for row in rows for number in _numbers(row)}
        self._by_user = by_user

    def by_device(self, device: str | None) -> DeviceRow | None:
        """The row of a device (`PJSIP/101`), None for trunks and strangers."""
        return self._by_device.get(device or "")

    def by_extension(self, extension: str | None, near: str | None = None) -> DeviceRow | None:
        """Somebody's row by internal number (`101`). near: a device of the same PBX; each has a 101 of its own."""
        return self._by_extension.get((_pbx_of(near or ""), extension or ""))

    def devices_of(self, user_id: int) -> tuple[DeviceRow, ...]:
        """All devices of a person."""
        return self._by_user.get(user_id, ())

    def chosen_of(self, user_id: int) -> DeviceRow | None:
        """The device a person is rung at and dials from: the chosen one, else his first."""
        rows = self.devices_of(user_id)
        return next((row for row in rows if row.chosen), rows[0] if rows else None)

    def desk_of(self, user_id: int) -> str:
        """The shared desk phone at which he sits, "" for none."""
        return next((row.name for row in self.devices_of(user_id) if row.desk), "")

    def chosen(self) -> Iterable[DeviceRow]:
        """Everybody's chosen device."""
        return [rows[0] for rows in self._by_user.values()]  # the chosen one stands first

    def people(self) -> Iterable[tuple[int, tuple[DeviceRow, ...]]]:
        """Everybody who has a device, by user id."""
        return self._by_user.items()

    def names(self, devices: Iterable[str]) -> tuple[str, ...]:
        """Names of the people behind devices, each once, in order."""
        rows = (self.by_device(device) for device in devices)
        return tuple(dict.fromkeys(row.user_name for row in rows if row))


def _numbers(row: DeviceRow) -> tuple[str, ...]:
    """Where he is reached: his own extension, and that of the desk at which he sits."""
    return (row.desk, row.extension) if row.desk else (row.extension,)


def _pbx_of(device: str) -> str:
    """`spb` of `spb:PJSIP/101`; "" where the server has one PBX."""
    return device.partition("/")[0].rpartition(":")[0]
