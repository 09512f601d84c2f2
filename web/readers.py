"""Whom a request's answer is told: his language, and how he may see numbers."""

from __future__ import annotations

from aiohttp import web

from web.i18n import language_of
from web.services import sight_of
from web.wire import Reader


def reader_of(request: web.Request) -> Reader:
    """Whoever asks."""
    return Reader(language_of(request), sight_of(request))
