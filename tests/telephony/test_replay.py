"""`cti replay` as people and tools use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cti.cli.replay import command, parse
from tests.telephony.streams import load, own

QUEUE = own()["queue"]


def raw(stream: list[dict[str, str]]) -> str:
    """The same stream as it came over the wire."""
    frames = ("".join(f"{key}: {value}\r\n" for key, value in headers.items()) + "\r\n" for headers in stream)
    return "Asterisk Call Manager/11.0.0\r\n" + "".join(frames)


def run(*args: str, stdin: str | bytes | None = None) -> tuple[int, list[dict[str, Any]], str]:
    result = CliRunner().invoke(command, list(args), input=stdin, obj=None)
    lines = [json.loads(line) for line in result.stdout.splitlines()] if result.exit_code == 0 else []
    return result.exit_code, lines, result.stderr


def test_summary_is_one_line_per_call_with_the_fields_that_tools_rely_on() -> None:
    status, lines, _ = run("--summary", str(QUEUE))
    assert (status, len(lines)) == (0, 1)
    (line,) = lines
    assert list(line)[:13] == [
        "call", "direction", "caller", "called", "queue", "started", "answered", "ended", "outcome", "reason", "talked",
        "transfers", "legs",
    ]  # fmt: skip
    assert line["caller"] == {"number": "79355550101", "name": "Пётр", "device": None}
    assert list(line["legs"][0])[:6] == ["leg", "device", "rang", "answered", "ended", "result"]
    assert len(line["talked"]) == 1


def test_events_come_one_by_one_with_their_names() -> None:
    _, lines, _ = run(str(QUEUE))
    assert [line["event"] for line in lines] == [
        "Originated", "Queued", "Delivered", "Delivered", "Dequeued", "ConnectionCleared", "Established",
        "ConnectionCleared", "ConnectionCleared", "CallCleared",
    ]  # fmt: skip
    assert {line["call"] for line in lines} == {lines[0]["call"]}
    assert lines[2]["device"] == "PJSIP/101"


def test_three_formats_and_standard_input_tell_the_same(tmp_path: Path) -> None:
    stream = load(QUEUE)
    lines = "\n".join(json.dumps(headers, ensure_ascii=False) for headers in stream)
    wanted = run("--summary", str(QUEUE))
    for text in (lines, raw(stream), raw(stream).replace("\r\n", "\n")):
        file = tmp_path / "stream"
        file.write_text(text, encoding="utf-8", newline="")
        assert run("--summary", str(file)) == wanted
        assert run("--summary", "-", stdin=text.encode()) == wanted


def test_several_files_are_several_streams() -> None:
    _, lines, _ = run("--summary", str(QUEUE), str(QUEUE), str(own()["busy"]))
    assert [line["outcome"] for line in lines] == ["answered", "answered", "busy"]


@pytest.mark.parametrize("text", ["", "\n", "[]", "Asterisk Call Manager/11.0.0\r\n\r\n"])
def test_an_empty_stream_has_no_calls(text: str) -> None:
    assert run("-", stdin=text)[:2] == (0, [])


@pytest.mark.parametrize("text", ['{"Event": "x"', "[1, 2", "<html>", '{"a": 1}\nrubbish\n{}'])
def test_what_is_no_recording_is_one_clear_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "stream"
    file.write_text(text)
    status, _, error = run(str(file))
    if text.startswith('{"Event"'):  # cut off in the middle: what came before counts
        assert status == 0
    else:
        assert status != 0
        assert error.count("\n") == 1
        assert "not a recording" in error


def test_a_missing_file_is_one_clear_line() -> None:
    status, _, error = run("/nowhere/at/all.json")
    assert status != 0
    assert error == "Error: /nowhere/at/all.json: No such file or directory\n"


def test_a_stream_that_stops_in_the_middle_of_a_header_keeps_what_came_before() -> None:
    text = raw(load(QUEUE))
    for end in range(len(text) - 400, len(text), 7):
        list(parse(text[:end]))
    _, lines, _ = run("--summary", "-", stdin=text[: len(text) // 2])
    assert [line["outcome"] for line in lines] == ["unfinished"]


def test_settings_name_the_devices(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[pbx.main]\nhost = "127.0.0.1"\ndevices = ["PJSIP/102"]\n')
    _, lines, _ = run("--summary", "--settings", str(file), str(QUEUE))
    assert [leg["device"] for leg in lines[0]["legs"]] == [None, None, "PJSIP/102"]
    assert run("--settings", str(file), "--pbx", "other", str(QUEUE))[2] == f"Error: {file} names no PBX 'other'\n"
    file.write_text("pbx = ]")
    assert run("--settings", str(file), str(QUEUE))[0] != 0
