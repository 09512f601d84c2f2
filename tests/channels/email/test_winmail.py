"""winmail.dat: what Outlook packed is taken out of it; what cannot be opened stays as it came."""

from __future__ import annotations

import base64
import struct

import pytest

from tests.channels.email.post import HEAD, Kept, letter, parts

MESSAGE, FILE = 1, 2  # levels
BYTES, STRING, LONG = 6, 1, 8  # types


def attribute(level: int, kind: int, name: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def winmail(*files: tuple[str, bytes], body: bytes = b"") -> bytes:
    made = struct.pack("<IH", 0x223E9F78, 1)
    made += attribute(MESSAGE, LONG, 0x9006, struct.pack("<I", 0x10000))
    made += attribute(MESSAGE, BYTES, 0x9007, struct.pack("<II", 1251, 0))
    if body:
        made += attribute(MESSAGE, 2, 0x800C, body)
    for name, content in files:
        made += attribute(FILE, BYTES, 0x9002, bytes(14))
        made += attribute(FILE, STRING, 0x8010, name.encode("cp1251") + b"\0")
        made += attribute(FILE, BYTES, 0x800F, content)
    return made


def sent(content: bytes, kind: str = "application/ms-tnef") -> bytes:
    encoded = base64.encodebytes(content).decode()
    file = f"Content-Type: {kind}; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n{encoded}"
    return parts("Content-Type: text/plain\n\nhi", file, head=HEAD)


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream"])
def test_files_in_a_winmail_are_files_of_the_letter(kind: str) -> None:
    kept = Kept()
    read = letter(sent(winmail(("Прайс.pdf", b"%PDF-1.7"), ("../a.svg", b"<svg onload=x>")), kind), kept)
    assert [(one.name, one.media_type) for one in read.files] == [
        ("Прайс.pdf", "application/pdf"),
        ("a.svg", "image/svg+xml"),
    ]
    assert kept[read.files[0].sha256] == b"%PDF-1.7"
    assert read.text == "hi"
    assert "winmail" not in read.oddities


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, winmail(("a.txt", b"x"))[:60], b"\x78\x9f\x3e\x22" + b"\xff" * 200]
)
def test_one_that_cannot_be_opened_stays_and_is_said(content: bytes) -> None:
    read = letter(sent(content))
    assert [one.name for one in read.files] == ["winmail.dat"]
    assert "winmail" in read.oddities
    assert read.text == "hi"
