"""SEC-11: what is inside the house is not reached, however it is spelt and whatever a name means a moment later."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cti.channels.reach import Reach
from cti.errors import ChannelError

SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "2130706433", "0",
    "0.0.0.0", "127.255.255.254", "localhost", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1", "::1", "::", "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "10.0.0.1",
    "10.255.255.255", "0xa000001", "172.16.0.1", "172.31.255.255", "192.168.1.1", "3232235777", "169.254.169.254",
    "0xa9fea9fe", "2852039166", "::ffff:169.254.169.254", "100.64.0.1", "fd00:ec2::254", "fc00::1", "fe80::1",
    "fe80::1%lo", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "2001:db8::1",
    "127.0.0.1.", "", " 127.0.0.1", "::a00:1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "2001:0:7f00:1::80ff:fffe",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_SEC_11_no_spelling_reaches_inside(host: str) -> None:
    with pytest.raises(ChannelError):
        await Reach().addresses(host, 80)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
async def test_the_internet_is_reached(address: str) -> None:
    assert await Reach().addresses(address, 443) == [address]


async def test_what_an_admin_allows_is_reached_and_nothing_beside_it() -> None:
    reach = Reach(("10.0.0.5", "fd00::/8"))
    assert await reach.addresses("10.0.0.5", 993) == ["10.0.0.5"]
    assert await reach.addresses("fd00::7", 993) == ["fd00::7"]
    with pytest.raises(ChannelError):
        await reach.addresses("10.0.0.6", 993)


async def test_a_name_that_means_something_else_a_moment_later_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a name server of the attacker's answers otherwise each time; it is asked once."""
    answers = iter(("93.184.216.34", "127.0.0.1"))

    async def lookup(_host: str, port: int, **_more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    assert await Reach().addresses("evil.example", 80) == ["93.184.216.34"]
    with pytest.raises(ChannelError):
        await Reach().addresses("evil.example", 80)
