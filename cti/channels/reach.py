"""Where the server may connect to when a letter or a person's form names the place (SEC-11).

A name is resolved once, every address it has is looked at, and the connection is made to the address that was looked
at: a name that means something else a moment later changes nothing. What is not the open internet is refused, however
it is spelt, but for the networks that an admin lists in `mail.inside`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from cti.errors import ChannelError

RESOLVE_S = 10.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Inside(ChannelError):
    """The place is not on the open internet, and no admin has allowed it."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not on the internet: an admin may allow it in mail.inside.", permanent=True)


async def resolve(host: str, port: int, *, allowed: Sequence[str], lookup: Lookup | None = None) -> str:
    """The address to connect to. allowed: networks that may be reached although they are inside.

    Raises Inside where any address of the name may not be reached, ChannelError where it has none.
    """
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await (lookup or _system)(host, port)
    except (OSError, UnicodeError, TimeoutError, ValueError) as error:
        raise ChannelError(f"{host} cannot be found: {type(error).__name__}.") from error
    if not found:
        raise ChannelError(f"{host} has no address.")
    networks = [ipaddress.ip_network(one, strict=False) for one in allowed]
    for one in found:
        if not open_to_us(one, networks):
            raise Inside(host)
    return found[0].partition("%")[0]


def open_to_us(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()) -> bool:
    """Whether an address is on the open internet, or in one of the networks."""
    try:
        ip = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if any(ip in network for network in networks if network.version == ip.version):
        return True
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _plain(ip: Address) -> Address:
    """An IPv4 address where one is carried inside an IPv6 one."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    carried = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    low = int(ip) & 0xFFFFFFFF
    if carried is None and (ip in _NAT64 or (int(ip) >> 32 == 0 and low > 1)):
        carried = ipaddress.IPv4Address(low)
    return carried or ip


async def _system(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]
