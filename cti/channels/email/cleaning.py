"""HTML of letters made fit to be shown: a frame without scripts shows it, and nothing in it asks anybody for anything.

Styles of a letter's <style> are put into its elements first, so that what is left needs none. A picture of the letter
(`cid:`) comes from our own address; one from outside does only where a person asked for it, by way of our own too; all
others have no address. A link leads to a page of ours, and says where it leads in the end.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

import css_inline
import nh3

TAGS = set(
    [
        "a",
        "abbr",
        "address",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
UNSEEN_TAGS = set(
    [
        "script",
        "style",
        "title",
        "svg",
        "math",
        "template",
        "noscript",
        "textarea",
        "select",
        "iframe",
        "object",
        "embed",
    ]
)
_EVERYWHERE = {"align", "valign", "dir", "lang", "title", "bgcolor", "width", "height", "style"}
ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "img": {"src", "alt", "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "del": {"datetime"},
    "ins": {"datetime"},
}  # fmt: skip
_SIDES = ("", "-top", "-right", "-bottom", "-left")
STYLES = {
    *(f"{what}{side}" for what in ("margin", "padding", "border") for side in _SIDES),
    *(f"border{side}-{what}" for side in _SIDES for what in ("color", "style", "width")),
    *("background", "background-color", "border-collapse", "border-radius", "border-spacing", "caption-side", "clear"),
    *("color", "direction", "display", "empty-cells", "float", "font", "font-family", "font-size", "font-style"),
    *("font-variant", "font-weight", "height", "letter-spacing", "line-height", "list-style", "list-style-position"),
    *("list-style-type", "max-height", "max-width", "min-height", "min-width", "overflow-wrap", "table-layout"),
    *("text-align", "text-decoration", "text-indent", "text-transform", "unicode-bidi", "vertical-align"),
    *("white-space", "width", "word-break", "word-spacing", "word-wrap"),
}
SCHEMES = {"http", "https", "mailto", "tel", "cid"}  # before they are looked at: cid: ends as an address of ours
# What in a style would ask for something or run it; a backslash may spell any of it.
_ASKS = re.compile(
    r"url|image|expression|element\(|src\(|import|behavior|binding|javascript|attr\(|var\(|\\|@|<|/\*", re.IGNORECASE
)
_HAS_STYLE = re.compile(r"<style\b", re.IGNORECASE)
LINK_CHARS = 2000
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False)


def cleaned(html: str, *, address: str, leads: Callable[[str], str | None], pictures: bool) -> str:
    """HTML that may be shown in the frame of a letter. address: of the letter's own pictures.

    leads: the address behind a link, None for none. pictures: those from outside, by way of our own address.
    """

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return _style(value)
        if name == "src":
            return _picture(value, address, pictures)
        if name == "href":
            return leads(value)
        return None if name == "title" and tag == "a" else value

    body = nh3.clean(
        _inlined(html),
        tags=TAGS,
        clean_content_tags=UNSEEN_TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        strip_comments=True,
        link_rel="noopener noreferrer",
        url_schemes=SCHEMES,
        url_relative=lambda one: one if one.startswith(f"{address}/") else None,
        filter_style_properties=STYLES,
    )
    return re.sub(rf'href="{re.escape(address)}/link\?to=([^"&]*)"', _titled, body)


def _titled(href: re.Match[str]) -> str:
    return f'{href[0]} title="{entities.escape(unquote(href[1]))}"'


def link(target: str, address: str) -> str | None:
    """Our own page before a link that a letter has; None for what is no link to follow."""
    target = target.strip()
    if len(target) > LINK_CHARS or not target.lower().startswith(("http://", "https://", "mailto:", "tel:")):
        return None
    return f"{address}/link?to={quote(target, safe='')}"


def _inlined(html: str) -> str:
    """HTML whose elements have the styles that its <style> gives them."""
    if _HAS_STYLE.search(html) is None:
        return html
    try:
        return _INLINER.inline(html)
    except (ValueError, css_inline.InlineError):
        return html


def _style(value: str) -> str | None:
    kept = [one.strip() for one in value.split(";") if one.strip() and _ASKS.search(one) is None]
    return "; ".join(kept) or None


def _picture(value: str, address: str, pictures: bool) -> str | None:
    """Where a picture comes from; None: nowhere."""
    value = value.strip()
    if value[:4].lower() == "cid:":
        return f"{address}/inline?cid={quote(value[4:].strip('<> '), safe='')}"
    if pictures and remote(value):
        return f"{address}/picture?url={quote(value, safe='')}"
    return None


def remote(address: str) -> bool:
    """Whether an address of a picture is one on the web."""
    try:
        parts = urlsplit(address)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and len(address) <= LINK_CHARS
    except ValueError:
        return False
