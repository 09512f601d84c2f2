"""DP-17: nobody real stands in code, tests, docs and recordings: numbers not in service, mail of reserved domains.

Allowed are: the code 935, which no operator has; city numbers that begin with 0, which none does (495 000, 812 000);
digits in a row, where a test is about the code before them; what regulators keep for films (555-01xx in America,
20 7946 0xxx in London); and the examples of the numbering library for networks that have no country.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOKED_AT = ("cti", "web", "lab", "dialplan", "config", "docs", "tests")
SKIPPED = (Path(__file__).name, "vendor", "__pycache__", "node_modules", ".png", ".woff2", ".svg", ".pyc", ".so")

BETWEEN = r"[\s\-.()\u00a0\u2010-\u2015]{0,3}"
RUSSIAN = re.compile(rf"(?<![\w.\-/:,])\+?\(?[78]{BETWEEN}({BETWEEN.join([r'[0-9]'] * 10)})(?!\w)")
FOREIGN = re.compile(r"(?<![\w.])\+(?!7)([1-9][0-9 \-()]{7,18}[0-9])(?!\w)")
MAIL = re.compile(r"[\w.+\-]+@((?:[\w\-]+\.)+[a-zа-я][\w\-]*)", re.IGNORECASE)

IN_A_ROW = ("1234567", "2345678", "123456")
RUSSIAN_FREE = re.compile(r"935|000|[348][0-9]{2}0|10")  # 8 10: a foreign number follows
FOREIGN_FREE = re.compile(r"1[0-9]{3}55501[0-9]{2}|44[0-9]?207946[0-9]{4}|870773111632|8835100012345|5350001234")
NO_NUMBERS = ("77070838931",)  # a tax number of one digit too many
RESERVED = (".example", ".test", ".invalid", ".localhost")
RESERVED_NAMES = ("example.com", "example.org", "example.net")


def texts() -> Iterator[tuple[str, str]]:
    """Every file of ours that is text, by its path."""
    paths = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for folder in LOOKED_AT:
        paths += (path for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in paths:
        name = str(path.relative_to(ROOT))
        if not any(part in name for part in SKIPPED):
            yield name, path.read_text(encoding="utf-8", errors="replace")


def is_free_russian(digits: str) -> bool:
    return bool(RUSSIAN_FREE.match(digits)) or digits.endswith(IN_A_ROW) or f"7{digits}" in NO_NUMBERS


def is_free_foreign(digits: str) -> bool:
    return bool(FOREIGN_FREE.fullmatch(digits)) or digits.endswith(IN_A_ROW)


def test_DP_17_no_number_in_service_stands_anywhere() -> None:
    met = set()
    for name, text in texts():
        met |= {f"{name}: 7{d}" for one in RUSSIAN.findall(text) if not is_free_russian(d := re.sub(r"\D", "", one))}
        met |= {f"{name}: +{d}" for one in FOREIGN.findall(text) if not is_free_foreign(d := re.sub(r"\D", "", one))}
    assert not met, "take one of 7 935 or 7 495 000"


def test_DP_17_mail_goes_to_reserved_domains_only() -> None:
    met = {
        f"{name}: {domain}"
        for name, text in texts()
        for domain in map(str.lower, MAIL.findall(text))
        if not domain.endswith(RESERVED) and domain not in RESERVED_NAMES
    }
    assert not met, "take one that ends in .example"


def test_what_is_looked_for_is_found() -> None:
    for text in ("+7 916 555-35-35", "8(495)7770011", "89165553535", "тел. 8 800 555 35 35"):
        assert [one for one in RUSSIAN.findall(text) if not is_free_russian(re.sub(r"\D", "", one))], text
    assert not is_free_foreign("4915199988877")
    assert MAIL.findall("ivanov@mail.ru") == ["mail.ru"]
