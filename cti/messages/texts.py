"""What of somebody else's text may be kept: no control characters, no lone surrogates, no turned lines."""

from __future__ import annotations

import re
import unicodedata

_LOST = "\ufffd"
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")  # a name that reads from right to left lies
_SPACES = re.compile(r"\s+")
_PATH = re.compile(r"[\\/]+")
_BAD_IN_NAME = re.compile(r'[<>:"|?*]')
NAME_BYTES = 200  # a file's name; folders of most systems take 255


def many_lines(text: str, most: int) -> str:
    """A text of several lines, which end in \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SURROGATES.sub(_LOST, text))[:most]


def one_line(text: str, most: int) -> str:
    """A text of one line; directions are not turned in it."""
    text = _SPACES.sub(" ", _SURROGATES.sub(_LOST, text))
    return _TURNING.sub("", _CONTROLS.sub("", text)).strip()[:most].rstrip()


def turns(text: str) -> bool:
    """Whether a text says that it reads from right to left."""
    return _TURNING.search(text) is not None


def file_name(text: str, *, otherwise: str = "file") -> str:
    """A name that any system can save a file under: without a path, however the sender wrote one."""
    name = _BAD_IN_NAME.sub("_", _PATH.split(one_line(unicodedata.normalize("NFC", text), 1000))[-1]).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 12:
        stem, ending = name, ""
    while len(f"{stem}.{ending}".encode()) > NAME_BYTES:
        stem = stem[:-1]
    return (f"{stem.rstrip()}.{ending}" if ending and stem else stem or ending) or otherwise
