"""What a file is, by what is in it; what a letter says of it is not believed."""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))  # pictures that a page may show
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"{\\rtf", "application/rtf"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS = {
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}  # fmt: skip
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_ZIP_KINDS = {
    "docx": f"{_OFFICE}wordprocessingml.document", "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation", "odt": f"{_OPEN}text", "ods": f"{_OPEN}spreadsheet",
}  # fmt: skip
_TEXT_KINDS = {"csv": "text/csv", "ics": "text/calendar", "vcf": "text/vcard", "eml": "message/rfc822"}
_MARKUP = re.compile(rb"<\s*(?:!doctype|!--|\?xml|[a-z][a-z0-9:]*[\s/>])", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
LOOKED_AT = 4096


def kind_of(content: bytes, name: str) -> str:
    """The media type of a file; its name tells apart only what its content leaves open."""
    ending = name.rpartition(".")[2].lower()
    for place, sign, kind in _MAGIC:
        if content[place : place + len(sign)] == sign:
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _ZIP_KINDS.get(ending, "application/zip")
    if content.startswith(_OLE):
        return _OLE_KINDS.get(ending, UNKNOWN)
    return _of_text(content[:LOOKED_AT], ending)


def _of_text(begin: bytes, ending: str) -> str:
    """Of what may be text: markup that a browser could run is kept apart from it."""
    if not begin or _BINARY.search(begin):
        return UNKNOWN
    if _MARKUP.search(begin) and ending != "eml":
        return "image/svg+xml" if b"<svg" in begin.lower() else "text/html"
    return _TEXT_KINDS.get(ending, "text/plain")
