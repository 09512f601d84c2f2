"""HTTP to hosts that people name: a name leads where the reach lets it, the second time it is asked too (SEC-11)."""

from __future__ import annotations

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from cti.channels.reach import Reach
from cti.errors import ChannelError


def connector(reach: Reach, tls: ssl.SSLContext | None) -> aiohttp.TCPConnector:
    """Of one session. tls: None for the usual one."""
    return aiohttp.TCPConnector(resolver=_Judged(reach), force_close=True, ssl=tls if tls is not None else True)


class _Judged(AbstractResolver):
    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError with the reach's code where it leads nowhere."""
        try:
            addresses = await self._reach.addresses(host, port)
        except ChannelError as error:
            raise OSError(str(error)) from None
        numeric = int(socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=0,
                flags=numeric,
            )
            for one in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
