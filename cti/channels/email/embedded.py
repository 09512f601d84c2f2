"""Pictures that stand in the HTML of a letter itself (`data:`, RFC 2397) are files of the letter like any other.

Only what is a picture by its content, and of no more than a size and a number; the rest loses its address. A frame
shows them by their content ids, so that no policy has to allow `data:`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

from cti.channels.email.kinds import SHOWN, kind_of

PICTURE_BYTES, PICTURES_MOST = 5 << 20, 100
_KIND = r"data:image/[a-z0-9.+-]{1,20};base64,"
_DATA = re.compile(
    rf"(\bsrc\s*=\s*)(?:\"\s*{_KIND}([a-z0-9+/=\s]*+)\"|'\s*{_KIND}([a-z0-9+/=\s]*+)'|{_KIND}([a-z0-9+/=]*+))",
    re.IGNORECASE,
)


def apart(html: str, keep: Callable[[bytes, str], None]) -> str:
    """HTML whose pictures are named by content ids. keep: takes a picture and its content id, each once."""
    known: set[str] = set()

    def named(found: re.Match[str]) -> str:
        content = _content(found[2] or found[3] or found[4] or "")
        if content is None:
            return f'{found[1]}""'
        content_id = f"{hashlib.sha256(content).hexdigest()[:32]}@data.invalid"
        if content_id not in known:
            if len(known) >= PICTURES_MOST:
                return f'{found[1]}""'
            known.add(content_id)
            keep(content, content_id)
        return f'{found[1]}"cid:{content_id}"'

    return _DATA.sub(named, html)


def _content(said: str) -> bytes | None:
    """A picture; None for what is none, or too large."""
    written = "".join(said.split())
    if not written or len(written) > PICTURE_BYTES * 4 // 3 + 4:
        return None
    try:
        content = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except binascii.Error:
        return None
    return content if kind_of(content, "") in SHOWN else None
