"""What a User-Agent header says of a browser, as people call it; never used to decide anything."""

from __future__ import annotations

_BROWSERS = (  # the order matters: Chrome's name is in nearly all of them
    ("Firefox/", "Firefox"),
    ("Edg/", "Edge"),
    ("YaBrowser/", "Yandex Browser"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(header: str) -> str:
    """`Firefox 130, Windows`; the first word of what a program says of itself; "" for nothing."""
    name = next((f"{told} {_major(header, mark)}".strip() for mark, told in _BROWSERS if mark in header), "")
    system = next((told for mark, told in _SYSTEMS if mark in header), "")
    if not name:
        return header.split("/")[0].split(" ")[0][:40]
    return f"{name}, {system}" if system else name


def _major(header: str, mark: str) -> str:
    number = header.partition(mark)[2].split(".")[0]
    return number if number.isdigit() and len(number) < 5 else ""
