"""Files that people bring and take: spreadsheets, csv, vCards. What a spreadsheet could run is made harmless here."""

from __future__ import annotations

from cti.errors import CtiError


class SheetError(CtiError):
    """The file cannot be read; the message says why and what to do."""
