"""A paper as one HTML file that any browser shows and prints, without this program and without a network.

Every value that comes here is escaped here, and nowhere before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#1a1a1a}"
    "h1{font-size:1.6em}h2{font-size:1.2em;margin:1.8em 0 .5em;border-bottom:1px solid #999}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.25em .5em;text-align:left;"
    "vertical-align:top;overflow-wrap:break-word;white-space:pre-line}th{background:#eee}"
    "nav li{display:inline-block;margin-right:1.2em}.sign td{height:3em}"
    "@media print{body{margin:0;max-width:none;font-size:11px}nav{display:none}tr{break-inside:avoid}}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A value with a way to a file beside the paper."""

    text: str
    href: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a paper: a table, with a word where it has no rows. id: of its heading."""

    id: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    count: int | None = None


def html(title: str, language: str, said: Sequence[str], sections: Iterable[Section]) -> Iterator[str]:
    """The paper, piece by piece. said: what stands below its title."""
    parts = list(sections)
    yield f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>\n"
    yield "".join(f"<p>{escape(one)}</p>\n" for one in said)
    if len(parts) > 2:
        links = (f'<li><a href="#{escape(one.id)}">{escape(_heading(one))}</a></li>' for one in parts)
        yield f"<nav><ul>{''.join(links)}</ul></nav>\n"
    for one in parts:
        yield f'<h2 id="{escape(one.id)}">{escape(_heading(one))}</h2>\n<table>'
        if one.heads:
            yield f"<thead><tr>{''.join(f'<th scope=col>{escape(head)}</th>' for head in one.heads)}</tr></thead>"
        yield "<tbody>\n"
        for row in one.rows:
            yield f"<tr>{''.join(map(_cell, row))}</tr>\n"
        yield "</tbody></table>\n"
    yield "</body></html>\n"


def _heading(one: Section) -> str:
    return one.title if one.count is None else f"{one.title} ({one.count})"


def _cell(value: str | Cell) -> str:
    if isinstance(value, Cell):
        return f'<td><a href="{escape(value.href)}">{escape(value.text)}</a></td>'
    return f"<td>{escape(value)}</td>"
