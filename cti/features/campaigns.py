"""Campaigns as people make them: written, their people chosen, agreed on, started, paused, stopped.

Rules kept here: nothing goes before its people are chosen and somebody starts it; over the limit that is set, a second
person has to agree, who is not its author; what is changed is chosen and agreed on anew. Whoever pauses or stops it
takes back what waits in the queues in the same transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, may
from cti.channels.texts import TextLines
from cti.errors import Conflicts, NotAllowed, Refused
from cti.messages.campaigns import Act, Campaign, after, fault, needs_second
from cti.messages.doors import Doors
from cti.messages.outgoing import ADDRESS
from cti.storage import (
    audience,
    campaign_letters,
    campaign_people,
    campaign_texts,
    campaigns,
    limits,
    restrictions,
    segments,
    sms,
)
from cti.storage.campaign_texts import Text
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read

SHOWN = 5
SAMPLED = 40  # people by whom the cost is reckoned
CLEARED = 20_000
Tell = Callable[..., Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a campaign may cost: of all its SMS. unserved: of the sample, numbers that no gateway serves."""

    texts: int
    parts: float = 0.0
    price: int = 0
    currency: str = "RUB"
    unserved: int = 0
    sampled: int = 0


class Campaigns:
    """All of it. build, begin: wake who chooses people, who sends. lines: for what it may cost; tell: of notices."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        zone: ZoneInfo,
        lines: TextLines,
        build: Callable[[], None],
        begin: Callable[[], None],
        wake_sms: Callable[[], None],
        wake_post: Callable[[], None],
        tell: Tell,
        doors: Doors,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._plan = plan
        self._zone = zone
        self._lines = lines
        self._build = build
        self._begin = begin
        self._wake_sms = wake_sms
        self._wake_post = wake_post
        self._tell = tell
        self._doors = doors
        self._clock = clock

    async def save(self, person: Person, one: Campaign) -> int:
        """A new draft (id 0), or all that is said of one; its id. One that was not begun becomes a draft again."""
        _writes(person)
        one = msgspec.structs.replace(one, name=" ".join(one.name.split())[:120])
        if not one.name:
            raise Refused("no-campaign-name", "A campaign needs a name.")
        async with self._db.write() as conn:
            if await campaigns.named(conn, one.name, one.id):
                raise Refused("campaign-name-taken", "There is a campaign of this name already.")
            known = {segment.id for segment in await segments.every(conn)}
            if one.segment_id is not None and one.segment_id not in known:
                raise Refused("no-segment", "There is no such segment.")
            if not one.id:
                return await campaigns.add(conn, one, person.id, self._clock())
            fresh: dict[str, Any] = {
                "built_at": None, "built": "{}", "total": 0, "asked_by": None, "asked_at": None, "approved_by": None,
                "approved_at": None,
            }  # fmt: skip
            if not await campaigns.move(conn, one.id, "change", **fresh):
                raise Refused("campaign-began", "It has begun: it can be paused or stopped, not changed.")
            if not await campaigns.change(conn, one):
                raise Conflicts()
        return one.id

    async def build(self, person: Person, campaign_id: int) -> None:
        """Let its people be chosen."""
        _writes(person)
        async with self._db.write() as conn:
            one = await _known(conn, campaign_id)
            wrong = fault(one)
            if wrong:
                raise Refused(*wrong)
            if one.writes:
                by = await campaign_texts.means(conn, one, self._doors)
                if by.missing:
                    raise Refused(by.missing, "The template or the mailbox is not there any more.")
            await _move(conn, one, "build", built="{}", total=0)
        self._build()

    async def rewrite(self, person: Person, campaign_id: int) -> None:
        """Make a draft of one that has not begun; a choice of people that runs ends."""
        _writes(person)
        async with self._db.write() as conn:
            one = await _known(conn, campaign_id)
            await _move(conn, one, "change", built_at=None, built="{}", total=0, approved_by=None, approved_at=None)

    async def ask(self, person: Person, campaign_id: int) -> None:
        """Ask for a second person's word."""
        _writes(person)
        async with self._db.write() as conn:
            one = await _known(conn, campaign_id)
            await _move(conn, one, "ask", asked_by=person.id, asked_at=self._clock())
        await self._tell(one, "campaign-asked", by=person.name)

    async def answer(self, person: Person, campaign_id: int, *, agrees: bool) -> None:
        """The second person's word. Raises NotAllowed for its author, and who asked."""
        if not may(person, "campaigns.approve"):
            raise NotAllowed("Your role may not agree to campaigns; ask an admin.")
        async with self._db.write() as conn:
            one = await _known(conn, campaign_id)
            if person.id in (one.user_id, one.asked_by):
                raise NotAllowed("A second person has to agree: not its author, and not who asked.")
            if agrees:
                await _move(conn, one, "approve", approved_by=person.id, approved_at=self._clock())
            else:
                await _move(conn, one, "refuse", asked_by=None, asked_at=None)
        await self._tell(one, "campaign-agreed" if agrees else "campaign-refused", by=person.name)

    async def start(self, person: Person, campaign_id: int) -> None:
        """Begin, or go on."""
        _writes(person)
        async with self._db.write() as conn:
            one = await _known(conn, campaign_id)
            if not one.total:
                raise Refused("nobody-there", "Nobody is left whom it could reach.")
            if needs_second(one, (await limits.read(conn))[0].approval_over):
                raise Refused("needs-second", "So many people: a second person has to agree first.")
            now = self._clock()
            await _move(conn, one, "start", started_at=one.started_at or now, why="", told_at=None)
        self._begin()

    async def pause(self, person: Person, campaign_id: int) -> None:
        """Nothing more goes until it is started again."""
        await self._halt(person, campaign_id, "pause")

    async def stop(self, person: Person, campaign_id: int) -> None:
        """Nothing more goes ever."""
        await self._halt(person, campaign_id, "stop")

    async def _halt(self, person: Person, campaign_id: int, act: Act) -> None:
        _writes(person)
        now = self._clock()
        ended = {"ended_at": now} if act == "stop" else {}
        async with self._db.write() as conn:
            await _move(conn, await _known(conn, campaign_id), act, why="", **ended)
            await sms.call_back(conn, now, campaign_id=campaign_id)
            await campaign_letters.call_back(conn, campaign_id, now)
            await campaign_people.give_back(conn, campaign_id, now)

    async def remove(self, person: Person, campaign_id: int) -> None:
        """Forget one that has not begun."""
        await self.rewrite(person, campaign_id)
        while True:
            async with self._db.write() as conn:
                if not await audience.clear(conn, campaign_id, CLEARED):
                    await campaigns.remove(conn, campaign_id)
                    return

    async def preview(self, person: Person, one: Campaign, most: int = SHOWN) -> list[Text]:
        """What some of its people, by chance, are written."""
        _writes(person)
        async with self._db.read(slow=True) as conn:
            return await self._sample(conn, one, most)

    async def _sample(self, conn: Connection, one: Campaign, most: int) -> list[Text]:
        people = sum((await campaign_people.counts(conn, one.id)).values())
        if not people:
            return []
        numbers = sorted({secrets.randbelow(people) + 1 for _ in range(2 * most)} | {1})
        some = await campaign_people.some(conn, one.id, numbers, most)
        by = await campaign_texts.means(conn, one, self._doors)
        today = datetime.fromtimestamp(self._clock(), self._zone).date()
        link = self._doors.of_campaign(one.id, self._clock())
        return await campaign_texts.written(conn, one, by, some, today, link)

    async def followed(self, token: str) -> str:
        """Where somebody's link leads, and a note that he followed it; "": nowhere, any more."""
        grant = self._doors.known("l", token, self._clock())
        id_, _, number = grant.what.partition(":") if grant else ("", "", "")
        if not number:
            return ""
        async with self._db.write() as conn:
            one = await campaigns.get(conn, int(id_))
            if one is None or not one.given.link:
                return ""
            await campaign_people.opened(conn, one.id, int(number), self._clock())
        return one.given.link

    async def forecast(self, one: Campaign) -> Forecast:
        """What its SMS may cost, by some of its people."""
        if one.channel not in ("sms", "sms-bounced"):
            return Forecast(texts=one.total)
        async with self._db.read(slow=True) as conn:
            texts = [text for text in await self._sample(conn, one, SAMPLED) if text.channel == "sms"]
        parts, price, currency, unserved = 0, 0, "RUB", 0
        for text in texts:
            choice = self._lines.choose(text.one.address, purpose=one.purpose)
            parts += text.parts
            if choice is None:
                unserved += 1
            else:
                price, currency = price + choice.price * text.parts, choice.currency
        share = one.total / len(texts) if texts else 0.0
        return Forecast(
            texts=one.total,
            parts=parts * share,
            price=round(price * share),
            currency=currency,
            unserved=unserved,
            sampled=len(texts),
        )

    async def test(self, person: Person, campaign_id: int, to: str) -> None:
        """Send its text, as somebody of it would get it, to a number or an address of one's own."""
        _writes(person)
        now, to = self._clock(), to.strip()
        async with self._db.read(slow=True) as conn:
            one = await _known(conn, campaign_id)
            by = await campaign_texts.means(conn, one, self._doors)
            wanted = "email" if "@" in to else "sms"
            text = next((t for t in await self._sample(conn, one, SAMPLED) if t.channel == wanted and not t.why), None)
        if text is None:
            raise Refused("nothing-to-try", "There is no text for such an address: choose the people first.")
        async with self._db.write() as conn:
            await (self._test_letter if wanted == "email" else self._test_sms)(conn, one, by, text, to, person, now)
        (self._wake_post if wanted == "email" else self._wake_sms)()

    async def _test_sms(
        self, conn: Connection, one: Campaign, _by: Any, text: Text, to: str, person: Person, now: float
    ) -> None:
        number = read(to, self._plan)
        if not number.e164:
            raise Refused("not-a-number", "This is not a telephone number.")
        if await restrictions.restriction(conn, number, self._plan):
            raise Refused("restricted", "The client is restricted: he may not be called.")
        key = f"campaign:{one.id}:test:{secrets.token_hex(8)}"
        values = {"key": key, "number": number.e164, "text": text.body, "purpose": "service", "user_id": person.id}
        await sms.add(conn, values, now)

    async def _test_letter(
        self, conn: Connection, one: Campaign, by: campaign_texts.Means, text: Text, to: str, person: Person, now: float
    ) -> None:
        if not ADDRESS.fullmatch(to) or by.mailbox is None:
            raise Refused("bad-address", "This is no e-mail address.")
        key = f"campaign:{one.id}:test:{secrets.token_hex(8)}"
        await campaign_letters.add(conn, text, by.mailbox, now, key=key, to=to, user_id=person.id)


async def _known(conn: Connection, campaign_id: int) -> Campaign:
    one = await campaigns.get(conn, campaign_id)
    if one is None:
        raise Refused("no-campaign", "There is no such campaign any more.")
    return one


async def _move(conn: Connection, one: Campaign, act: Act, /, **values: Any) -> None:
    if after(one.state, act) is None or not await campaigns.move(conn, one.id, act, **values):
        raise Refused("campaign-moved", "This cannot be done now: look at the state of the campaign.")


def _writes(person: Person) -> None:
    if not may(person, "campaigns.write"):
        raise NotAllowed("Your role may not run campaigns; ask an admin.")
