"""The one way out to hosts that people name (SEC-11): looked up once, judged, and connected to as judged.

Public addresses may be reached, and the networks that the settings name. Whatever a host is called (another spelling of
loopback, a name that resolves to the inside, one that resolves otherwise the second time), the address that was judged
is the address that is connected to. A host that may not be reached is told as one that does not exist.

What went wrong is told by a code: host (there is none that may be reached), lookup (no name server answers), closed
(nobody listens), silent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from cti.errors import ChannelError

LOOKUP_S, CONNECT_S = 5.0, 10.0
TRIED_MOST = 4  # addresses of one name
Connect = Callable[[str, int], Awaitable[socket.socket]]  # Reach.connect
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Reach:
    """inside: networks of the house that may be reached beside the public ones.

    trouble: the error of the channel that asks, made of a code.
    """

    def __init__(self, inside: Sequence[str] = (), trouble: Callable[[str], ChannelError] = ChannelError) -> None:
        self._inside = [ipaddress.ip_network(one, strict=False) for one in inside]
        self._trouble = trouble

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where the host is and may be reached. Raises the trouble `host` or `lookup`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            away = isinstance(error, TimeoutError) or getattr(error, "errno", None) == socket.EAI_AGAIN
            raise self._trouble("lookup" if away else "host") from None
        known = dict.fromkeys(str(one[4][0]) for one in found)
        allowed = [one for one in known if self.allows(one)]
        if not allowed:
            raise self._trouble("host")
        return allowed[:TRIED_MOST]

    def allows(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        try:
            faces = _faces(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        return all(self._allowed(one) for one in faces)

    def _allowed(self, one: Address) -> bool:
        if any(one.version == net.version and one in net for net in self._inside):
            return True
        return one.is_global and not (one.is_multicast or one.is_reserved)

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket. Raises the trouble host, lookup, closed or silent."""
        trouble = self._trouble("silent")
        for address in await self.addresses(host, port):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            link = socket.socket(family, socket.SOCK_STREAM)
            link.setblocking(False)
            try:
                async with asyncio.timeout(CONNECT_S):
                    await asyncio.get_running_loop().sock_connect(link, (address, port))
            except ConnectionRefusedError:
                trouble = self._trouble("closed")
            except (OSError, TimeoutError):
                trouble = self._trouble("silent")
            else:
                return link
            link.close()
        raise trouble


def _faces(one: Address) -> list[Address]:
    """The address, and those of IPv4 that it leads to."""
    if isinstance(one, ipaddress.IPv4Address):
        return [one]
    if one.ipv4_mapped is not None:
        return [one.ipv4_mapped]
    led: list[Address] = [one]
    if one.sixtofour is not None:
        led.append(one.sixtofour)
    if one.teredo is not None:
        led += one.teredo
    if one in NAT64:
        return [ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)]
    return led
