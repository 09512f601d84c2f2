"""Raw manager text to header objects, for tests."""

from __future__ import annotations


def messages(wire: bytes) -> list[dict[str, str]]:
    """Every complete message, the greeting aside."""
    found = []
    for block in wire.decode("utf-8", errors="replace").split("\r\n\r\n"):
        pairs = (line.partition(": ") for line in block.split("\r\n"))
        headers = {key: value for key, mark, value in pairs if mark}
        if headers:
            found.append(headers)
    return found
