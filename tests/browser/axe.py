"""Accessibility of a page as axe-core sees it: the rules of WCAG 2.2 A and AA."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

SOURCE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOURS = [
    "color-contrast",
    "link-in-text-block",
]  # all that a look changes of a page that is known
# axe does not see that a table's columns are cut off at its edge, and calls a button beside it too close to what nobody
# sees there: a target is big enough if clicks in its 24 px find it and nothing else that can be clicked.
RUN = """async (only) => {
  const others = "a, button, input, select, textarea, summary, [tabindex]";
  const alone = (target) => {
    const { x, y, width, height } = target.getBoundingClientRect(), steps = [-11.5, 0, 11.5];
    return steps.every((dx) => steps.every((dy) => {
      const hit = document.elementFromPoint(x + width / 2 + dx, y + height / 2 + dy)?.closest(others);
      return dx || dy ? !hit || hit === target || hit.contains(target) : hit === target;
    }));
  };
  const cutOff = (one, node) => one.id === "target-size" && alone(document.querySelector(node.target[0]));
  return (await axe.run(document, {runOnly: only})).violations
    .flatMap((one) => one.nodes.filter((node) => !cutOff(one, node))
    .map((node) => `${one.id}: ${node.target.join(" ")}: ${node.html.slice(0, 200)}`));
}"""


async def violations(page: Page, *, only_colours: bool = False) -> list[str]:
    """What breaks a rule, each as `rule: where: markup`; [] for an accessible page."""
    only = {"type": "rule", "values": OF_COLOURS} if only_colours else {"type": "tag", "values": TAGS}
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(SOURCE.read_text())
    found: list[str] = await page.evaluate(RUN, only)
    return found


async def violations_in_both_looks(page: Page) -> list[str]:
    """The same of a page as it stands, light and then dark."""
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return found + [f"dark: {one}" for one in await violations(page, only_colours=True)]
