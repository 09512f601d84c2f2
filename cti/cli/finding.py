"""One line of `cti check`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """ok, or what to do."""

    what: str
    ok: bool = True
    text: str = ""
    warning: bool = False
