"""The running lines to SMS gateways, and which of them serves a number.

Each gateway in use has a line of its own, begun anew when its row changes. What happens in one stops no other: a line
that falls is begun again, and its trouble stands at its row, told once to those who may do something about it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import structlog
from cryptography.fernet import Fernet, InvalidToken

from cti.access import may
from cti.channels.texts import InText, Receipt, SmsTrouble, TextLine, TextTaker
from cti.desktop import AgentDesktop, Notice
from cti.errors import StorageError
from cti.messages.deliveries import Choice
from cti.messages.http_gateways import Secrets
from cti.messages.routes import Route, chosen
from cti.storage import desktop_events, gateways, users
from cti.storage.database import Database
from cti.storage.gateways import Gateway

AGAIN_S = 5.0  # after which a line that fell is begun again
UNDO_S = 24 * 3600.0  # so long a removed gateway can be taken back

log = structlog.get_logger()


class Building(Protocol):
    """Makes a line of a row (channels/sms/lines.py)."""

    def build(
        self,
        gateway_id: int,
        kind: str,
        given: str,
        secrets: Secrets,
        *,
        rate: int,
        taker: TextTaker,
        found: Callable[[str], Awaitable[None]],
        unsettled: Callable[[], Awaitable[Sequence[str]]],
    ) -> TextLine:
        """A line that is not running yet. Raises SmsTrouble."""
        ...


class Gateways:
    """Implements TextLines. key: Fernet key of secrets at rest; taker: is told what gateways tell."""

    def __init__(
        self,
        *,
        db: Database,
        key: bytes,
        lines: Building,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._box = Fernet(key)
        self._build = lines
        self._desktop = desktop
        self._next_seq = next_seq
        self._clock = clock
        self._changed: asyncio.Queue[int | None] = asyncio.Queue()
        self._rows: dict[int, Gateway] = {}
        self._routes: list[Route] = []
        self._senders: dict[tuple[int, str], str] = {}
        self._lines: dict[int, tuple[TextLine, asyncio.Task[None]]] = {}
        self._turn = 0
        self.taker: TextTaker = _Nobody()

    # Choosing -------------------------------------------------------------------------------------------------------
    def choose(self, number: str, *, purpose: str, besides: frozenset[int] = frozenset()) -> Choice | None:
        """The gateway for a number now (messages/routes.py)."""
        known = self._lines.keys() - besides
        up = {one for one in known if self._lines[one][0].health == "up"}
        route = chosen(self._routes, number, known=known, up=up, turn=self._turn)
        if route is None:
            return None
        self._turn += 1
        row = self._rows[route.gateway_id]
        return Choice(
            gateway_id=row.id,
            sender=self._senders.get((row.id, purpose), row.sender),
            price=row.price if route.price is None else route.price,
            currency=row.currency,
        )

    def line(self, gateway_id: int) -> TextLine | None:
        """The line to a gateway; None: it is paused or gone."""
        found = self._lines.get(gateway_id)
        return found[0] if found is not None else None

    # Secrets --------------------------------------------------------------------------------------------------------
    def seal(self, secrets: Secrets) -> str:
        """As they are stored."""
        return self._box.encrypt(msgspec.json.encode(secrets)).decode()

    def opened(self, sealed: str) -> Secrets:
        """As they are; none where there are none, or the installation's key is another one now."""
        try:
            return msgspec.json.decode(self._box.decrypt(sealed.encode()), type=Secrets) if sealed else Secrets()
        except (InvalidToken, msgspec.DecodeError):
            return Secrets()

    # Running --------------------------------------------------------------------------------------------------------
    def changed(self, gateway_id: int | None = None) -> None:
        """A gateway was added, changed, paused, resumed or removed; None: routes or names are others."""
        self._changed.put_nowait(gateway_id)

    async def settled(self) -> None:
        """When all that was changed is so."""
        await self._changed.join()

    async def run(self) -> None:
        """Hold all lines until cancelled."""
        async with self._db.write() as conn:
            await gateways.forget_removed(conn, self._clock() - UNDO_S)
        await self._look()
        try:
            for gateway_id in list(self._rows):
                await self._begin(gateway_id)
            while True:
                changed = await self._changed.get()
                try:
                    await self._look()
                    if changed is not None:
                        await self._end(changed)
                        await self._begin(changed)
                except StorageError as error:
                    log.warning("SMS gateways cannot be looked at now", reason=str(error))
                    await asyncio.sleep(1.0)
                    self._changed.put_nowait(changed)
                finally:
                    self._changed.task_done()
        finally:
            await asyncio.gather(*(self._end(one) for one in list(self._lines)))

    async def _look(self) -> None:
        async with self._db.read() as conn:
            self._rows = {one.id: one for one in await gateways.every(conn)}
            self._routes = await gateways.routes(conn)
            self._senders = await gateways.senders(conn)

    async def _begin(self, gateway_id: int) -> None:
        row = self._rows.get(gateway_id)
        if row is None or not row.in_use:
            return
        async with self._db.read() as conn:
            sealed = await gateways.secret_of(conn, gateway_id)

        async def found(trouble: str) -> None:
            await self._found(gateway_id, trouble)

        async def unsettled() -> Sequence[str]:
            async with self._db.read() as conn:
                return await gateways.unsettled(conn, gateway_id, self._clock())

        try:
            line = self._build.build(
                gateway_id,
                row.kind,
                row.given,
                self.opened(sealed),
                rate=row.rate,
                taker=_Passed(self),
                found=found,
                unsettled=unsettled,
            )
        except SmsTrouble as trouble:
            await found(trouble.stored)
            return
        task = asyncio.create_task(self._hold(gateway_id, line), name=f"sms-gateway-{gateway_id}")
        self._lines[gateway_id] = (line, task)

    async def _hold(self, gateway_id: int, line: TextLine) -> None:
        while True:
            try:
                await line.run()
            except Exception:
                log.exception("the line to an SMS gateway fell", gateway=gateway_id)
            await asyncio.sleep(AGAIN_S)

    async def _end(self, gateway_id: int) -> None:
        _, task = self._lines.pop(gateway_id, (None, None))
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # How they stand -------------------------------------------------------------------------------------------------
    async def _found(self, gateway_id: int, trouble: str) -> None:
        """How one was found just now. A line is never stopped by what cannot be written down of it."""
        try:
            await self._write_down(gateway_id, trouble)
        except StorageError as error:
            log.warning("how an SMS gateway stands cannot be written down now", reason=str(error))

    async def _write_down(self, gateway_id: int, trouble: str) -> None:
        now = self._clock()
        async with self._db.write() as conn:
            if not trouble:
                await gateways.found_well(conn, gateway_id, now)
                return
            news = await gateways.found_ill(conn, gateway_id, trouble, now)
            row = await gateways.get(conn, gateway_id) if news else None
            if row is None:
                return
            people = [one for one in await users.every(conn) if one.blocked_at is None]
            whom = [one.id for one in people if may(one.person, "settings.manage")]
            notices = [(one, self._notice(one, row, trouble)) for one in whom]
            await desktop_events.append(conn, [desktop_events.of_notice(one, notice) for one, notice in notices])
        log.warning("an SMS gateway is in trouble", gateway=gateway_id, code=trouble.partition("|")[0])
        for one, notice in notices:
            await self._desktop.message(one, notice)

    def _notice(self, user_id: int, row: Gateway, trouble: str) -> Notice:
        args = {"gateway": row.name, "trouble": trouble.partition("|")[0]}
        href = f"/settings/sms/{row.id}"
        return Notice(seq=self._next_seq(user_id), code="sms-gateway", args=args, href=href, at=self._clock())


class _Passed:
    """The taker of now, for lines that were begun before it was there."""

    def __init__(self, of: Gateways) -> None:
        self._of = of

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        await self._of.taker.told(gateway_id, receipts)

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        await self._of.taker.came(gateway_id, texts)


class _Nobody:
    """Until the taker is there: a gateway is not thanked, and tells again."""

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        raise SmsTrouble("down")

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        raise SmsTrouble("down")
