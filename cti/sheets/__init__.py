"""Tables in files: what a person brings from a spreadsheet or a telephone, and what he takes away to one.

`read` tells xlsx, csv and vCard apart by their content, `write` makes them, `worker` reads in a process of its own.
Everything read is text, as a person would type it: what a column means is for the caller to say.
"""

from __future__ import annotations

from cti.errors import CtiError


class SheetError(CtiError):
    """The file cannot be read or written; the message says what to do. row: the 1-based line of data, if it is one."""

    def __init__(self, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row
