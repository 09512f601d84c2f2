"""Pictures from outside that a letter names, fetched by the server where a person asked for them (SEC-11, SEC-14).

Only from the open internet, by plain GET without anything of ours in it, and only what is a picture by its content.
Each redirect is looked at like the first address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from yarl import URL

from cti.channels.email.kinds import SHOWN, kind_of
from cti.channels.letters import Picture
from cti.channels.reach import Reach
from cti.errors import ChannelError

WITHIN_S = 10.0
AT_ONCE = 8
REDIRECTS = 3
PICTURE_BYTES = 5 << 20
HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "Mozilla/5.0"}
PORTS = frozenset((80, 443))


class OutsidePictures:
    """Implements PictureSource. allowed: networks inside that may be asked; ports: the only ones that are."""

    def __init__(self, *, allowed: Sequence[str] = (), ports: frozenset[int] = PORTS) -> None:
        self._reach = Reach(allowed)
        self._ports = ports
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, address: str) -> Picture:
        """A picture. Raises ChannelError."""
        try:
            async with self._turn, asyncio.timeout(WITHIN_S):
                return await self._fetch(URL(address))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ChannelError(f"A picture could not be fetched ({type(error).__name__}).") from error

    async def _fetch(self, url: URL) -> Picture:
        async with aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
            connector=aiohttp.TCPConnector(limit=1, force_close=True),
        ) as http:
            for _ in range(REDIRECTS + 1):
                moved = await self._ask(http, url)
                if isinstance(moved, Picture):
                    return moved
                url = moved
        raise ChannelError("A picture leads on and on.")

    async def _ask(self, http: aiohttp.ClientSession, url: URL) -> Picture | URL:
        """The picture, or where it has gone."""
        if url.scheme not in ("http", "https") or not url.host or url.port not in self._ports:
            raise ChannelError("This is no address of a picture.")
        ip = (await self._reach.addresses(url.host, url.port))[0]
        async with http.get(
            url.with_host(ip).with_user(None),
            headers={"Host": _host(url), **HEADERS},
            allow_redirects=False,
            server_hostname=url.host if url.scheme == "https" else None,
        ) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                return url.join(URL(answer.headers.get("Location", "")))
            if answer.status != 200:
                raise ChannelError(f"A picture is not there ({answer.status}).")
            body = await _at_most(answer)
        kind = kind_of(body, "")
        if kind not in SHOWN:
            raise ChannelError("This is no picture.")
        return Picture(media_type=kind, body=body)


async def _at_most(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > PICTURE_BYTES:
            raise ChannelError("A picture is too large.")
    return bytes(body)


def _host(url: URL) -> str:
    name = f"[{url.host}]" if ":" in (url.host or "") else str(url.raw_host)
    return name if url.is_default_port() else f"{name}:{url.port}"
