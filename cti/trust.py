"""Whom the server believes when it connects to others by TLS: the system's authorities, and one of the house's own."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path


@cache
def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are always checked. Raises OSError where ca_file holds no authority.

    One for all who believe the same: reading the system's hundred and fifty certificates takes longer than a sign-in.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
