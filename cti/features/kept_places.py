"""Call-backs that keep the caller's place: when he would have been first the server calls him, and he is first.

Rules kept here: he is called when nobody who came before him waits in the queue any more and an agent there is free, or
rings for somebody who came later. What stands of it is in the base: a server that was killed goes on where it was, and
one that never comes back leaves an ordinary order on the work list. Nobody is called in his quiet hours, while he is
in a call, where his data may not be used, or past the toll guard; who does not pick up is called again twice. A talk
with him, whoever has it, ends it; so does his own coming back into a queue.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from cti.clients.zones import clock_of
from cti.errors import ChannelError
from cti.lines import Line
from cti.looking import look_again
from cti.messages.limits import Limits
from cti.messages.quiet import is_quiet
from cti.settings import DialSettings
from cti.storage import kept_places, limits
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.kept_places import Place
from cti.storage.spool import Spool
from cti.telephony.commands import CallBack, ShowDialplan, TellCallBacks
from cti.telephony.events import CallBackAsked, CallRecord, Queued, SnapshotTaken
from cti.telephony.numbering import NumberPlan, read
from cti.telephony.toll import forbidden
from dialplan.model import OWN
from dialplan.recipes.call_back import AGAIN, CONTEXT

TICK_S = 0.5
IDLE_S = 5.0
ANSWER_S = 5.0
SETTLED_S = 5.0  # so long after a call was ordered nothing need be seen of it
AGAIN_S = (300.0, 900.0)  # after a try in vain; then agents call by hand
OFFERED_S = 60.0  # whether a PBX can do it is asked so often
LONGEST_S = 12 * 3600.0  # a place is not kept for longer

log = structlog.get_logger()


class KeptPlaces:
    """line_of: the PBX of a call's id; calls: open calls; free: agents of a queue who could take a call now, by the
    prefix of their PBX. changed: told of a new order.
    """

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        line_of: Callable[[str], Line | None],
        prefix_of: Callable[[str], str],
        calls: Callable[[], Sequence[CallRecord]],
        free: Callable[[str, str], int],
        plan_of: Callable[[str], NumberPlan],
        dial: DialSettings,
        zone: ZoneInfo,
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._spool = spool
        self._line_of = line_of
        self._prefix_of = prefix_of
        self._calls = calls
        self._free = free
        self._plan_of = plan_of
        self._dial = dial
        self._zone = zone
        self._changed = changed
        self._clock = clock
        self._news = asyncio.Event()
        self._places: list[Place] = []
        self._heard_again = set[str]()  # prefixes of PBXes
        self._offered: dict[str, tuple[float, bool]] = {}

    def place_of(self, order_id: str) -> int:
        """How many would be served before the client of an order, and he; 0 where no place is kept."""
        mine = next((one for one in self._places if str(one.order_id) == order_id), None)
        if mine is None:
            return 0
        kept = sum(_same(one, mine) and one.joined_at < mine.joined_at for one in self._places)
        return 1 + kept + len(self._before(mine, self._calls()))

    async def asked(self, event: CallBackAsked, received_at: float) -> None:
        """A caller asks for it."""
        record = next((one for one in self._calls() if one.call == event.call), None)
        if event.number is not None:
            number = read(event.number, self._plan_of(event.call)).e164
        else:
            number = self._number(record) if record is not None else None
        if number is None or not event.queue:
            log.info("a call-back was asked for that nobody can place", call=event.call, queue=event.queue[:80])
            return
        now = event.at or received_at
        joined_at = min(event.joined if event.joined is not None else now, now)
        prefix, queue = self._prefix_of(event.call), event.queue[:80]

        def kept(done: asyncio.Future[bool]) -> None:
            self._changed()
            self._news.set()

        said = {"call_id": event.call, "prefix": prefix, "queue": queue, "number": number}
        self._spool.put(lambda conn: kept_places.ask(conn, joined_at=joined_at, now=now, **said)).add_done_callback(
            kept
        )

    async def queued(self, event: Queued, received_at: float) -> None:
        """Who comes back into a queue by himself has his new place there."""
        if not self._places:
            return
        record = next((one for one in self._calls() if one.call == event.call), None)
        number = self._number(record) if record is not None else None
        for place in self._places:
            own = (place.call_id, _call_id(place))
            if place.number == number and event.call not in own:
                self._spool.put(partial(_close, order_id=place.order_id, now=received_at))
                self._changed()

    async def snapshot_taken(self, event: SnapshotTaken, received_at: float) -> None:
        """A PBX is heard again: it is asked for what it was told meanwhile."""
        self._heard_again.add(event.prefix)
        self._news.set()

    async def run(self) -> None:
        """Call people until cancelled."""
        await look_again(self._turn, self._news, TICK_S, "call-backs that keep a place wait")

    async def _turn(self) -> float:
        await self.look()
        return TICK_S if self._places else IDLE_S

    async def look(self) -> None:
        """Follow the calls on their way, and call who is first now."""
        for prefix in sorted(self._heard_again):
            if await self._asks_again(prefix):
                self._heard_again.discard(prefix)
        async with self._db.read() as conn:
            self._places = await kept_places.waiting(conn)
            hours, _ = await limits.read(conn) if self._places else (Limits(), 0)
        records = self._calls()
        busy = {number for one in records if (number := self._number(one))}
        taken: Counter[tuple[str, str]] = Counter()
        for place in self._places:
            if place.placed:
                taken[place.prefix, place.queue] += await self._follow(place, records)
        for place in self._places:
            at = (place.prefix, place.queue)
            if place.placed or self._free(place.queue, place.prefix) <= taken[at] or self._before(place, records):
                continue
            if place.number not in busy and self._may(place, hours) and await self._call(place):
                taken[at] += 1

    async def _follow(self, place: Place, records: Sequence[CallRecord]) -> bool:
        """Whether its call is on its way to an agent still; one that is over and came to nothing is noted."""
        line = self._line_of(place.call_id)
        if line is None or line.pbx.health().state != "up":
            return True
        record = next((one for one in records if one.call == _call_id(place)), None)
        if record is not None:
            return record.answered is None
        if self._clock() - place.placed_at >= SETTLED_S:
            await self._over(place)
        return True

    async def _over(self, place: Place, *, for_good: bool = False) -> None:
        now = self._clock()
        again = None if for_good or place.tries >= len(AGAIN_S) else now + AGAIN_S[place.tries]
        async with self._db.write() as conn:
            await kept_places.over(conn, place.order_id, next_at=again, now=now)
        self._changed()

    def _before(self, place: Place, records: Sequence[CallRecord]) -> list[str]:
        """Calls that wait in the queue and came before him."""
        return [
            one.call
            for one in records
            if one.answered is None and one.call.startswith(place.prefix) and one.call != _call_id(place)
            for stay in one.waits[-1:]
            if stay.queue == place.queue and stay.how is None and (stay.joined or 0.0) < place.joined_at
        ]

    def _may(self, place: Place, hours: Limits) -> bool:
        now = self._clock()
        zone = clock_of(place.zone, "", str(self._zone)).zone
        return place.next_at <= now and not place.restricted and not is_quiet(now, hours, ZoneInfo(zone))

    async def _call(self, place: Place) -> bool:
        """He is called. False: not now, or not at all."""
        now, line = self._clock(), self._line_of(place.call_id)
        if now - place.joined_at > LONGEST_S or forbidden(
            place.number, countries=self._dial.countries, deny=self._dial.deny
        ):
            await self._over(place, for_good=True)
            return False
        if line is None or line.pbx.health().state != "up" or not await self._offers(place.prefix, line):
            return False
        request_id = f"back-{place.order_id}-{secrets.token_hex(4)}"
        shown = self._dial.queue_caller_ids.get(place.queue) or line.settings.caller_id or self._dial.caller_id
        command = CallBack(
            number=place.number.removeprefix("+"),
            context=line.settings.dial_context,
            queue=place.queue,
            request_id=request_id,
            caller_id_number=shown,
            timeout_s=self._dial.ring_s,
        )
        async with self._db.write() as conn:
            if not await kept_places.begin(conn, place.order_id, request_id, now):
                return False
        try:
            answer = await line.pbx.ask(command, timeout_s=ANSWER_S)
        except ChannelError as error:
            log.warning("a call-back may have been placed, or not", order=place.order_id, reason=str(error))
            return True
        if not answer.ok:
            await self._over(place)
        return answer.ok

    async def _asks_again(self, prefix: str) -> bool:
        """Whether it could be asked."""
        line = self._line_of(f"{prefix}0")
        if line is None or line.pbx.health().state != "up":
            return line is None
        answer = await line.pbx.ask(ShowDialplan(context=f"{CONTEXT}{OWN}"), timeout_s=ANSWER_S)
        if answer.ok and any(row.get("Extension") == AGAIN for row in answer.items):
            await line.pbx.ask(TellCallBacks(), timeout_s=ANSWER_S)
        return True

    async def _offers(self, prefix: str, line: Line) -> bool:
        """Whether that PBX has the context into which clients are sent."""
        at, known = self._offered.get(prefix, (float("-inf"), False))
        if self._clock() - at >= OFFERED_S:
            asked = [ShowDialplan(context=one) for one in (f"{CONTEXT}{OWN}", CONTEXT)]  # ours, or the lines by hand
            answers = [await line.pbx.ask(one, timeout_s=ANSWER_S) for one in asked]
            known = any(row.get("Application") == "Queue" for one in answers if one.ok for row in one.items)
            self._offered[prefix] = self._clock(), known
        return known

    def _number(self, record: CallRecord) -> str | None:
        """The client's number, whoever called."""
        client = record.client or (None if record.caller.device else record.caller)
        return read(client.number, self._plan_of(record.call)).e164 if client is not None else None


async def _close(conn: Connection, *, order_id: int, now: float) -> None:
    await kept_places.close(conn, order_id, now, "queue")


def _same(one: Place, two: Place) -> bool:
    return (one.prefix, one.queue) == (two.prefix, two.queue)


def _call_id(place: Place) -> str:
    """The id of the call on its way."""
    return f"{place.prefix}trubka-{place.placed}" if place.placed else ""
