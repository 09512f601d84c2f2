"""Cleaned HTML of a letter: quotations folded, numbers hidden from who may not see them, how it is to be shown.

What comes here has every tag closed and attributes in double quotes (`channels/email/cleaning.py`).
"""

from __future__ import annotations

import html as entities
import math
import re
from collections.abc import Iterator

from cti.clients.masking import mask
from cti.messages.quotes import heads, pieces

ROWS_MOST = 28
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*/?>')
_VOID = frozenset(("br", "hr", "img", "col", "wbr"))
_LEAD = r"(?:<(?:div|p|b|strong|span|font|hr|table|tbody|tr|td|br)\b[^<>]{0,500}>\s*){0,8}"
_HEAD = re.compile(_LEAD + r"(?:From|От|От кого)\s*:", re.IGNORECASE)
_BEFORE = re.compile(r"<(div|p)\b[^<>]*>(?:(?!</?(?:div|p)\b).){0,900}</\1>(?:\s|<br>){0,9}$", re.DOTALL)
_BESIDE = re.compile(r"\b(?:sent|date|to|subject|отправлено|дата|кому|тема)\s*:", re.IGNORECASE)
_MESSENGER = re.compile(r"^tel:|wa\.me/|whatsapp|viber|^tg:|t\.me/\+", re.IGNORECASE)
_COLOURED = re.compile(r"(?:background|color|bgcolor)\b", re.IGNORECASE)
_REMOTE = re.compile(r"<img\b[^<>]{0,4000}?\bsrc\s*=\s*[\"']?\s*https?:", re.IGNORECASE)
_WORDS_TITLES = re.compile(r'((?:title|alt|summary)=")([^"]*)(")')


def folded(body: str, fold: str) -> str:
    """A quotation behind a line that opens it. fold: what the line says."""
    return f"<details><summary>{entities.escape(fold)}</summary>{body}</details>"


def quotes_folded(html: str, fold: str) -> str:
    """HTML whose quotations are folded, where something beside them is the writer's own."""
    spans = list(_quotations(html))
    own, at = [], 0
    for begin, end in spans:
        own.append(html[at:begin])
        at = end
    own.append(html[at:])
    if not spans or not _words("".join(own)):
        return html
    out, at = [], 0
    for begin, end in spans:
        out += [html[at:begin], folded(html[begin:end], fold)]
        at = end
    return "".join([*out, html[at:]])


def _quotations(html: str) -> Iterator[tuple[int, int]]:
    """Where quotations begin and end: Outlook's from its head to the end of what that stands in, and blockquotes."""
    outlook = _outlooks(html)
    depth, begin = 0, 0
    for tag in _TAG.finditer(html, 0, outlook[0] if outlook else len(html)):
        if tag[2] == "blockquote":
            if not tag[1] and depth == 0:
                begin = _with_head(html, tag.start())
            depth += -1 if tag[1] else 1
            if tag[1] and depth == 0:
                yield begin, tag.end()
    if outlook:
        yield outlook


def _with_head(html: str, begin: int) -> int:
    """Where a quotation begins: with the element before it, where that is the line that stands over it."""
    before = _BEFORE.search(html[max(0, begin - 1000) : begin])
    if before is None or not heads(" ".join(_words(before[0]).split())):
        return begin
    return begin - len(before[0])


def _outlooks(html: str) -> tuple[int, int] | None:
    for head in _HEAD.finditer(html):
        after = _TAG.sub(" ", html[head.end() : head.end() + 4000])[:800]
        if len({one.lower() for one in _BESIDE.findall(after)}) >= 2:
            return head.start(), _end_around(html, head.start())
    return None


def _end_around(html: str, at: int) -> int:
    """The end of what is inside the element around a place."""
    depth = 0
    for tag in _TAG.finditer(html, at):
        if tag[2] not in _VOID:
            depth += -1 if tag[1] else 1
        if depth < 0:
            return tag.start()
    return len(html)


def _words(html: str) -> str:
    return entities.unescape(_TAG.sub("", html)).replace("\u00a0", " ").strip()


def numbers_hidden(html: str) -> str:
    """HTML without the numbers of clients: in its words, however they are cut by tags, in titles, and in links."""
    html = _WORDS_TITLES.sub(lambda one: f"{one[1]}{mask(one[2])}{one[3]}", html.replace("&nbsp;", "\u00a0"))
    cuts, at = [], 0
    for tag in _TAG.finditer(html):
        cuts += [(at, tag.start(), False), (tag.start(), tag.end(), True)]
        at = tag.end()
    cuts.append((at, len(html), False))
    hidden = mask("".join(html[begin:end] for begin, end, is_tag in cuts if not is_tag))  # as long as it was
    out, at = [], 0
    for begin, end, is_tag in cuts:
        if is_tag:
            out.append(html[begin:end])
        else:
            out.append(hidden[at : at + end - begin])
            at += end - begin
    return "".join(out)


def calls_somebody(target: str) -> bool:
    """Whether a link is somebody's number."""
    return _MESSENGER.search(target) is not None


def is_coloured(html: str) -> bool:
    """Whether a letter has colours of its own, which suit a light ground."""
    return _COLOURED.search(html) is not None


def asks_outside(html: str) -> bool:
    """Whether pictures from outside would be shown, as the letter came."""
    return _REMOTE.search(html) is not None


def rows(text: str, html: str) -> int:
    """How many lines high its frame is, in fours. Guessed: a frame without scripts cannot say how much it holds."""
    own = "\n".join(one.text for one in pieces(text[:6000]) if not one.quoted).strip()
    lines = 3 + sum(1 + len(line) // 100 for line in own.split("\n"))
    if html:
        lines += 6 * len(re.findall(r"<(?:img|table)\b", html[:100_000], re.IGNORECASE))
    return min(4 * math.ceil(lines / 4), ROWS_MOST)
