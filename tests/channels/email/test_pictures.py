"""SEC-11, SEC-14: pictures from outside are fetched from the internet alone, and are pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from cti.channels.email.pictures import PICTURE_BYTES, OutsidePictures
from cti.errors import ChannelError

GIF = b"GIF89a" + bytes(30)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def give(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "moved":
            raise web.HTTPFound("/gif")
        if name == "round":
            raise web.HTTPFound("/round")
        if name == "inside":
            raise web.HTTPFound("http://10.0.0.1/gif")
        if name == "told":
            heads = {key: request.headers.get(key) for key in ("Cookie", "Referer", "Accept-Encoding", "Authorization")}
            assert heads == {"Cookie": None, "Referer": None, "Accept-Encoding": "identity", "Authorization": None}
        bodies = {"html": b"<html>", "svg": b"<svg/>", "large": GIF + bytes(PICTURE_BYTES), "empty": b""}
        response = web.Response(body=bodies.get(name, GIF), content_type="image/gif")
        response.set_cookie("track", "1")
        return response

    app = web.Application()
    app.router.add_get("/{name}", give)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_a_picture_is_fetched_through_redirects_without_anything_of_ours(port: int) -> None:
    source = OutsidePictures(allowed=("127.0.0.0/8",), ports=frozenset((port,)))
    for name in ("gif", "moved", "told"):
        found = await source.fetch(f"http://user:secret@localhost:{port}/{name}")
        assert (found.media_type, found.body) == ("image/gif", GIF)


@pytest.mark.parametrize("name", ["html", "svg", "large", "empty", "round", "inside"])
async def test_what_is_no_picture_or_leads_inside_is_not_fetched(port: int, name: str) -> None:
    source = OutsidePictures(allowed=("127.0.0.0/8",), ports=frozenset((port, 80)))
    with pytest.raises(ChannelError):
        await asyncio.wait_for(source.fetch(f"http://127.0.0.1:{port}/{name}"), 5)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/gif", "http://0x7f000001:{port}/gif", "file:///etc/passwd", "http://", "x", ""]
)
async def test_SEC_11_nothing_inside_is_asked(port: int, address: str) -> None:
    source = OutsidePictures(ports=frozenset((port,)))
    with pytest.raises(ChannelError):
        await source.fetch(address.format(port=port))
    with pytest.raises(ChannelError):
        await OutsidePictures(allowed=("127.0.0.0/8",)).fetch(f"http://127.0.0.1:{port}/gif")  # nor another port
