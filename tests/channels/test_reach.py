"""SEC-11: what is inside the house is not reached, however it is spelt and whatever a name means a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cti.channels.reach import Inside, resolve
from cti.errors import ChannelError

SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "2130706433", "0",
    "0.0.0.0", "127.255.255.254", "localhost", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1", "::1", "::", "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "10.0.0.1",
    "10.255.255.255", "0xa000001", "172.16.0.1", "172.31.255.255", "192.168.1.1", "3232235777", "169.254.169.254",
    "0xa9fea9fe", "2852039166", "::ffff:169.254.169.254", "100.64.0.1", "fd00:ec2::254", "fc00::1", "fe80::1",
    "fe80::1%lo", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "2001:db8::1",
    "127.0.0.1.", "", " 127.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_SEC_11_no_spelling_reaches_inside(host: str) -> None:
    with pytest.raises(ChannelError):
        await resolve(host, 80, allowed=())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
async def test_the_internet_is_reached(address: str) -> None:
    assert await resolve(address, 443, allowed=()) == address


async def test_what_an_admin_allows_is_reached_and_nothing_beside_it() -> None:
    assert await resolve("10.0.0.5", 993, allowed=("10.0.0.5", "fd00::/8")) == "10.0.0.5"
    assert await resolve("fd00::7", 993, allowed=("10.0.0.5", "fd00::/8")) == "fd00::7"
    assert await resolve("::ffff:10.0.0.5", 993, allowed=("10.0.0.5",)) == "::ffff:10.0.0.5"
    with pytest.raises(Inside):
        await resolve("10.0.0.6", 993, allowed=("10.0.0.5", "fd00::/8"))


async def test_a_name_that_means_two_things_is_refused_and_asked_once() -> None:
    """DNS rebinding: the address that was looked at is the one that is given out."""
    asked = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    assert await resolve("evil.example", 80, allowed=(), lookup=rebinding) == "93.184.216.34"
    assert asked == ["evil.example"]
    with pytest.raises(Inside):
        await resolve("evil.example", 80, allowed=(), lookup=rebinding)

    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "192.168.0.1"]

    with pytest.raises(Inside):
        await resolve("both.example", 80, allowed=(), lookup=both)


async def test_a_name_that_is_none_is_a_sentence() -> None:
    async def slow(_host: str, _port: int) -> Sequence[str]:
        raise TimeoutError

    with pytest.raises(ChannelError, match="cannot be found"):
        await resolve("nobody.invalid", 80, allowed=())
    with pytest.raises(ChannelError, match="cannot be found"):
        await asyncio.wait_for(resolve("slow.example", 80, allowed=(), lookup=slow), 5)
    with pytest.raises(ChannelError, match="cannot be found"):
        await resolve("a" * 300, 80, allowed=())
