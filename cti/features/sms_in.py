"""SMS that come: put together, kept once, given to their client, told to who answers them.

Rules kept here: what came is in the base before the gateway is thanked, and told twice it is one message. Of whom
nothing is known a client is made, named by his number. STOP is done at once and thanked for once; it asks nothing of
anybody. What comes pops on the desk of the client's manager, else of who wrote to him last, else of all who write SMS.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from cti.access import may
from cti.channels.texts import InText, Receipt
from cti.desktop import AgentDesktop, Notice
from cti.errors import StorageError
from cti.messages.consent import STOP_KEY
from cti.messages.stopping import STARTED, STOPPED, wish
from cti.storage import callback_words, consents, desktop_events, limits, sms_coming, users
from cti.storage import sms as messages
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read, show

PIECES_S = 24 * 3600.0  # so long the other parts of a message may take
SWEEP_S = 300.0
TEXT_CHARS = 4000
Told = list[tuple[int, Notice]]

log = structlog.get_logger()


def _nobody() -> None:
    """Nobody is told."""


class SmsIn:
    """What gateways tell (channels/texts.TextTaker). receipts: is told what became of ours.

    online: who has a page open; wake: the queue has something to do; changed: a client's messages are otherwise now.
    work_changed: somebody asked to be called back.
    """

    def __init__(
        self,
        *,
        db: Database,
        desktop: AgentDesktop,
        receipts: Callable[[int, Sequence[Receipt]], Any],
        next_seq: Callable[[int], int],
        online: Callable[[], tuple[int, ...]],
        wake: Callable[[], None],
        changed: Callable[..., None],
        plan: NumberPlan,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._receipts = receipts
        self._next_seq = next_seq
        self._online = online
        self._wake = wake
        self._changed = changed
        self._plan = plan
        self._clock = clock
        self.work_changed: Callable[[], None] = _nobody
        self._ordered = False  # somebody asked to be called back
        self._one = asyncio.Lock()  # what is told twice at once is one message

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        """What became of messages."""
        await self._receipts(gateway_id, receipts)

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        """Messages to us. Raises StorageError: told again, they are taken then."""
        told: Told = []
        whose: set[int | None] = set()
        async with self._one, self._db.write() as conn:
            for one in texts:
                whose.add(await self._take(conn, gateway_id, one, told))
            await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in told])
        await self._tell(told, whose)

    async def run(self) -> None:
        """Give up waiting for parts that do not come; until cancelled."""
        while True:
            try:
                told: Told = []
                whose: set[int | None] = set()
                async with self._one, self._db.write() as conn:
                    for some in await sms_coming.left_pieces(conn, self._clock() - PIECES_S):
                        if not await sms_coming.are_part(conn, some):
                            whose.add(await self._join(conn, some, told))
                    await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in told])
                if whose:
                    await self._tell(told, whose)
            except StorageError as error:
                log.warning("parts of SMS cannot be looked through now", reason=str(error))
            await asyncio.sleep(SWEEP_S)

    async def _tell(self, told: Told, whose: set[int | None]) -> None:
        for person, notice in told:
            await self._desktop.message(person, notice)
        self._changed(*whose)
        self._wake()
        if self._ordered:
            self._ordered = False
            self.work_changed()

    async def _take(self, conn: Connection, gateway_id: int, one: InText, told: Told) -> int | None:
        number = self._number(one.number)
        if one.parts < 2:
            key = _key(gateway_id, one.key) if one.key else ""
            return await self._keep(conn, gateway_id, key, number, one.sender, one.text, one.at, told)
        row = {
            "gateway_id": gateway_id, "number": number, "ref": one.ref, "part": one.part, "parts": one.parts,
            "sender": one.sender[:20], "text": one.text[:200], "at": one.at,
        }  # fmt: skip
        parts = await sms_coming.piece(conn, row)
        return await self._join(conn, parts, told) if parts else None

    async def _join(self, conn: Connection, parts: Sequence[Any], told: Told) -> int | None:
        one, text = parts[0], "".join(part.text for part in parts)
        return await self._keep(conn, one.gateway_id, "", one.number, one.sender, text, one.at, told)

    async def _keep(
        self, conn: Connection, gateway_id: int, key: str, number: str, sender: str, text: str, at: float, told: Told
    ) -> int | None:
        """Whose it is."""
        now, text = self._clock(), text.replace("\0", "")[:TEXT_CHARS]
        at = min(at, now)
        if await sms_coming.known(conn, key, number, text, at):
            return None
        client = await sms_coming.owner(conn, number) if number.startswith("+") else None
        client_id = client.id if client else None
        if client is None and number.startswith("+"):
            client_id = await sms_coming.new_client(conn, number, show(number), now)
        given, _ = await limits.read(conn)
        said = wish(text, given.stop_words)
        owner = (client.responsible_id if client else None) or await sms_coming.writer(conn, number, client_id)
        row = {
            "key": key or _key(gateway_id, secrets.token_hex(16)), "number": number, "sender": sender[:20],
            "text": text, "client_id": client_id, "user_id": owner, "gateway_id": gateway_id, "created_at": at,
            "read_at": now if said else None, "done_at": now if said else None,
        }  # fmt: skip
        sms_id = await sms_coming.keep(conn, row)
        if said and number.startswith("+"):
            await self._obey(conn, said, number, client_id, sms_id, now)
        else:
            await self._notices(conn, owner, client.name if client else show(number), client_id, sms_id, told)
            if await callback_words.order_by_word(conn, number, text, now) is not None:
                self._ordered = True
        return client_id

    async def _obey(
        self, conn: Connection, said: str, number: str, client_id: int | None, sms_id: int, now: float
    ) -> None:
        """STOP, or START: written down, and thanked for unless it stood already."""
        stops = said == "stop"
        stood = await consents.refusal(conn, kind="phone", address=number, purpose="service", client_id=client_id)
        await consents.say(
            conn, kind="phone", address=number, purpose="", given=not stops, source="sms", at=now,
            proof=f"sms:{sms_id}", client_id=client_id,
        )  # fmt: skip
        if bool(stood) == stops:
            return
        thanks = {
            "key": f"{STOP_KEY}{sms_id}", "number": number, "text": STOPPED if stops else STARTED,
            "client_id": client_id, "automatic": True,
        }  # fmt: skip
        await messages.add(conn, thanks, now)

    async def _notices(
        self, conn: Connection, owner: int | None, name: str, client_id: int | None, sms_id: int, told: Told
    ) -> None:
        """Whom it pops with: who answers it, where he may; else all who may and have a page open."""
        persons = {one.id: one.person for one in await users.every(conn) if one.blocked_at is None}
        mine = persons.get(owner) if owner is not None else None
        people = (
            [mine]
            if mine is not None and may(mine, "sms")
            else [persons[one] for one in self._online() if one in persons]
        )
        href = f"/clients/{client_id}?tab=history#answer-box" if client_id else f"/sms#sms-{sms_id}"
        for person in people:
            if may(person, "sms"):
                seq = self._next_seq(person.id)
                told.append(
                    (person.id, Notice(seq=seq, code="sms-in", args={"name": name}, href=href, at=self._clock()))
                )

    def _number(self, typed: str) -> str:
        """E.164, or what it says where that is none: a name."""
        return read(typed, self._plan).e164 or " ".join(typed.split())[:32]


def _key(gateway_id: int, said: str) -> str:
    key = f"in:{gateway_id}:{said}"
    return key if len(key) <= 80 else f"in:{gateway_id}:{hashlib.sha256(said.encode()).hexdigest()[:48]}"
