"""The client grid's first paint in headless Chromium: from the navigation to the frame that shows rows."""

from __future__ import annotations

from tests.bench import SHORT, percentile, report
from tests.e2e.browser import chromium
from tests.e2e.server import PASSWORD, Server

TIMES = 2 if SHORT else 7
# two frames after the first row stands in the table, it has been painted; 0 is the navigation's begin
WATCH = """
const look = new MutationObserver(() => {
  if (!document.querySelector("#found .tabulator-row")) return;
  look.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.painted = performance.now();
  }));
});
look.observe(document, { childList: true, subtree: true });
"""


async def painted(server: Server, login: str) -> None:
    """Report the first paint with an empty cache and with what a browser keeps."""
    done = server.cti("user", "passwd", login, "--password-file", "-", said=PASSWORD)
    assert done.returncode == 0, done.stderr
    took: list[float] = []
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="ru-RU")
        signed = await context.request.post(f"{server.url}/api/v1/session", data={"login": login, "password": PASSWORD})
        assert signed.ok, await signed.text()
        await context.add_init_script(WATCH)
        page = await context.new_page()
        for _ in range(TIMES):
            await page.goto(f"{server.url}/clients")
            await page.locator("html[data-painted]").wait_for(state="attached", timeout=60_000)
            took.append(float(await page.locator("html").get_attribute("data-painted") or 0))
    report("grid, first rows painted, first time", took[0] / 1000, "s")
    report("grid, first rows painted, p50", percentile(took[1:] or took, 0.5) / 1000, "s", limit="< 1")
