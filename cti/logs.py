"""How the server logs: one event is one line; no control character, secret or personal number gets through.

JSON lines when stderr is not a terminal. Telephone numbers are cut to their last four digits at INFO and above;
fields whose names say secret are replaced. The same processor serves every module, so nobody has to remember.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from cti.settings import LogSettings

_NUMBER = re.compile(r"\+?\d{7,}+(?!\.\d)")  # a point and digits after it: an id of the PBX
_SECRET = re.compile(r"secret|password|passwd|token|cookie|authorization|totp|csrf", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SELDOM_S = 60.0
NO_DESCRIPTORS = (
    "the server has no file descriptors left: who comes anew waits; raise LimitNOFILE, or see who opens so many"
    " connections"
)
_FREE = {"timestamp", "level", "exception", "call", "bytes", "port", "pid"}  # never a person's number

Event = MutableMapping[str, Any]


def safe_text(value: str) -> str:
    """One line without control characters, telephone numbers cut to their last four digits."""
    return _NUMBER.sub(lambda m: "…" + m.group()[-4:], _CONTROL.sub("�", value))


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Mask secrets and numbers in every field of a log event."""
    for key, value in event.items():
        if _SECRET.search(key):
            event[key] = "***"
        elif isinstance(value, str) and key not in _FREE:
            event[key] = safe_text(value)
        elif isinstance(value, str) and key != "exception":
            event[key] = _CONTROL.sub("�", value)
    return event


class _Seldom(logging.Filter):
    """asyncio says of every connection that it cannot take that it has no descriptors, a thousand a second: once in a
    while is enough, in words that help.
    """

    def __init__(self) -> None:
        super().__init__()
        self._again = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.getMessage().startswith("socket.accept() out of system resource"):
            return True
        now = time.monotonic()
        if now < self._again:
            return False
        self._again = now + SELDOM_S
        record.msg, record.args, record.exc_info = NO_DESCRIPTORS, (), None
        return True


class _Stderr:
    """Today's sys.stderr, whichever it is when a line is written."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up(settings: LogSettings) -> None:
    """Point structlog and the standard library's loggers to stderr; call once, at start."""
    json_lines = settings.json_lines if settings.json_lines is not None else not sys.stderr.isatty()
    level = getattr(logging, settings.level.upper())
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if json_lines else structlog.dev.ConsoleRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    known = logging.getLogger("asyncio")
    known.filters = [_Seldom()]
    for noisy in ("fontTools", "aiohttp.access", "panoramisk", "asyncio", "engineio", "socketio", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
