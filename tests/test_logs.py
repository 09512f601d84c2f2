"""The log: one event is one line; nothing of a caller's is a control character, a secret or a whole number in it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cti.logs import redact, safe_text

NAMES = [
    "Anna\r\n2026-01-01 forged line",
    "\x1b[31mred\x1b[0m",
    "\x00\x07\x9b2J",
    "‮текст справа налево",
    "one\u2028two\u2029three",
]


@pytest.mark.parametrize("name", NAMES)
def test_SEC_07_one_event_is_one_line_without_control_characters(name: str) -> None:
    program = (
        "import sys; from cti.logs import set_up; from cti.settings import LogSettings; import structlog;"
        "set_up(LogSettings(json_lines=True)); name = sys.argv[1];"
        "structlog.get_logger().warning('call', name=name, call=name)"
    )
    argument = name.replace("\x00", "")
    done = subprocess.run([sys.executable, "-c", program, argument], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029\u202e" for c in lines[0])
    assert json.loads(lines[0])["event"] == "call"


def test_SEC_32_secrets_and_numbers_are_masked_whatever_the_field() -> None:
    event = redact(None, "info", {"secret": "x", "csrf_token": "y", "reason": "dial +79355550101 failed", "count": 5})
    assert event == {"secret": "***", "csrf_token": "***", "reason": "dial …0101 failed", "count": 5}
    assert safe_text("call 1763890000.123 at 10") == "call 1763890000.123 at 10"


def test_that_there_are_no_descriptors_left_is_said_once_in_a_while() -> None:
    program = (
        "import asyncio, logging; from cti.logs import set_up; from cti.settings import LogSettings;"
        "set_up(LogSettings(json_lines=True)); loop = asyncio.new_event_loop(); error = OSError(24, 'Too many');"
        "said = {'message': 'socket.accept() out of system resource', 'exception': error};"
        "[loop.call_exception_handler(said) for _ in range(1000)]; logging.getLogger('asyncio').error('another')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert "raise LimitNOFILE" in first
    assert second == "another"


def test_a_pdf_that_is_made_says_nothing_of_its_fonts() -> None:
    program = (
        "import logging, fontTools.subset; from cti.logs import set_up; from cti.settings import LogSettings;"
        "set_up(LogSettings()); logging.getLogger('fontTools.subset').info('glyf pruned')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
