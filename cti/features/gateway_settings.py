"""SMS gateways as an admin sets them: added, changed, paused, removed and taken back, tried out; routes; names.

Secrets are sealed and told to nobody again; a gateway that is moved elsewhere needs them typed anew. A trial sends one
short SMS by the line that the gateway has: it reaches nothing that the line may not, and is limited.
"""

from __future__ import annotations

import json
import re
import secrets as chance
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from cti.access import Person, may
from cti.channels.texts import Answer, OutText, SmsTrouble, TextLine
from cti.errors import NotAllowed, Refused
from cti.messages.consent import PURPOSES
from cti.messages.gateways import ModemGiven, SmppGiven
from cti.messages.gateways_ready import READY
from cti.messages.http_gateways import Asked, Description, HttpGiven, Secrets, strangers
from cti.messages.routes import PREFIX, Route
from cti.messages.sms import split
from cti.storage import gateways, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.gateways import Gateway
from cti.storage.search import clean
from cti.telephony.numbering import NumberPlan, read, takes_texts

SENDER = re.compile(r"(?=.{0,15}$)(?:[A-Za-z0-9 ._&-]{1,11}|\+?[0-9]{1,15})?")
CURRENCIES = ("RUB", "EUR", "USD", "KZT", "BYN")
MOST_GATEWAYS, MOST_ROUTES = 50, 200
TRIES, TRIES_WITHIN_S = 5, 600.0
KINDS: Mapping[str, type[Any]] = {"http": HttpGiven, "smpp": SmppGiven, "modem": ModemGiven}


class GatewayDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway as it is set. given: of its kind; a description also as the text that was typed.

    senders: names by purpose; price: hundredths of the currency.

    login, password, callback_secret: "" for as they were.
    """

    kind: str
    name: str = ""
    given: Mapping[str, Any] = {}
    sender: str = ""
    senders: Mapping[str, str] = {}
    rate: int = 10
    price: int = 0
    currency: str = "RUB"
    login: str = ""
    password: str = ""
    callback_secret: str = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial gave. trouble: as a row holds it, "" for none; unknown: there was no answer."""

    trouble: str = ""
    unknown: bool = False


class GatewaySettings:
    """All of it. seal, opened: secrets; line: the running one; changed: told of a gateway, None: of routes or names."""

    def __init__(
        self,
        *,
        db: Database,
        seal: Callable[[Secrets], str],
        opened: Callable[[str], Secrets],
        line: Callable[[int], TextLine | None],
        changed: Callable[[int | None], None],
        plan: NumberPlan,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._seal = seal
        self._opened = opened
        self._line = line
        self._changed = changed
        self._plan = plan
        self._clock = clock
        self._tries: dict[int, list[float]] = {}

    async def add(self, actor: Person, draft: GatewayDraft) -> int:
        """A new one, which serves all numbers after the others; its id. Raises Refused."""
        _manages(actor)
        values = sound(draft)
        token = chance.token_urlsafe(24) if draft.kind == "http" else ""
        kept = Secrets(
            login=draft.login,
            password=draft.password,
            callback_token=token,
            callback_secret=draft.callback_secret,
        )
        async with self._db.write() as conn:
            if len(await gateways.every(conn)) >= MOST_GATEWAYS:
                raise Refused("too-many-gateways", "There are 50 gateways: remove one first.")
            made = await gateways.add(conn, values | {"secret": self._seal(kept)}, self._clock())
            if made is None:
                raise Refused("gateway-taken", "There is a gateway of this name, or one was removed today.")
            await gateways.set_senders(conn, made, _senders(draft))
            await self._note(conn, actor, "sms-gateway-add", made, values["name"])
        self._changed(made)
        return made

    async def change(self, actor: Person, gateway_id: int, draft: GatewayDraft, version: int) -> None:
        """Set it anew. Raises Refused: `gateway-changed` where somebody changed it meanwhile."""
        before = await self._known(actor, gateway_id)
        values = sound(msgspec.structs.replace(draft, kind=before.kind))
        async with self._db.write() as conn:
            kept = self._opened(await gateways.secret_of(conn, gateway_id))
            moved = where(before.kind, before.given) != where(before.kind, values["given"])
            if moved and kept.password and not draft.password:
                raise Refused("gateway-secret", "Type the password again: the gateway is another one now.")
            kept = msgspec.structs.replace(
                kept,
                login=draft.login or kept.login,
                password=draft.password or kept.password,
                callback_secret=draft.callback_secret or kept.callback_secret,
            )
            changed = values | {"secret": self._seal(kept), "trouble": "", "trouble_at": None}
            done = await gateways.change(conn, gateway_id, changed, version)
            if done is None:
                raise Refused("gateway-taken", "There is a gateway of this name, or one was removed today.")
            if not done:
                raise Refused("gateway-changed", "Somebody changed it meanwhile: look at it again.")
            await gateways.set_senders(conn, gateway_id, _senders(draft))
            await self._note(conn, actor, "sms-gateway-change", gateway_id, values["name"])
        self._changed(gateway_id)

    async def pause(self, actor: Person, gateway_id: int, *, paused: bool) -> None:
        """Send nothing by it; or go on. Raises Refused."""
        await self._known(actor, gateway_id)
        await self._mark(
            actor, gateway_id, "sms-gateway-pause" if paused else "sms-gateway-resume",
            paused_at=self._clock() if paused else None,
        )  # fmt: skip

    async def remove(self, actor: Person, gateway_id: int) -> None:
        """Send nothing by it; for a day it can be taken back."""
        await self._known(actor, gateway_id)
        await self._mark(actor, gateway_id, "sms-gateway-remove", removed_at=self._clock())

    async def take_back(self, actor: Person, gateway_id: int) -> None:
        """A removed one is there again."""
        _manages(actor)
        await self._mark(actor, gateway_id, "sms-gateway-back", removed_at=None)

    async def set_routes(self, actor: Person, given: Sequence[Route]) -> None:
        """These in place of all. Raises Refused."""
        _manages(actor)
        for one in given:
            if not re.fullmatch(PREFIX, one.prefix):
                raise Refused("bad-prefix", "A prefix is written +7 or +7495; empty for all numbers.")
            price = 0 if one.price is None else one.price
            if not (1 <= one.position <= 99 and 1 <= one.share <= 100 and 0 <= price <= 100_000):
                raise Refused("bad-route", "Order is from 1 to 99, share from 1 to 100, price up to 1000.")
        async with self._db.write() as conn:
            if len(given) > MOST_ROUTES or not await gateways.set_routes(conn, given):
                raise Refused("route-twice", "A gateway stands once for a prefix.")
            await self._note(conn, actor, "sms-routes", 0, f"{len(given)}")
        self._changed(None)

    async def try_out(self, actor: Person, gateway_id: int, number: str, words: str) -> Tried:
        """Send one SMS by it now. Raises Refused: no such number, paused, too often."""
        row = await self._known(actor, gateway_id)
        found = read(number, self._plan)
        if not found.e164 or not takes_texts(found.e164):
            raise Refused("bad-number", "This is no number that an SMS can go to.")
        line = self._line(gateway_id)
        if line is None:
            raise Refused("gateway-paused", "Nothing is sent by this gateway now.")
        now = self._clock()
        tries = [at for at in self._tries.get(actor.id, ()) if now - at < TRIES_WITHIN_S]
        if len(tries) >= TRIES:
            raise Refused("wait", "Too many attempts; wait some minutes and try again.")
        self._tries[actor.id] = [*tries, now]
        async with self._db.write() as conn:
            await self._note(conn, actor, "sms-gateway-try", gateway_id)
        text = OutText(
            key=f"try:{chance.token_hex(8)}", number=found.e164, sender=row.sender, text=words,
            parts=tuple(split(words)),
        )  # fmt: skip
        try:
            answers: Sequence[Answer] = await line.send(text)
        except SmsTrouble as trouble:
            return Tried(trouble=trouble.stored)
        bad = next((one for one in answers if one.state == "rejected"), None)
        if bad is not None:
            return Tried(trouble=f"other|{bad.said}")
        return Tried(unknown=any(one.state == "unknown" for one in answers))

    # Inside --------------------------------------------------------------------------------------------------------
    async def _known(self, actor: Person, gateway_id: int) -> Gateway:
        _manages(actor)
        async with self._db.read() as conn:
            row = await gateways.get(conn, gateway_id)
        if row is None or row.removed_at is not None:
            raise Refused("unknown", "There is no such gateway.")
        return row

    async def _mark(self, actor: Person, gateway_id: int, action: str, **values: float | None) -> None:
        async with self._db.write() as conn:
            if not await gateways.mark(conn, gateway_id, **values):
                raise Refused("unknown", "There is no such gateway.")
            await self._note(conn, actor, action, gateway_id)
        self._changed(gateway_id)

    async def _note(self, conn: Connection, actor: Person, action: str, gateway_id: int, detail: str = "") -> None:
        thing = f"sms-gateway:{gateway_id}" if gateway_id else ""
        await sessions.note(conn, self._clock(), actor.id, action, thing, detail)


def _manages(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")


def sound(draft: GatewayDraft) -> dict[str, Any]:
    """The row of a draft. Raises Refused with what is wrong."""
    name = clean(" ".join(draft.name.split()))[:80]
    if not name:
        raise Refused("empty-gateway", "Give the gateway a name.")
    for sender in (draft.sender, *draft.senders.values()):
        if not SENDER.fullmatch(sender):
            raise Refused("bad-sms-sender", "A sender is up to 11 Latin letters and digits, or a number.")
    if not (1 <= draft.rate <= 1000 and 0 <= draft.price <= 100_000) or draft.currency not in CURRENCIES:
        raise Refused("bad-gateway-number", "A rate is from 1 to 1000 a second, a price up to 1000.")
    for secret in (draft.login, draft.password, draft.callback_secret):
        if len(secret) > 1024 or not secret.isprintable():
            raise Refused("bad-secret", "A password has at most 1024 characters and no line ends.")
    return {
        "name": name,
        "kind": draft.kind,
        "given": _given(draft),
        "sender": draft.sender,
        "rate": draft.rate,
        "price": draft.price,
        "currency": draft.currency,
    }


def _given(draft: GatewayDraft) -> str:
    if draft.kind not in KINDS:
        raise Refused("bad-kind", "There is no such kind of gateway.")
    known = dict(draft.given)
    try:
        if isinstance(known.get("description"), str):
            known["description"] = msgspec.json.decode(known["description"])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused("bad-given", f"JSON: {error}") from None
    try:
        given = msgspec.convert(known, KINDS[draft.kind])
    except msgspec.ValidationError as error:
        raise Refused("bad-given", str(error)[:300]) from None
    if isinstance(given, HttpGiven):
        _described(given)
    return msgspec.json.encode(given).decode()


def _described(given: HttpGiven) -> None:
    if given.ready:
        if given.ready not in READY or given.description is not None:
            raise Refused("bad-given", "There is no such service.")
        return
    if given.description is None:
        raise Refused("bad-given", "A gateway of one's own needs a description.")
    for asked in _asked(given.description):
        texts = (*asked.headers.values(), *asked.query.values(), *asked.form.values(), asked.json)
        strange = strangers(*texts)
        if strange:
            raise Refused("bad-given", f"There is no such field: {strange[0]}")
        try:
            json.loads(asked.json or "{}")
        except ValueError as error:
            raise Refused("bad-given", f"send.json: {error}") from None


def _asked(description: Description) -> list[Asked]:
    return [description.send, *([description.polling.asked] if description.polling is not None else [])]


def where(kind: str, given: str) -> tuple[str, ...]:
    """To whom secrets are shown: another one needs them typed again."""
    known = msgspec.json.decode(given, type=KINDS[kind])
    if isinstance(known, HttpGiven):
        return (known.ready, *(one.url for one in _asked(known.description))) if known.description else (known.ready,)
    return (known.host, known.system_id) if isinstance(known, SmppGiven) else ()


def _senders(draft: GatewayDraft) -> dict[str, str]:
    return {purpose: draft.senders[purpose] for purpose in PURPOSES if draft.senders.get(purpose)}
