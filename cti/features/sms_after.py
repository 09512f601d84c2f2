"""What becomes of SMS that left: answers and receipts written down, failures told, one more gateway tried.

Rules kept here: what a gateway told is in the base before it is thanked. A receipt may come before its answer, twice
and in any order. What was not delivered goes once more through another gateway, while it is young and none of it came;
what nobody knows of goes again by a person alone. The author is told once of what did not arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog

from cti.channels.texts import Answer, Choice, Receipt, TextLines
from cti.desktop import AgentDesktop, Notice
from cti.errors import StorageError
from cti.messages.deliveries import id_keys
from cti.storage import desktop_events, limits, sms_queue, sms_receipts, spending
from cti.storage import sms as messages
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.one_hop import in_one_trip
from cti.storage.sms_queue import Waiting
from cti.storage.sms_receipts import Change

SWEEP_S = 60.0
YOUNG_S = 2 * 3600.0  # of what is given to another gateway when one did not deliver it
OTHER_S = 30.0  # before that: the receipt of its delivery may be late
TOLD = ("undeliverable", "expired", "rejected", "unknown", "canceled")

log = structlog.get_logger()


class Answered(Protocol):
    """What a gateway answered to a message (features/sms_out.py)."""

    @property
    def row(self) -> Waiting: ...
    @property
    def choice(self) -> Choice: ...
    @property
    def answers(self) -> tuple[Answer, ...]: ...


class SmsAfter:
    """Writes down. wake: the queue has something to do; next_seq: of what an author must not miss.

    changed: told the ids of messages that are otherwise now, once that is in the base.
    """

    def __init__(
        self,
        *,
        db: Database,
        lines: TextLines,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._lines = lines
        self._desktop = desktop
        self._next_seq = next_seq
        self._zone = zone
        self._clock = clock
        self._one = asyncio.Lock()  # an answer and its receipt must see each other
        self.wake: Callable[[], None] = lambda: None  # set by the composition root
        self.changed: Callable[[Sequence[Change]], None] = lambda _: None  # as above

    async def run(self) -> None:
        """Now and then: what was never heard of is unknown; until cancelled."""
        while True:
            try:
                await self._sweep()
            except StorageError as error:
                log.warning("SMS cannot be looked through now", reason=str(error))
            await asyncio.sleep(SWEEP_S)

    async def settled(self, some: Sequence[tuple[Answered, dict[str, Any]]]) -> None:
        """What gateways answered. Raises StorageError: told again, it does no harm."""
        now = self._clock()
        parts = [
            {
                "sms_id": one.row.id, "attempt": values["attempt"], "part": number, "gateway_id": one.choice.gateway_id,
                "far_id": next(iter(id_keys(answer.far_id)), ""), "state": answer.state,
            }
            for one, values in some
            for number, answer in enumerate(one.answers, start=1)
        ]  # fmt: skip
        far: dict[int, list[str]] = {}
        for part in parts:
            far.setdefault(part["gateway_id"], []).append(part["far_id"])
        told: list[tuple[int, Notice]] = []
        free = [one.row for one, values in some if not one.answers and values["state"] != "unknown"]
        async with self._one, self._db.write() as conn:

            async def kept() -> list[Change]:
                changes = [_changed(one.row, values) for one, values in some]
                await sms_queue.end(conn, [values for _, values in some])
                await sms_queue.keep_parts(conn, parts)
                await spending.spend(conn, free, now, self._zone, back=True)
                for gateway_id, ids in far.items():
                    early = await sms_receipts.early(conn, gateway_id, ids)
                    changes += await sms_receipts.hear(conn, gateway_id, early, now) if early else []
                return changes

            changes = await self._follow(conn, await in_one_trip(conn, kept, ends=_none_failed), told, now)
        await self._tell(changes, told)

    async def ended(self, some: Sequence[tuple[Waiting, dict[str, Any]]], since: str) -> None:
        """Messages that do not leave now, or of which nobody knows whether they left."""
        now, told = self._clock(), list[tuple[int, Notice]]()
        news = [(row, values) for row, values in some if (values["state"], values.get("why", "")) != (since, row.why)]
        changes = [_changed(row, values, since) for row, values in news]
        async with self._one, self._db.write() as conn:
            await sms_queue.end(conn, [values for _, values in some], since)
            changes = await self._follow(conn, changes, told, now)
        await self._tell(changes, told)

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        """What became of messages, as a gateway tells it."""
        now, told = self._clock(), list[tuple[int, Notice]]()
        async with self._one, self._db.write() as conn:
            heard = lambda: sms_receipts.hear(conn, gateway_id, receipts, now)  # noqa: E731 - of this transaction
            changes = await self._follow(conn, await in_one_trip(conn, heard, ends=_none_failed), told, now)
        await self._tell(changes, told)

    async def _sweep(self) -> None:
        now, told = self._clock(), list[tuple[int, Notice]]()
        async with self._one, self._db.write() as conn:
            given, _ = await limits.read(conn)
            changes = await sms_receipts.silent(conn, now - given.unknown_h * 3600, now)
            await sms_receipts.forget_old(conn, now)
            changes = await self._follow(conn, changes, told, now)
        await self._tell(changes, told)

    async def _follow(
        self, conn: Connection, changes: Sequence[Change], told: list[tuple[int, Notice]], now: float
    ) -> list[Change]:
        """Another gateway where one did not deliver, and a word to the author where none will; as it is then."""
        last = {one.id: one for one in changes}
        for one in list(last.values()):
            if one.state in ("undeliverable", "expired", "rejected") and await self._once_more(conn, one, now):
                last[one.id] = replace(one, state="queued", why="other-gateway")
            elif one.state in TOLD and one.user_id is not None and one.campaign_id is None and one.state != one.was:
                told.append((one.user_id, self._notice(one, now)))
                await messages.move(conn, one.id, (one.state,), told_at=now)
        await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in told])
        return [one for one in last.values() if one.state != one.was or one.why]

    async def _once_more(self, conn: Connection, one: Change, now: float) -> bool:
        """Whether it goes through another gateway now: once, while it is young, and only if none of it came."""
        if one.attempt != 1 or one.delivered or now - one.created_at > YOUNG_S:
            return False
        tried = await sms_queue.tried(conn, one.id)
        other = self._lines.choose(one.number, purpose=one.purpose, besides=tried)
        line = self._lines.line(other.gateway_id) if other else None
        if line is None or line.health != "up":
            return False
        values = {"state": "queued", "why": "other-gateway", "next_at": now + OTHER_S, "settled_at": None}
        return await messages.move(conn, one.id, (one.state,), **values)

    async def _tell(self, changes: Sequence[Change], told: Sequence[tuple[int, Notice]]) -> None:
        for author, notice in told:
            await self._desktop.message(author, notice)
        if changes:
            self.changed(changes)
            self.wake()

    def _notice(self, one: Change, now: float) -> Notice:
        """Nothing of the message: what a desk was told stays when the client is erased."""
        author = one.user_id or 0
        return Notice(seq=self._next_seq(author), code=f"sms-{one.state}", args={}, href=f"/sms#sms-{one.id}", at=now)


def _none_failed(changes: Sequence[Change]) -> bool:
    """Whether nothing follows from what was written down."""
    return all(one.state not in TOLD for one in changes)


def _changed(row: Waiting, values: dict[str, Any], was: str = "sending") -> Change:
    return Change(
        id=row.id, was=was, state=values["state"], number=row.number, purpose=row.purpose,  # type: ignore[arg-type]
        user_id=row.user_id, client_id=row.client_id, campaign_id=row.campaign_id, attempt=values["attempt"],
        created_at=row.created_at, why=values.get("why", ""),
    )  # fmt: skip
