"""One line of `cti check`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """ok, or what to do. snippet: what to paste into `file`; code: which check of the doctor's."""

    what: str
    ok: bool = True
    text: str = ""
    warning: bool = False
    code: str = ""
    snippet: str = ""
    file: str = ""
