"""`cti check` and `cti record` against the real PBX."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Server, until

pytestmark = pytest.mark.lab


async def test_SEC_30_check_tries_each_right_of_the_account(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("101")
    server = Server(folder, pbx.settings()).prepare()
    done = await asyncio.to_thread(server.cti, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("The account may place calls", "Events of calls reach the server", "Events arrive"):
        assert f"ok       pbx main {word}" in done.stdout, done.stdout
    assert "ok       pbx main Version of Asterisk: 22." in done.stdout
    away = [line for line in done.stdout.splitlines() if "ot registered:" in line]  # were there before, or never
    assert away
    assert not any("PJSIP/101," in line for line in away)
    assert "it than it needs: write=" not in done.stdout
    assert "opus" not in done.stdout
    pbx.console("module unload codec_opus_open_source.so")
    try:
        done = await asyncio.to_thread(server.cti, "check")
    finally:
        pbx.console("module load codec_opus_open_source.so")
    assert done.returncode == 1
    assert "PJSIP/103-web, PJSIP/110, PJSIP/110-web may speak opus, and the PBX has no codec_opus" in done.stdout, (
        done.stdout
    )
    assert "paste into pjsip.conf (module reload res_pjsip.so):" in done.stdout


async def test_a_recording_replays_to_the_call_that_was(pbx: Pbx, street: Street, folder: Path) -> None:
    phone = await street.phone("103", ring_ms=100)
    server = Server(folder, pbx.settings())
    file = folder / "calls.jsonl"
    before = pbx.console("manager show connected").count("trubka")
    recorder = server.begun("record", "--anonymise", str(file))
    try:
        await until(
            lambda: pbx.console("manager show connected").count("trubka") > before, why="the recorder is signed in"
        )
        client = await street.call("74950000002", caller="79355550101", name="Пётр")
        await street.do(phone.wait, "talking")
        await until(
            lambda: client.answered, why="the client hears that he is talking: before, his hanging up is a cancel"
        )
        await street.do(client.hang_up)
        await street.do(phone.wait, "idle")
        await until(lambda: file.read_text().count('"Event": "Hangup"') == 2, why="the end of both legs is recorded")
    finally:
        recorder.terminate()
        await street.do(recorder.wait, 30)
    text = file.read_text()
    assert "9355550101" not in text
    assert "Пётр" not in text
    done = await asyncio.to_thread(server.cti, "replay", "--summary", str(file))
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    assert [call["outcome"] for call in calls] == ["answered"]
