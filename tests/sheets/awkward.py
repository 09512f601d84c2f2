"""Cells that get lost or come alive on the way through a file."""

from __future__ import annotations

from cti.sheets.read import Sheet

PAYLOADS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1")
PHONES = ("+79355550101", "8 (935) 555-01-01", "79355550101", "8-800-123-45-67", "007")
TEXTS = (
    'ООО "Ромашка"; филиал, №1 | юг',
    "две\nстроки",
    "три\r\nстроки\tтут",
    "Ёжиков Пётр",
    "🙂 ё 中",
    "'=1",
    "'",
    " край ",
    "1,50",
    "-5",
    "2026-11-23",
    "_x0041_",
    '"',
    "",
)
CELLS = (*PAYLOADS, *PHONES, *TEXTS)


def cells(sheet: Sheet) -> list[tuple[str, ...]]:
    """All rows of a sheet."""
    return list(sheet.rows)
