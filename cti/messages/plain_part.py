"""The words of an HTML text, as a letter's plain part has them: links with where they lead, lists, quotes."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(("p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre"))
_SILENT = frozenset(("script", "style", "title", "template"))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.quotes = 0
        self.silent = 0
        self.lists: list[int | None] = []  # the number of the last item; None: bullets
        self.links: list[tuple[str, int, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "br":
            self.lines.append("")
        elif tag in ("ul", "ol"):
            self._begin()
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._begin()
            self._item()
        elif tag in _BLOCKS:
            self._begin()
            self.quotes += tag == "blockquote"
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.lines) - 1, len(self.lines[-1])))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(self.silent - 1, 0)
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self._begin()
        elif tag == "blockquote":
            self._begin()
            self.quotes = max(self.quotes - 1, 0)
        elif tag == "p":
            self._begin()
            self.lines.append("")
        elif tag in _BLOCKS:
            self._begin()
        elif tag == "a" and self.links:
            self._lead(*self.links.pop())

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        text = re.sub(r"\s+", " ", data)
        line = self.lines[-1]
        if not line and text.strip():
            self.lines[-1] = "> " * self.quotes + text.lstrip()
        elif line:
            self.lines[-1] = line + (text.lstrip() if line.endswith(" ") else text)

    def _begin(self) -> None:
        if self.lines[-1].strip():
            self.lines.append("")

    def _item(self) -> None:
        mark = "- "
        if self.lists and (number := self.lists[-1]) is not None:
            self.lists[-1] = number + 1
            mark = f"{number + 1}. "
        self.lines[-1] = "> " * self.quotes + mark

    def _lead(self, href: str, row: int, since: int) -> None:
        said = " ".join([self.lines[row][since:], *self.lines[row + 1 :]]).strip()
        target = href.removeprefix("mailto:").removeprefix("tel:")
        if target and target not in said and href.startswith(("http://", "https://", "mailto:")):
            self.lines[-1] += f" ({target})"


def plain_part(html: str) -> str:
    """The words of an HTML text, with at most one empty line between two."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    text = "\n".join(line.rstrip() for line in reader.lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
