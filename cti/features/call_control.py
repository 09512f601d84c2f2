"""Click-to-dial and what an agent does with a call from the screen: hang up, send tones, hand over.

The agent's own device rings first, then the client is called and sees a number of ours. Every refusal comes within a
second and says why: line to the PBX down, phone not registered, number outside the toll guard, too many calls.
A click carries an id made by the browser: repeated, it is the same call. An action whose answer was lost is never
repeated; its outcome is told by the events that follow, or shown as unknown. Where there are several PBXes, each
command goes to that of the person's device, in its own words (`Line`); what another one does has no say in it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cti.access import Person, may
from cti.directory import DeviceFinder
from cti.errors import ChannelError, NotAllowed, Refused
from cti.lines import Line
from cti.settings import DialSettings
from cti.sights import Sights
from cti.storage import call_lists, calls, dial_requests, merges, restrictions
from cti.storage.database import Database
from cti.storage.dial_requests import DialRequest
from cti.storage.directory import DeviceRow
from cti.telephony.auto_answer import Headers, headers_for, headers_of
from cti.telephony.commands import (
    AttendedTransfer,
    BlindTransfer,
    CancelTransfer,
    ClearConnection,
    Command,
    MakeCall,
    Redirect,
    SendDigit,
    TakeOver,
)
from cti.telephony.events import CallRecord, DeviceStatus, LegRecord
from cti.telephony.numbering import Number, read
from cti.telephony.toll import Pace, forbidden
from dialplan.offers import CONTEXT, Offers

MOVE_RING_S = 20
MODEL_S = 600.0  # how long a phone's model is remembered
MODEL_LIMIT_S = 0.2  # a phone's model is worth this much waiting
CODE = re.compile(r"\*[0-9]{1,3}")  # what a PBX's own services are dialled by: *8, *43
NUMBER = re.compile(r"\+?[0-9]{2,20}")
CLICK_HEADER = "X-Trubka-Click"  # the browser phone picks up a call of its own click, and no other, by itself

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Click:
    person: Person
    line: Line
    number: Number
    dial: str  # what the PBX is told to dial
    device: DeviceRow
    client_id: int | None
    request_id: str


class CallControl:
    """Calls made and ended from the screen. line_of: by a device's id, None when no PBX of the settings has it."""

    def __init__(
        self,
        *,
        db: Database,
        line_of: Callable[[str], Line | None],
        dial: DialSettings,
        directory: DeviceFinder,
        device_status: Callable[[str], DeviceStatus],
        calls_of: Callable[[int], int],
        record_of: Callable[[str], CallRecord | None],
        offers: Callable[[Line], Awaitable[Offers]],
        clock: Callable[[], float],
        sights: Sights | None = None,
    ) -> None:
        self._db = db
        self._offers = offers
        self._line_of = line_of
        self._dial = dial
        self._directory = directory
        self._device_status = device_status
        self._calls_of = calls_of
        self._record_of = record_of
        self._clock = clock
        self._sights = sights or Sights(b"")
        self._paces: dict[int, Pace] = {}
        self._models: dict[str, tuple[float, Headers]] = {}

    async def dial(self, person: Person, to: str, *, client_id: int | None, request_id: str, device: str = "") -> str:
        """Ring the person's device, then `to`; returns request_id. Raises Refused, NotAllowed or ChannelError.

        to: a number in any spelling, or one that is hidden from the person, with its seal.
        device: one of his, for this call; "": where he is rung.
        """
        if not may(person, "dial", owner_id=person.id):
            raise NotAllowed("Your role may not place calls; ask an admin.")
        async with self._db.read() as conn:
            if await dial_requests.get(conn, request_id) is not None:
                return request_id
            client_id = await merges.kept_id(conn, client_id) if client_id else None
        click = self._check(person, self._sights.opened(to), client_id, request_id, device)
        await self._list_allows(person, click.number)
        await self._may_be_called(person, click.number, click.device.name, client_id)
        if not await self._claim(click):
            return request_id
        await self._place(click)
        return request_id

    async def hang_up(self, person: Person, call_id: str) -> None:
        """End the person's own part of a call."""
        leg = self._own_leg(person, call_id)
        await _ask(self._line(leg.device), ClearConnection(leg=leg.leg))

    async def digits(self, person: Person, call_id: str, digits: str) -> None:
        """Send tones to the other party of the person's call (0-9, *, #, A-D)."""
        own, peer = self._talk(person, call_id)
        for digit in digits:
            await _ask(self._line(own.device), SendDigit(leg=peer, digit=digit))

    async def number_for(self, person: Person, to: str, device: str) -> str:
        """What a phone of the person's may dial for `to`, as the PBX wants it. Raises Refused as `dial` does."""
        if not may(person, "dial", owner_id=person.id):
            raise Refused("not-allowed", "Your role may not place calls; ask an admin.")
        number = read(to, self._line(device).plan)
        allowed = self._allowed(number)
        await self._list_allows(person, number)
        await self._may_be_called(person, number, device, None)
        return allowed

    async def check_sent(self, person: Person, number: str, device: str) -> None:
        """Whether a phone may send just this number to the PBX: a short code, or exactly what a click would dial.

        Raises Refused.
        """
        if CODE.fullmatch(number):
            return
        known = NUMBER.fullmatch(number) is not None
        if not known or await self.number_for(person, number, device) != number.removeprefix("+"):
            raise Refused("not-a-number", "This is not a telephone number.")

    async def transfer(self, person: Person, call_id: str, to: str, *, ask: bool) -> None:
        """The client of the person's call goes to `to`: at once, or once the person has asked there and hangs up.

        Raises Refused, NotAllowed or ChannelError. It is the PBX that asks: a browser phone asks by a call of its own.
        """
        if not may(person, "dial", owner_id=person.id):
            raise NotAllowed("Your role may not place calls; ask an admin.")
        own, _peer = self._talk(person, call_id)
        line = self._line(own.device)
        number = read(self._sights.opened(to), line.plan)
        dial = self._allowed(number)
        await self._may_be_called(person, number, own.device or "", None)
        move = AttendedTransfer if ask else BlindTransfer
        await _ask(line, move(leg=own.leg, context=line.settings.dial_context, number=dial))

    async def take_back(self, person: Person, call_id: str) -> None:
        """The person asks no longer: he talks with his client again."""
        own = self._own_leg(person, call_id)
        await _ask(self._line(own.device), CancelTransfer(leg=own.leg))

    async def three(self, person: Person, call_id: str, other_id: str) -> None:
        """The person and the other parties of two of his calls talk together. Raises Refused or ChannelError.

        The client and the person go first, together: whatever happens to the second step, they talk on.
        """
        (own, client), (other, colleague) = self._talk(person, call_id), self._talk(person, other_id)
        line = self._line(own.device)
        if call_id == other_id or line.pbx is not self._line(other.device).pbx:
            raise Refused("no-conference", "Two calls on one PBX are needed for a conference.")
        if not (await self._offers(line)).conference:
            raise Refused("no-conference", "This PBX has no conferences: an admin adds the recipe.")
        room = str(secrets.randbelow(9 * 10**9) + 10**9)
        await _ask(line, Redirect(leg=client, extra=own.leg, context=CONTEXT, number=room))
        await _ask(line, Redirect(leg=colleague, context=CONTEXT, number=room))

    async def move(self, person: Person, call_id: str, device: str, *, request_id: str) -> None:
        """The person goes on with his conversation at another phone of his. Raises Refused or ChannelError.

        The other phone rings; the one he talks at is let go once the client hears the new one.
        """
        own, client = self._talk(person, call_id)
        row = next((one for one in self._directory.devices_of(person.id) if one.name == device), None)
        if row is None or row.name == own.device:
            raise Refused("not-your-phone", "You have no such phone.")
        line = self._line(row.name)
        if line.pbx is not self._line(own.device).pbx:
            raise Refused("other-pbx", "That phone is on another PBX: a call cannot go over to it.")
        if self._device_status(row.name) != "idle":
            raise Refused("unregistered", "That phone is not free on the PBX.")
        command = TakeOver(
            device=line.device,
            leg=client,
            request_id=request_id,
            caller_id_number=row.extension,
            headers=await self._headers(row, line, request_id),
            timeout_s=MOVE_RING_S,
        )
        await _ask(line, command)

    def _check(self, person: Person, to: str, client_id: int | None, request_id: str, by: str) -> _Click:
        own = {row.name: row for row in self._directory.devices_of(person.id)}
        device = own.get(by) if by else self._directory.chosen_of(person.id)
        if device is None and own:
            raise Refused("not-your-phone", "You have no such phone.")
        if device is None:
            raise Refused("no-device", "You have no phone; an admin adds one under Settings, Users.")
        line = self._line(device.name)
        if line.pbx.health().state != "up":
            raise Refused("pbx-down", "The line to the PBX is down: calls cannot be placed now.")
        if self._device_status(device.name) in ("unreachable", "unknown"):
            raise Refused("unregistered", f"Your phone {device.extension} is not registered on the PBX: switch it on.")
        number = read(to, line.plan)
        dial = self._allowed(number)
        if self._calls_of(person.id) >= self._dial.at_once:
            raise Refused("too-many", "You have too many calls at once; end one first.")
        if dial == device.extension:
            raise Refused("own-number", "This is your own number.")
        return _Click(
            person=person,
            line=line,
            number=number,
            dial=dial,
            device=device,
            client_id=client_id,
            request_id=request_id,
        )

    async def _may_be_called(self, person: Person, number: Number, device: str, client_id: int | None) -> None:
        """Raises Refused for a client whose data are restricted; a colleague is called all the same.

        The client is named only where the click named him: whose a typed number is, is no business of a refusal.
        """
        if number.kind == "internal" and self._directory.by_extension(number.internal, device) is not None:
            return
        async with self._db.read() as conn:
            found = await restrictions.restriction(conn, number, self._line(device).plan, client_id=client_id)
        if found is not None:
            found = self._sights.of(person).see(found)
            named = f"{found.name}, {found.why}" if found.client_id == client_id else found.why
            raise Refused("restricted", "The client is restricted: he may not be called.", where=named)

    async def _list_allows(self, person: Person, number: Number) -> None:
        """Raises Refused for one of a call list who may not be called: it is written down, and he is left out."""
        async with self._db.read() as conn:
            row = await call_lists.on_desk(conn, person.id, number.e164) if number.e164 else None
            why = await call_lists.refused(conn, row) if row else ""
        if row is None or not why:
            return
        async with self._db.write() as conn:
            await call_lists.blocked(conn, row, why, self._clock())
        log.warning("a call of a call list was blocked", campaign=row.campaign_id, number=row.number, why=why)
        raise Refused("no-calls-consent", "He has not agreed to be called, or has taken it back: he is not dialled.")

    def _allowed(self, number: Number) -> str:
        """What the PBX is told to dial for a number. Raises Refused outside the toll guard."""
        if number.kind == "internal" and number.internal:
            return number.internal
        if not number.e164:
            raise Refused("not-a-number", "This is not a telephone number.")
        why = forbidden(number.e164, countries=self._dial.countries, deny=self._dial.deny)
        if why:
            raise Refused("forbidden-number", why)
        return number.e164.removeprefix("+")

    def _line(self, device: str | None) -> Line:
        line = self._line_of(device or "")
        if line is None:
            raise Refused(
                "no-pbx", "No PBX is set up for your phone; an admin looks at the settings and the phone's name."
            )
        return line

    async def _claim(self, click: _Click) -> bool:
        """The click becomes a row; False when the same click already did. Raises Refused when too fast."""
        now = self._clock()
        pace = self._paces.setdefault(
            click.person.id, Pace(per_minute=self._dial.per_minute, per_hour=self._dial.per_hour)
        )
        if pace.too_often(now):
            log.warning("dial limit reached", user=click.person.id)
            raise Refused("too-often", "Too many calls in a short time; wait a minute.")
        request = DialRequest(
            request_id=click.request_id,
            user_id=click.person.id,
            number=click.number.e164 or click.dial,
            extension=click.number.extension,
            client_id=click.client_id,
            device=click.device.name,
            call_id=None,
            state="sent",
            created_at=now,
        )
        async with self._db.write() as conn:
            if not await dial_requests.claim(conn, request):
                return False
            listed = await call_lists.on_desk(conn, click.person.id, request.number)
            if listed is not None:
                await call_lists.dialled(conn, listed, click.request_id, now)
        pace.count(now)
        return True

    async def _place(self, click: _Click) -> None:
        command = MakeCall(
            device=click.line.device,
            number=click.dial,
            context=click.line.settings.dial_context,
            caller_id_number=await self._caller_id(click),
            caller_id_name="",
            request_id=click.request_id,
            headers=await self._headers(click.device, click.line, click.request_id),
            timeout_s=self._dial.ring_s,
        )
        try:
            await _ask(click.line, command)
        except ChannelError as error:
            await self._settle(click.request_id, "unknown" if error.unknown else "failed")
            raise
        await self._settle(click.request_id, "ok")

    async def _settle(self, request_id: str, state: str) -> None:
        async with self._db.write() as conn:
            await dial_requests.set_state(conn, request_id, state)

    async def _caller_id(self, click: _Click) -> str:
        """Number of the queue of the last call with the client, else of the team, else of the PBX, else the default."""
        if click.number.e164 is None:
            return click.device.extension
        async with self._db.read() as conn:
            queue = await calls.last_queue_with(conn, client_id=click.client_id, number=click.number.e164)
        by_queue = self._dial.queue_caller_ids.get(queue or "")
        by_team = self._dial.team_caller_ids.get(click.device.team or "")
        return by_queue or by_team or click.line.settings.caller_id or self._dial.caller_id

    async def _headers(self, row: DeviceRow, line: Line, request_id: str) -> Headers:
        """What makes this phone pick up by itself: the browser knows its click, a desk phone's model is set or told."""
        device = row.name
        if row.kind == "browser":
            return ((CLICK_HEADER, request_id),)
        if not line.device.startswith("PJSIP/"):
            return ()
        named = headers_of(row.model)
        if named is not None or not line.settings.auto_answer:
            return named or ()
        at, headers = self._models.get(device, (float("-inf"), ()))
        if self._clock() - at < MODEL_S:
            return headers
        contact = await line.contact(within_s=MODEL_LIMIT_S)
        asked = f"PJSIP_CONTACT({contact},user_agent)"
        model = await line.variable(asked, within_s=MODEL_LIMIT_S) if contact else ""
        headers = headers_for(model)
        if model:  # else it is asked again by the next click: it may only have been late
            self._models[device] = (self._clock(), headers)
        return headers

    def _talk(self, person: Person, call_id: str) -> tuple[LegRecord, str]:
        """The person's leg and that of the party he talks with. Raises Refused."""
        own = self._own_leg(person, call_id)
        record = self._record_of(call_id)
        up = {leg.leg for leg in record.legs if leg.ended is None} if record else set()
        pairs = record.talked if record else ()
        peers = [leg for pair in pairs if own.leg in pair for leg in pair if leg != own.leg and leg in up]
        if not peers:
            raise Refused("not-talking", "This is done during a conversation; wait until the call is answered.")
        return own, peers[-1]

    def _own_leg(self, person: Person, call_id: str) -> LegRecord:
        record = self._record_of(call_id)
        own = {row.name for row in self._directory.devices_of(person.id)}
        legs = [leg for leg in record.legs if leg.device in own and leg.ended is None] if record else []
        if not legs:
            raise Refused("not-your-call", "You are not in this call (any more).")
        return legs[-1]


async def _ask(line: Line, command: Command) -> None:
    answer = await line.pbx.ask(command, timeout_s=line.settings.answer_ms / 1000)
    if not answer.ok:
        raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)
