"""Every phone as the PBX sees it: on the line or not and since when, from which address, and what it says it is.

The state comes with the events; address and model are asked for when somebody looks, and kept for a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cti.directory import DeviceFinder
from cti.lines import Line
from cti.storage.directory import DeviceRow
from cti.telephony.events import DeviceStatus

FRESH_S = 60.0
ANSWER_S = 1.0
WHOLE_S = 4.0
AT_ONCE = 16  # questions to a PBX, beside the calls' own


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Where a registered phone is and what it is. address: `sip:101@10.0.0.7:5060`; model: its User-Agent."""

    address: str = ""
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneSeen:
    """since: UNIX s, 0 where the PBX has not told yet."""

    row: DeviceRow
    status: DeviceStatus
    since: float
    contact: Contact


class PhoneWatch:
    """status_of: a device's state and since when."""

    def __init__(
        self,
        *,
        directory: DeviceFinder,
        line_of: Callable[[str], Line | None],
        status_of: Callable[[str], tuple[DeviceStatus, float]],
        clock: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._line_of = line_of
        self._status_of = status_of
        self._clock = clock
        self._contacts: dict[str, tuple[float, Contact]] = {}

    async def seen(self, user_ids: Iterable[int]) -> list[PhoneSeen]:
        """The phones of these people, those out of reach first."""
        rows = [row for user_id in user_ids for row in self._directory.devices_of(user_id)]
        slots = asyncio.Semaphore(AT_ONCE)
        tasks = [asyncio.create_task(self._contact(row, slots), name="phone-contact") for row in rows]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=WHOLE_S)
            for task in late:
                task.cancel()
        found = [
            PhoneSeen(row=row, status=status, since=since, contact=self._known(row.name))
            for row in rows
            for status, since in [self._status_of(row.name)]
        ]
        return sorted(found, key=lambda one: (one.status != "unreachable", one.row.user_name.casefold(), one.row.name))

    def _known(self, device: str) -> Contact:
        status, _since = self._status_of(device)
        return Contact() if status in ("unreachable", "unknown") else self._contacts.get(device, (0.0, Contact()))[1]

    async def _contact(self, row: DeviceRow, slots: asyncio.Semaphore) -> None:
        line, (status, since) = self._line_of(row.name), self._status_of(row.name)
        asked_at = self._contacts.get(row.name, (float("-inf"), Contact()))[0]
        fresh = self._clock() - asked_at < FRESH_S and asked_at >= since
        if line is None or fresh or status in ("unreachable", "unknown") or not line.device.startswith("PJSIP/"):
            return
        async with slots:
            name = await line.contact(within_s=ANSWER_S)
            if not name:
                return
            address = await line.variable(f"PJSIP_CONTACT({name},uri)", within_s=ANSWER_S)
            model = await line.variable(f"PJSIP_CONTACT({name},user_agent)", within_s=ANSWER_S)
            self._contacts[row.name] = self._clock(), Contact(address=address[:200], model=model[:200])
