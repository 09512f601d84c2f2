"""GET /sip: the browser phone's way to the PBX, on the panel's own origin; the PBX's HTTP is never seen from outside.

Rules kept here: only a signed-in person's own page, with his own browser phone, opens it; each message passes the gate
(cti/telephony/sip_gate.py); one connection per person: the last one wins and the one before is told so; size and pace
have limits; a number that is called or transferred to is refused as a click on it would be, in words; who is signed
out, or loses his phone, is cut within CHECK_S. A conversation does not hang on it: the voice goes between browser and
PBX, and a page that comes back takes its calls up again. From whom numbers are hidden, hears stand-ins
(cti/telephony/sip_veil.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from cti.errors import Refused, StorageError
from cti.features.accounts import Identity
from cti.features.phones import BrowserPhone
from cti.storage import role_rights
from cti.telephony.sip import refusal
from cti.telephony.sip_gate import Gate
from cti.telephony.sip_veil import Veil
from web.auth import IDENTITY, own_origin, person_of
from web.routes import Route
from web.services import Services, services_of
from web.texts import told

PATH = "/sip"
PROTOCOL = "sip"
LARGEST = 32 * 1024  # bytes of a message; an offer with many candidates has about five thousand
PER_S, BURST = 20.0, 120.0  # messages of a browser
CHECK_S = 3.0
HEARTBEAT_S = 20.0
CONNECT_S = 5.0
SEND_S = 5.0
MOST_STRANGE = 20  # messages that did not pass, before the connection ends
WHY_HEADER = "X-Trubka-Why"  # a sentence for the person, percent-encoded
PING, PONG = "\r\n\r\n", "\r\n"  # RFC 5626 4.4.1
# What the browser is told by the code it is closed with (web/static/js/softphone/wire.js).
ELSEWHERE, SIGNED_OUT, STRANGE, FLOOD, NO_PBX, STOPPING, TAKEN = range(4001, 4008)

log = structlog.get_logger()


@dataclass(kw_only=True, eq=False)
class _Visit:
    """One browser phone's connection and what the PBX hears of it.

    refuses: why a number may not be called, "" where it may.
    """

    identity: Identity
    phone: BrowserPhone
    gate: Gate
    browser: web.WebSocketResponse
    veil: Veil | None
    refuses: Callable[[str], Awaitable[str]]
    left: float = BURST
    counted: float = 0.0
    strange: int = 0

    def takes(self) -> bool:
        """Count a message; False when there were too many."""
        now = time.monotonic()
        self.left = min(BURST, self.left + (now - self.counted) * PER_S) - 1
        self.counted = now
        return self.left >= 0

    async def close(self, code: int, why: str) -> None:
        """Tell the browser why, and end."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(SEND_S):
                await self.browser.close(code=code, message=why.encode())


class SipDoor:
    """Who is connected, by person."""

    def __init__(self) -> None:
        self._visits: dict[int, _Visit] = {}

    @property
    def count(self) -> int:
        """How many are connected."""
        return len(self._visits)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection to its end."""
        identity = request[IDENTITY]
        if identity.session is None:
            raise web.HTTPForbidden(text="This request comes from another site.")
        services = services_of(request)
        phone = await services.phones.browser(identity.person)
        browser = web.WebSocketResponse(
            protocols=(PROTOCOL,), max_msg_size=LARGEST, heartbeat=HEARTBEAT_S, compress=False
        )
        if not browser.can_prepare(request):
            raise web.HTTPUpgradeRequired(text="Only a phone connects here.")  # the page learns: wss is what is stopped
        if request.headers.get("Origin") != own_origin(request):
            raise web.HTTPForbidden(text="This request comes from another site.")
        await browser.prepare(request)

        async def refuses(number: str) -> str:
            try:
                await services.call_control.check_sent(identity.person, number, phone.device)
            except Refused as refused:
                return told(request, refused)
            except StorageError as error:
                return str(error)
            return ""

        sight = services.sights.of(identity.person)
        visit = _Visit(
            identity=identity,
            phone=phone,
            gate=Gate(phone.endpoint, phone.extension),
            browser=browser,
            veil=Veil(sight.words) if sight.hides else None,
            refuses=refuses,
        )
        before = self._visits.get(identity.person.id)
        self._visits[identity.person.id] = visit
        if before is not None:
            await before.close(ELSEWHERE, "elsewhere")
        services.browser_legs.came(identity.person.id)
        try:
            await _serve(visit, services)
        finally:
            services.browser_legs.went(identity.person.id)
            if self._visits.get(identity.person.id) is visit:
                del self._visits[identity.person.id]
        return browser

    async def shut_down(self, _app: web.Application) -> None:
        """The server stops: every page knows at once and comes back."""
        await asyncio.gather(*(visit.close(STOPPING, "stopping") for visit in list(self._visits.values())))


SIP_DOOR = web.AppKey("sip-door", SipDoor)


async def _serve(visit: _Visit, services: Services) -> None:
    """Pass messages both ways until one side ends, or its person may not any more."""
    async with aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(CONNECT_S):
                pbx = await http.ws_connect(
                    visit.phone.websocket, protocols=(PROTOCOL,), max_msg_size=LARGEST * 2, heartbeat=HEARTBEAT_S
                )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.warning("the PBX takes no browser phones", reason=type(error).__name__, device=visit.phone.device)
            return await visit.close(NO_PBX, "no pbx")
        async with pbx:
            with contextlib.suppress(TimeoutError, ConnectionError, aiohttp.ClientError):  # one side is gone
                await _until_one_ends(visit, pbx, services)
    await visit.close(NO_PBX, "no pbx")  # nothing where it was closed before


async def _until_one_ends(visit: _Visit, pbx: aiohttp.ClientWebSocketResponse, services: Services) -> None:
    works = {
        asyncio.create_task(_to_pbx(visit, pbx), name="sip-out"),
        asyncio.create_task(_to_browser(visit, pbx), name="sip-in"),
        asyncio.create_task(_watch(visit, services), name="sip-session"),
    }
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        for work in done:
            work.result()
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _to_pbx(visit: _Visit, pbx: aiohttp.ClientWebSocketResponse) -> None:
    async for message in visit.browser:
        if not visit.takes():
            log.warning("a browser phone floods the PBX, cut", device=visit.phone.device)
            return await visit.close(FLOOD, "too much")
        if message.type != WSMsgType.TEXT:
            return await visit.close(WSCloseCode.UNSUPPORTED_DATA, "text only")
        if message.data == PING:
            await _send(visit.browser, PONG)
        if message.data in (PING, PONG):
            continue
        text = visit.veil.to_pbx(message.data) if visit.veil else message.data
        gate = visit.gate
        if gate.to_pbx(text) == "pass":
            why = "" if gate.called is None else await visit.refuses(gate.called)
            if why and gate.message is not None:
                no = refusal(gate.message, 403, "Forbidden", {WHY_HEADER: quote(why)})
                await _send(visit.browser, visit.veil.to_browser(no) if visit.veil else no)
            else:
                await _send(pbx, text)
        else:
            visit.strange += 1
            log.warning("a browser phone's message did not pass", device=visit.phone.device, why=gate.refused)
            if visit.strange >= MOST_STRANGE:
                return await visit.close(STRANGE, "not yours")
    return None


async def _to_browser(visit: _Visit, pbx: aiohttp.ClientWebSocketResponse) -> None:
    async for message in pbx:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        visit.gate.from_pbx(text)
        await _send(visit.browser, visit.veil.to_browser(text) if visit.veil else text)


async def _watch(visit: _Visit, services: Services) -> None:
    """Return once the person is signed out or the phone is not his any more; he is told."""
    while True:
        await asyncio.sleep(CHECK_S)
        with contextlib.suppress(StorageError):
            if not await services.accounts.alive(visit.identity.session or ""):
                return await visit.close(SIGNED_OUT, "signed out")
            async with services.database.read() as conn:
                rights = await role_rights.every(conn)
            if rights[visit.identity.person.role] != visit.identity.person.changed:
                return await visit.close(NO_PBX, "other rights")  # it comes back by itself
        try:
            phone = await services.phones.browser(visit.identity.person)
        except Refused:
            return await visit.close(TAKEN, "no phone")
        if phone.device != visit.phone.device:
            return await visit.close(TAKEN, "another phone")


async def _send(to: web.WebSocketResponse | aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Raises ConnectionError, or TimeoutError when it is not read."""
    async with asyncio.timeout(SEND_S):
        await to.send_str(text)


async def enter(request: web.Request) -> web.StreamResponse:
    """The browser phone connects."""
    return await request.app[SIP_DOOR].enter(request)


async def left(request: web.Request) -> web.Response:
    """A page with a call in it is closed, or loaded anew: told by the browser as it goes."""
    services_of(request).browser_legs.page_closed(person_of(request).id)
    return web.Response(status=204)


ROUTES = (Route("GET", PATH, enter, "dial", "nothing"), Route("POST", f"{PATH}/left", left, "dial", "nothing"))
