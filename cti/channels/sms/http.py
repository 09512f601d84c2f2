"""The line to a gateway on the web: one request a message, its answer judged as messages/http_gateways.py says.

Whether a message may have been taken decides what is told. No connection, or a refusal that is described: certainly
not (SmsTrouble). A request that was written and has no answer, or one that nobody understands: not known, and so never
sent again by itself. Connections are not kept: aiohttp repeats a GET on one that turns out to be closed. Redirects are
not followed; the way out is judged (SEC-11); what a gateway says has our secrets taken out before anybody reads it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
import structlog
from aiolimiter import AsyncLimiter
from yarl import URL

from cti.channels.judged import connector
from cti.channels.reach import Reach
from cti.channels.texts import Answer, Health, OutText, Receipt, SmsTrouble, TextTaker
from cti.messages import http_gateways as rules
from cti.messages.http_gateways import Asked, Description, Secrets, Verdict

CONNECT_S, ANSWER_S = 10.0, 30.0
ANSWER_MOST = 64 * 1024
POLL_S = 60.0
POLLED_MOST = 50  # messages asked after in one round
REST_S, REST_MOST_S = 15.0, 300.0  # how long a line in trouble is left alone
SEEN_S = 60.0
WINDOW_MOST = 20
OWN = frozenset(("bad-number", "bad-sender", "bad-text", "not-ours"))  # troubles of a message, not of its gateway
HEADERS = {"User-Agent": "Trubka", "Accept": "application/json, text/plain"}

log = structlog.get_logger()


class Answered(Exception):
    """There is no answer, and the request may have been taken."""


class HttpLine:
    """Implements TextLine. found: told how the gateway was found, as its row holds it; callback_url: "" for none.

    unsettled: far ids of messages whose end is not known yet; reach: raises SmsTrouble; tls: None for the usual one.
    """

    def __init__(
        self,
        gateway_id: int,
        description: Description,
        secrets: Secrets,
        *,
        rate: int,
        callback_url: str,
        taker: TextTaker,
        found: Callable[[str], Awaitable[None]],
        unsettled: Callable[[], Awaitable[Sequence[str]]],
        reach: Reach,
        tls: ssl.SSLContext | None = None,
        answer_s: float = ANSWER_S,
        poll_s: float = POLL_S,
    ) -> None:
        self._id = gateway_id
        self._description = description
        self._secrets = secrets
        self._callback_url = callback_url
        self._taker = taker
        self._found = found
        self._unsettled = unsettled
        self._reach = reach
        self._tls = tls
        self._answer_s = answer_s
        self._poll_s = poll_s
        self._limiter = AsyncLimiter(max(1, rate), 1)
        self._troubles = 0
        self._rests_until = 0.0
        self._stored: str | None = None
        self._seen_at = 0.0
        self.window = max(1, min(rate, WINDOW_MOST))

    @property
    def health(self) -> Health:
        """Down for a while after a trouble: then it is tried again by whatever comes."""
        return "down" if time.monotonic() < self._rests_until else "up"

    async def run(self) -> None:
        """Ask what became of messages, where the gateway does not tell by itself; until cancelled."""
        while True:
            await asyncio.sleep(self._poll_s)
            if self._description.polling is not None:
                await self._poll()

    async def send(self, text: OutText) -> tuple[Answer, ...]:
        """Hand a message over: the gateway splits it, so there is one answer, or as many as it gives."""
        values = rules.filling(
            number=text.number,
            sender=text.sender,
            text=text.text,
            key=text.key,
            secrets=self._secrets,
            callback_url=self._callback_url,
        )
        try:
            status, body, rest_s = await self._ask(self._description.send, values)
        except Answered as silence:
            await self._ill("silent")
            return (Answer(state="unknown", said=str(silence)),)
        except SmsTrouble as trouble:
            await self._ill(trouble.stored)
            raise
        reading = self._description.answer
        found = rules.verdict(reading, status, body, key=values["short_key" if reading.again else "key"])
        return await self._judged(found, rest_s)

    async def _judged(self, found: Verdict, rest_s: float | None) -> tuple[Answer, ...]:
        words = self._clean(found.said)
        if found.state == "accepted":
            await self._well()
            return tuple(Answer(state="accepted", far_id=one, said=words) for one in found.ids)
        if found.state == "unknown":
            await self._ill(f"unsure-words|{words}")
            return (Answer(state="unknown", said=words),)
        trouble = SmsTrouble(found.code, words, permanent=found.permanent, retry_s=rest_s)
        if found.code in OWN:
            await self._well()
        elif found.code == "throttled":
            self._rests_until = time.monotonic() + (rest_s or REST_S)
        else:
            await self._ill(trouble.stored)
        raise trouble

    async def _poll(self) -> None:
        polling = self._description.polling
        assert polling is not None
        receipts: list[Receipt] = []
        for far_id in (await self._unsettled())[:POLLED_MOST]:
            values = rules.filling(
                number="", sender="", text="", key="", secrets=self._secrets, callback_url="", far_id=far_id
            )
            try:
                _, body, _ = await self._ask(polling.asked, values)
            except (Answered, SmsTrouble) as error:
                log.info("a gateway was asked in vain", gateway=self._id, error=type(error).__name__)
                break
            node = rules.document(body, polling.form)
            state = polling.states.get(rules.said(rules.find(node, polling.state)))
            if state is not None:
                words = self._clean(rules.said(rules.find(node, polling.said))) if polling.said else ""
                receipts.append(Receipt(far_id=far_id, state=state, said=words, at=time.time()))
        if receipts:
            await self._taker.told(self._id, receipts)

    async def _ask(self, asked: Asked, values: dict[str, str]) -> tuple[int, bytes, float | None]:
        """Status, body and how long it wants to be left alone. Raises SmsTrouble, Answered."""
        try:
            url = URL(asked.url)
            host = url.host or ""
        except ValueError:
            raise SmsTrouble("host") from None
        if _literal(host) and not self._reach.allows(host):
            raise SmsTrouble("host")
        url = url.update_query(rules.pairs_of(asked.query, values))
        more: dict[str, Any] = {}
        if asked.json:
            more["data"] = rules.json_of(asked.json, values)
            more["headers"] = {"Content-Type": "application/json"}
        elif asked.form:
            more["data"] = rules.pairs_of(asked.form, values)
        headers = {**HEADERS, **more.pop("headers", {}), **rules.headers_of(asked.headers, values)}
        context = SimpleNamespace(written=False)
        async with self._limiter:
            pass
        try:
            async with (
                asyncio.timeout(CONNECT_S + self._answer_s),
                self._session() as http,
                http.request(
                    asked.method, url, headers=headers, allow_redirects=False, trace_request_ctx=context, **more
                ) as answer,
            ):
                return answer.status, await _at_most(answer), _rest(answer)
        except aiohttp.ClientConnectorError as error:
            raise _unconnected(error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if not context.written:
                raise SmsTrouble("silent") from None
            raise Answered(type(error).__name__) from None

    def _session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_written)
        return aiohttp.ClientSession(
            connector=connector(self._reach, self._tls),
            trace_configs=[trace],
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._answer_s),
        )

    # How it stands -------------------------------------------------------------------------------------------------
    async def _well(self) -> None:
        self._troubles, self._rests_until = 0, 0.0
        if self._stored != "" or time.monotonic() - self._seen_at > SEEN_S:
            self._stored, self._seen_at = "", time.monotonic()
            await self._found("")

    async def _ill(self, stored: str) -> None:
        self._troubles += 1
        self._rests_until = time.monotonic() + min(REST_S * 2 ** min(self._troubles - 1, 10), REST_MOST_S)
        if self._stored != stored:
            self._stored = stored
            await self._found(stored)

    def _clean(self, words: str) -> str:
        """The gateway's words without anything secret of ours that it repeats."""
        for one in (self._secrets.password, self._secrets.login, self._secrets.callback_token):
            if len(one) > 3:
                words = words.replace(one, "***")
        return words


async def _written(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.written = True


async def _at_most(answer: aiohttp.ClientResponse) -> bytes:
    """The beginning of a body; one that goes on is cut, and so not understood."""
    body = bytearray()
    async for piece in answer.content.iter_chunked(1 << 14):
        body += piece
        if len(body) > ANSWER_MOST:
            return b""
    return bytes(body)


def _rest(answer: aiohttp.ClientResponse) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return float(min(int(said), 3600)) if said.isascii() and said.isdigit() and len(said) < 8 else None


def _unconnected(error: aiohttp.ClientConnectorError) -> SmsTrouble:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return SmsTrouble(str(error.os_error))  # the code of the reach
    if isinstance(error, aiohttp.ClientSSLError):
        return SmsTrouble("silent", "TLS")
    return SmsTrouble("closed" if isinstance(error.os_error, ConnectionRefusedError) else "silent")


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
