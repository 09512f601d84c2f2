"""HTML of letters made fit to be shown: a frame without scripts shows it, and nothing in it asks anybody for anything.

Styles of a letter's <style> are put into its elements first, so that what is left needs none. A picture of the letter
(`cid:`) comes from our own address; one from outside does only where a person asked for it, by way of our own too; all
others have no address. A link says where it leads.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

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
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
# What in a style would ask for something or run it; a backslash may spell any of it.
_ASKS = re.compile(
    r"url|image|expression|element\(|src\(|import|behavior|binding|javascript|attr\(|var\(|\\|@|<|/\*", re.IGNORECASE
)
_HAS_STYLE = re.compile(r"<style\b", re.IGNORECASE)
_URL_CHARS = 2000
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False)


def cleaned(html: str, *, letter_id: int, pictures: bool) -> str:
    """HTML that may be shown in the frame of a letter. pictures: those from outside by way of our own address."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return _style(value)
        if name == "src":
            return _picture(value, letter_id, pictures)
        if name == "href":
            return _link(value)
        return value

    return nh3.clean(
        _inlined(html),
        tags=TAGS,
        clean_content_tags=UNSEEN_TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        strip_comments=True,
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=SCHEMES,
        url_relative=_own,
        filter_style_properties=STYLES,
    )


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


def _picture(value: str, letter_id: int, pictures: bool) -> str | None:
    """Where a picture comes from; None: nowhere."""
    value = value.strip()
    if value[:4].lower() == "cid:":
        return f"/mail/letters/{letter_id}/inline?cid={quote(value[4:].strip('<> '), safe='')}"
    if pictures and remote(value):
        return f"/mail/letters/{letter_id}/picture?url={quote(value, safe='')}"
    return None


def remote(address: str) -> bool:
    """Whether an address of a picture is one on the web."""
    try:
        parts = urlsplit(address)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and len(address) <= _URL_CHARS
    except ValueError:
        return False


def _link(value: str) -> str | None:
    value = value.strip()
    return value if value.lower().startswith(("http://", "https://", "mailto:", "tel:")) else None


def _own(address: str) -> str | None:
    """A relative address: only those that we made."""
    return address if re.match(r"/mail/letters/\d+/(?:inline|picture)\?[a-z]+=[^/\\]*$", address) else None
