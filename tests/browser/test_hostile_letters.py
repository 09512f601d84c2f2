"""SEC-13, SEC-14: 300 letters made to harm, read as they would be when they come and shown in a real browser.

Nothing of them runs and nobody is asked for anything. The frames stand without `sandbox`: the server's policy must do.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page

from tests.browser.stage import ANNA, Stage
from tests.channels.email.hostile import letters as hostile
from tests.web.mailbag import put
from tests.web.mailbox import a_mailbox

pytestmark = pytest.mark.browser
AT_ONCE = 50
SWALLOWED = ("seen-25", "seen-26", "seen-125")  # the attack leaves an element open that hides the rest
FRAMES = """async (ids) => {
  const place = document.createElement("div");
  document.querySelector("main").replaceChildren(place);
  await Promise.all(ids.map((id) => new Promise((loaded) => {
    const frame = document.createElement("iframe");
    frame.name = `letter-${id}`;
    frame.onload = loaded;
    frame.src = `/mail/letters/${id}/body`;
    place.append(frame);
  })));
}"""
PARSED = """async (ids) => {
  let bad = [];
  for (const id of ids) {
    const text = await (await fetch(`/mail/letters/${id}`)).text();
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    const all = [...main.querySelectorAll("*")];
    bad = bad.concat(all.filter((one) => [...one.attributes].some((attribute) => attribute.name.startsWith("on"))
      || ["SCRIPT", "IMG", "LINK", "META", "OBJECT", "STYLE"].includes(one.tagName)).map((one) => one.outerHTML));
    if (!main.textContent.includes("evil.example")) bad.push(`letter ${id} is not shown`);
  }
  return bad;
}"""


async def test_SEC_13_nothing_of_300_hostile_letters_runs_and_nobody_learns_that_they_were_read(
    theatre: Stage, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def listen(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", listen)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    out = f"http://127.0.0.1:{runner.addresses[0][1]}"
    page = await theatre.desk("anna")
    ran: list[str] = []
    page.on("request", lambda sent: sent.url.startswith((theatre.url, "about:")) or asked.append(sent.url))
    page.on("dialog", lambda one: ran.append(one.message))
    page.on("popup", lambda one: ran.append(one.url))
    await page.expose_binding("ran", lambda source, *_: ran.append(source["frame"].url))
    await page.reload()
    await page.wait_for_selector("html[data-live=yes]")
    desk = theatre.parts
    box = await a_mailbox(desk, ANNA)  # type: ignore[arg-type]
    marks = {await put(desk, box, raw): mark for mark, raw in hostile(out)}
    assert len(marks) == 300
    ids = list(marks)
    for begin in range(0, len(ids), AT_ONCE):
        await page.evaluate(FRAMES, ids[begin : begin + AT_ONCE])
        await _shown(page, marks)
    assert await page.evaluate(PARSED, ids[::4]) == []
    assert (ran, asked) == ([], [])
    await page.evaluate("ran(1)")
    assert len(ran) == 1, "a script that runs is seen"
    await runner.cleanup()


async def _shown(page: Page, marks: dict[int, str]) -> None:
    """Each frame is still the letter's; of some, what it says can be read."""
    frames = [one for one in page.frames if one.name.startswith("letter-")]
    assert len(frames) == AT_ONCE
    for frame in frames:
        letter_id = frame.name.removeprefix("letter-")
        assert frame.url.endswith(f"/mail/letters/{letter_id}/body")
        if int(letter_id) % 5 == 0 and marks[int(letter_id)] not in SWALLOWED:
            assert marks[int(letter_id)] in await frame.locator("body").inner_text(), frame.url
