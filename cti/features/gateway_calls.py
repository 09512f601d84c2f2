"""Gateways call us: what they tell is believed only of themselves, once, and thanked for when it is in the base.

A call with a wrong token or signature is counted and told nothing: neither whether there is such a gateway, nor what
was wrong with it. Nothing of a call is logged.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal

import msgspec

from cti.channels.texts import InText, Receipt, TextTaker
from cti.messages.gateways_ready import description_of
from cti.messages.http_callbacks import WINDOW_S, Call, Came, Heard, node_of, signed, told
from cti.messages.http_gateways import HttpGiven, Secrets
from cti.storage import gateways
from cti.storage.database import Database

REMEMBERED_MOST = 20_000
Outcome = Literal["taken", "again", "forged", "old", "broken"]


class GatewayCalls:
    """Takes calls. opened: secrets of a row; taker: of what is told; counted: told how each ended."""

    def __init__(
        self,
        *,
        db: Database,
        opened: Callable[[str], Secrets],
        taker: Callable[[], TextTaker],
        clock: Callable[[], float],
        counted: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        self._db = db
        self._opened = opened
        self._taker = taker
        self._clock = clock
        self.counted = counted
        self._once: dict[bytes, float] = {}  # signatures that were taken, until when they could come again

    async def take(self, gateway_id: int, token: str, call: Call) -> tuple[Outcome, str]:
        """How a call ended, and what the gateway waits to hear. Raises what the taker does: then it is not thanked."""
        outcome, reply = await self._take(gateway_id, token, call)
        self.counted(outcome)
        return outcome, reply

    async def _take(self, gateway_id: int, token: str, call: Call) -> tuple[Outcome, str]:
        async with self._db.read() as conn:
            row = await gateways.get(conn, gateway_id)
            secrets = self._opened(await gateways.secret_of(conn, gateway_id))
        right = hmac.compare_digest(token.encode(), secrets.callback_token.encode()) and bool(secrets.callback_token)
        if row is None or row.removed_at is not None or row.kind != "http" or not right:
            return "forged", ""
        description = description_of(msgspec.json.decode(row.given, type=HttpGiven))
        callback = description.callback if description is not None else None
        if callback is None:
            return "forged", ""
        node, now = node_of(callback, call), self._clock()
        if node is None:
            return "broken", ""
        mark = b""
        if callback.signed is not None:
            judged = signed(callback.signed, call, node, secrets.callback_secret, now)
            if judged != "good":
                return judged, ""
            mark = _mark(gateway_id, call, callback.signed.place, callback.signed.timestamp)
            if callback.signed.timestamp and self._once.get(mark, 0.0) > now:
                return "again", callback.reply
            self._remember(mark, now)
        try:
            await self._pass_on(gateway_id, told(callback, call, node), now)
        except BaseException:
            self._once.pop(mark, None)  # it is not thanked, and comes again
            raise
        return "taken", callback.reply

    async def _pass_on(self, gateway_id: int, said: list[Heard | Came], now: float) -> None:
        receipts = [
            Receipt(far_id=one.far_id, state=one.state, said=one.said, at=now) for one in said if isinstance(one, Heard)
        ]
        texts = [
            InText(number=one.number, sender=one.sender, text=one.text, at=now, key=one.key)
            for one in said
            if isinstance(one, Came)
        ]
        if receipts:
            await self._taker().told(gateway_id, receipts)
        if texts:
            await self._taker().came(gateway_id, texts)

    def _remember(self, mark: bytes, now: float) -> None:
        self._once[mark] = now + 2 * WINDOW_S
        while len(self._once) > REMEMBERED_MOST or next(iter(self._once.values())) <= now:
            del self._once[next(iter(self._once))]


def _mark(gateway_id: int, call: Call, *headers: str) -> bytes:
    told_by = [call.headers.get(one.lower(), "") for one in headers]
    whole = repr((gateway_id, told_by, call.fields)).encode() + call.body
    return hashlib.sha256(whole).digest()
