"""winmail.dat: what Outlook packs a letter into for those it takes for its like."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass

from tnefparse import TNEF
from tnefparse.tnef import TNEFAttachment

logging.getLogger("tnef-decode").setLevel(logging.CRITICAL)  # it would write what is in a letter
FILES_MOST = 100


@dataclass(frozen=True, kw_only=True)
class Winmail:
    """What was in it: files by name, and the letter's text where it has one."""

    files: list[tuple[str, bytes]]
    text: bytes
    html: bytes


def opened(content: bytes) -> Winmail | None:
    """What is in a winmail.dat; None where nothing can be taken out of it."""
    try:
        inside = TNEF(content, do_checksum=False)
        some = [one for one in inside.attachments[:FILES_MOST] if one.data]
        files = [(_name(one, inside.codepage), bytes(one.data)) for one in some]
        text, html = _bytes(inside.body), _bytes(inside.htmlbody)
        return Winmail(files=files, text=text, html=html) if files or text or html else None
    except (ValueError, TypeError, LookupError, AttributeError, struct.error, NameError, OverflowError):
        return None


def _name(file: TNEFAttachment, codepage: str | None) -> str:
    """Its long name, else its title: that is in the letter's code page, and the library takes it for UTF-8."""
    try:
        return _text(file.long_filename())
    except UnicodeDecodeError:
        title: bytes = vars(file)["_name"]
        return title.rstrip(b"\0").decode(codepage or "cp1252", "replace")


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text or "").encode("utf-8", "replace")
