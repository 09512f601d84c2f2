"""Call-backs that are ordered on the company's site: its keys, as an admin gives them out, and the orders by them.

Rules kept here: a key is told once and stored as a hash; it can do nothing but order. What it may send is bounded by
the minute and by the number, so that a form in the wrong hands makes no call centre ring one person all day. A repeated
order is one. An order is done when somebody has talked with its number, or says so (cti/features/work_list.py).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace

from cti.access import Person, may
from cti.clients.callbacks import COMMENT_CHARS, LATEST_WISH_S, NAME_CHARS, PAGE_CHARS, Key, KeyDraft, Order
from cti.errors import NotAllowed, Refused
from cti.passwords import digest
from cti.storage import callback_words, callbacks, lookup, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
LIMITS = range(1, 1001)
MOST_KEYS = 50


class Callbacks:
    """Keys and orders. changed: told of each new order; plan: how numbers are written on the site."""

    def __init__(
        self, *, db: Database, plan: NumberPlan, changed: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._plan = plan
        self._changed = changed
        self._clock = clock

    async def issue(self, actor: Person, draft: KeyDraft) -> str:
        """A new key, told this once. Raises Refused, NotAllowed."""
        _manages(actor)
        draft = _sound(draft)
        token = secrets.token_urlsafe(32)
        async with self._db.write() as conn:
            if sum(one.revoked_at is None for one in await callbacks.every_key(conn)) >= MOST_KEYS:
                raise Refused("too-many-keys", "There are 50 keys: revoke one first.")
            key_id = await callbacks.add_key(conn, draft, digest(token), self._clock(), actor.id)
            await sessions.note(conn, self._clock(), actor.id, "site-key-add", f"site-key:{key_id}", draft.name)
        return token

    async def revoke(self, actor: Person, key_id: int) -> None:
        """The key opens nothing any more; its orders stay."""
        _manages(actor)
        async with self._db.write() as conn:
            if not await callbacks.revoke(conn, key_id, self._clock()):
                raise Refused("unknown", "There is no such key in use.")
            await sessions.note(conn, self._clock(), actor.id, "site-key-drop", f"site-key:{key_id}", "")

    async def key(self, token: str) -> Key | None:
        """The key in use, None for a stranger's."""
        async with self._db.read() as conn:
            return await callbacks.key_of(conn, digest(token)) if token else None

    async def allows(self, origin: str) -> bool:
        """Whether a page of this site may send orders."""
        async with self._db.read() as conn:
            return bool(origin) and await callbacks.allows_origin(conn, origin)

    async def order(self, key: Key, order: Order) -> tuple[int, bool]:
        """A call-back is ordered; its id, and whether it is new. order.number: in any spelling. Raises Refused."""
        now, number = self._clock(), read(order.number, self._plan)
        if not number.e164:
            raise Refused("no-telephone", "This is not a telephone number.", where="phone")
        if order.wished_at is not None and not now - 3600 < order.wished_at < now + LATEST_WISH_S:
            raise Refused("bad-wish", "Wish for a time from now to 60 days ahead.", where="when")
        order = replace(
            order,
            number=number.e164,
            name=" ".join(order.name.split())[:NAME_CHARS],
            comment=order.comment.strip()[:COMMENT_CHARS],
            page=order.page.strip()[:PAGE_CHARS],
        )
        async with self._db.write() as conn:
            await callbacks.hold(conn, key.id)
            before = await callbacks.ordered(conn, key.id, order.client_key)
            if before is not None:
                return before, False
            await self._keeps_pace(conn, key, order.number, now)
            found = await lookup.clients_of(conn, order.number, limit=2)
            made = await callbacks.add(conn, key.id, order, found[0] if len(found) == 1 else None, now)
        self._changed()
        return made, True

    async def after_missed(self, call_id: str, wished_at: float | None) -> bool:
        """A client orders a call-back for his own missed call; False: he was talked with, there is nothing to order."""
        async with self._db.write() as conn:
            made = await callback_words.order(conn, call_id, wished_at, self._clock())
        if made is not None:
            self._changed()
        return made is not None

    async def _keeps_pace(self, conn: Connection, key: Key, number: str, now: float) -> None:
        if await callbacks.count(conn, key.id, now - 60) >= key.per_minute:
            raise Refused("too-often", "Too many orders by this key; wait a minute.")
        if await callbacks.count(conn, key.id, now - 3600, number) >= key.per_number:
            raise Refused("number-too-often", "This number has ordered often enough within the hour.")


def _manages(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")


def _sound(draft: KeyDraft) -> KeyDraft:
    name, origins = " ".join(draft.name.split())[:80], tuple(one.strip().lower().rstrip("/") for one in draft.origins)
    if not name:
        raise Refused("empty-key", "Give the key a name: of the site that will have it.")
    if any(not ORIGIN.fullmatch(one) for one in origins) or len(origins) > 20:
        raise Refused("bad-origin", "A site is written https://shop.example, one a line, 20 at most.")
    if draft.per_minute not in LIMITS or draft.per_number not in LIMITS:
        raise Refused("bad-limit", "Limits are from 1 to 1000.")
    return replace(draft, name=name, queue=draft.queue.strip()[:80], origins=origins)
