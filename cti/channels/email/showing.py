"""A letter as its frame shows it: cleaned or made of words, links leading to our own page, quotations folded.

A frame without scripts may open no window, so a link leads to a page of ours first, in the same frame, which says where
it leads and opens it (`{address}/link?to=`).
"""

from __future__ import annotations

import html as entities
import re

from cti.channels.email.cleaning import cleaned, link
from cti.clients.masking import mask
from cti.messages.letter_html import calls_somebody, folded, numbers_hidden, quotes_folded
from cti.messages.quotes import pieces

_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"'«»]{1,2000}|\bwww\.[^\s<>\"'«»]{2,2000})"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})",
    re.IGNORECASE,
)
_AFTER = ".,;:!?)]}»…"


def shown(text: str, html: str, *, address: str, pictures: bool, hides: bool, fold: str) -> str:
    """What the frame of a letter shows. address: of the letter's own pictures and links; fold: a folded quotation.

    pictures: those from outside too, by way of our own address. hides: whether numbers are hidden from who reads.
    """
    if not html.strip():
        return _of_words(mask(text) if hides else text, address, fold)

    def leads(target: str) -> str | None:
        return None if hides and calls_somebody(target) else link(target, address)

    body = quotes_folded(cleaned(html, address=address, leads=leads, pictures=pictures), fold)
    return numbers_hidden(body) if hides else body


def _of_words(text: str, address: str, fold: str) -> str:
    out = []
    for piece in pieces(text):
        body = f'<div class="words">{_linked(piece.text.strip(chr(10)), address)}</div>'
        out.append(folded(body, fold) if piece.quoted else body)
    return "".join(out)


def _linked(text: str, address: str) -> str:
    out, at = [], 0
    for found in _FOUND.finditer(text):
        seen = found[0].rstrip(_AFTER) if found["url"] else found[0]
        target = f"mailto:{seen}" if found["mail"] else seen if "://" in seen else f"http://{seen}"
        href = link(target, address)
        if href is not None:
            words = f'<a href="{href}" title="{entities.escape(target)}">{entities.escape(seen)}</a>'
            out += [entities.escape(text[at : found.start()]), words]
            at = found.start() + len(seen)
    return "".join([*out, entities.escape(text[at:])])
