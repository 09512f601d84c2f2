"""An alert as an HTTP POST to an address that somebody named: judged on the way out (SEC-11), signed, never redirected.

`X-Trubka-Signature: t=UNIX seconds,v1=hex` is HMAC-SHA256 with the rule's key over `t.body`; `X-Trubka-Delivery` is the
same at each try, so that who receives it twice can tell. Answers are not read beyond their status, and never logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl

import aiohttp
from yarl import URL

from cti.channels.judged import connector
from cti.channels.reach import Reach
from cti.errors import ChannelError

WITHIN_S = 15.0
SCHEMES = ("http", "https")


class Webhook:
    """reach: where may be gone; tls: None for the usual one."""

    def __init__(self, reach: Reach, tls: ssl.SSLContext | None = None) -> None:
        self._reach = reach
        self._tls = tls

    async def post(self, url: str, body: bytes, *, secret: str, key: str, at: int) -> None:
        """Raises ChannelError, permanent where another try will not do; its words hold no address and no secret."""
        try:
            where = URL(url)
        except ValueError:
            raise ChannelError("address", permanent=True) from None
        if where.scheme not in SCHEMES or not where.host or where.user is not None:
            raise ChannelError("address", permanent=True)
        try:
            await self._reach.addresses(str(where.host), where.port or 0)
        except ChannelError as error:
            raise ChannelError(str(error), permanent=str(error) == "host") from None
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Trubka",
            "X-Trubka-Delivery": key,
            "X-Trubka-Signature": signature(secret, body, at),
        }
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                self._session() as http,
                http.post(where, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ChannelError(_fault(error)) from None
        if not 200 <= status < 300:
            raise ChannelError(f"HTTP {status}", permanent=300 <= status < 500 and status not in (408, 425, 429))

    def _session(self) -> aiohttp.ClientSession:
        way = connector(self._reach, self._tls)
        return aiohttp.ClientSession(connector=way, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def _fault(error: Exception) -> str:
    """A code of what went wrong on the way."""
    match error:
        case aiohttp.ClientSSLError():
            return "certificate"
        case TimeoutError():
            return "slow"
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return "unreached"
        case _:
            return "broken"


def signature(secret: str, body: bytes, at: int) -> str:
    """The header's value."""
    made = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256)
    return f"t={at},v1={made.hexdigest()}"
