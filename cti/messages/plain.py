"""A letter's text where it has only HTML, and the line of it that a list shows."""

from __future__ import annotations

import html as entities
import re

from cti.messages.quotes import pieces

SNIPPET_OF = 8_000  # signs of a text that its line is sought in
_LINE_ENDS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/table|/blockquote|hr)\b[^<>]{0,500}>", re.IGNORECASE)
_CELL_ENDS = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<!--|<(script|style|title|svg|template|noscript|textarea|select)\b", re.IGNORECASE)
_TAG = re.compile(r"<[/!?a-z][^<>]{0,20000}>?", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\u00a0]+")
_NO_WIDTH = re.compile("[\u200b-\u200d\u2060\u034f\u00ad\ufeff]")
_GAPS = re.compile(r"\n\s*\n\s*")
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)


def text_of_html(html: str) -> str:
    """The words of HTML, for reading and for finding; never for showing as HTML."""
    html = _LINE_ENDS.sub("\n", _CELL_ENDS.sub("\t", re.sub(r"\s+", " ", _seen(html))))
    text = _NO_WIDTH.sub("", entities.unescape(_TAG.sub("", html)))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


def _seen(html: str) -> str:
    """HTML without what nobody reads in it. Goes over it once, however it is nested."""
    out, at = [], 0
    while opening := _UNSEEN.search(html, at):
        out.append(html[at : opening.start()])
        end = re.compile(rf"</{opening[1]}\s*>" if opening[1] else "-->", re.IGNORECASE)
        closing = end.search(html, opening.end())
        at = closing.end() if closing else len(html)
    return "".join([*out, html[at:]])


def snippet(text: str, most: int) -> str:
    """The beginning of a letter in one line, without what it quotes."""
    said = "\n".join(one.text for one in pieces(text[:SNIPPET_OF]) if not one.quoted)
    own = _QUOTED.sub("", said)
    return re.sub(r"\s+", " ", _SPACES.sub(" ", own)).strip()[:most].rstrip()
