"""Accessibility of a page as axe-core sees it: the rules of WCAG 2.2 A and AA."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

SOURCE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (tags) => (await axe.run(document, {runOnly: {type: "tag", values: tags}})).violations
.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.html.slice(0, 200)}`))"""


async def violations(page: Page) -> list[str]:
    """What breaks a rule, each as `rule: where: markup`; [] for an accessible page."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(SOURCE.read_text())
    found: list[str] = await page.evaluate(RUN, RULES)
    return found
