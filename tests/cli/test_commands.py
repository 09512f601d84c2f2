"""The command line as an admin uses it: help, one clear line per failure, no traceback."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from cti.features.client_erasure import Eraser, Subject
from cti.storage import access_log
from cti.storage.access_log import Asked, Kept
from cti.storage.database import open_database
from cti.telephony.numbering import NumberPlan

COMMANDS = ("serve", "check", "demo", "client", "privacy", "user", "db", "dialplan", "number", "record", "replay")


def cti(*words: str, data: Path | None = None, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CTI_")} | env
    if data is not None:
        environment["CTI_DATA"] = str(data)
    command = [sys.executable, "-m", "cti", *words]
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command_and_each_has_help() -> None:
    done = cti("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert name in done.stdout
        shown = cti(name, "--help")
        assert shown.returncode == 0, shown.stderr
        assert "Examples" in shown.stdout, name


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("check",), {"CTI_HTTP__PORT": "99999"}),
        (("serve",), {"CTI_NO_SUCH": "1"}),
        (("--config", "/no/such/file", "check"), {}),
        (("replay", "/no/such/file"), {}),
        (("replay", __file__), {}),
        (("db", "restore", "/no/such/file"), {}),
        (("record", "/tmp/never-written"), {}),
        (("nonsense",), {}),
        (("dialplan", "show"), {}),
        (("dialplan", "show", "--pbx", "x"), {"CTI_PBX__MAIN__SECRET": "x"}),
        (
            ("dialplan", "history", "--pbx", ""),
            {"CTI_PBX__MAIN__OWNER__FOLDER": "/no/such", "CTI_PBX__MAIN__SECRET": "x"},
        ),
        (("dialplan", "back", "7"), {"CTI_PBX__MAIN__PORT": "1", "CTI_PBX__MAIN__SECRET": "x"}),
        (("dialplan", "import", "/no/such/file"), {"CTI_PBX__MAIN__SECRET": "x"}),
    ],
)
def test_every_failure_is_a_line_and_a_status(tmp_path: Path, words: tuple[str, ...], env: dict[str, str]) -> None:
    done = cti(*words, data=tmp_path, **env)
    assert done.returncode != 0
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_the_demo_prints_a_sign_in_per_role_and_keeps_its_password(tmp_path: Path) -> None:
    done = cti("demo", "--prepare", data=tmp_path, CTI_DEMO_PASSWORD="a-long-password")
    assert done.returncode == 0, done.stderr
    for word in ("anna", "boris", "clara", "vera", "pavel", "supervisor", "admin", "a-long-password"):
        assert word in done.stdout
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0


def test_a_backup_comes_back_without_whom_was_erased_since(tmp_path: Path) -> None:
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0
    copy = tmp_path / "copy.db"
    done = cti("db", "backup", str(copy), data=tmp_path)
    assert done.returncode == 0, done.stderr
    asyncio.run(_erase(tmp_path, 2))
    (tmp_path / "trubka.db").write_bytes(b"rubbish")
    assert cti("db", "upgrade", data=tmp_path).returncode == 1
    done = cti("db", "restore", str(copy), data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Erased again: No. 2" in done.stdout
    assert cti("privacy", "export", "2", str(tmp_path / "2.zip"), data=tmp_path).returncode == 1
    done = cti("privacy", "export", "1", str(tmp_path / "1.zip"), data=tmp_path)
    assert (done.returncode, "client_phones 2" in done.stdout) == (0, True), done.stdout + done.stderr
    assert zipfile.ZipFile(tmp_path / "1.zip").testzip() is None


def test_DP_10_a_backup_and_a_copy_are_lines_of_the_access_journal(tmp_path: Path) -> None:
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0
    saved, url = tmp_path / "saved.db", f"sqlite+aiosqlite:///{tmp_path}/"
    assert cti("db", "backup", str(saved), data=tmp_path).returncode == 0
    done = cti("db", "copy", f"{url}saved.db", f"{url}copied.db", data=tmp_path)
    assert done.returncode == 0, done.stderr
    backup, copied = asyncio.run(_journal(f"{url}copied.db"))
    assert (backup.action, backup.thing, copied.action, copied.thing) == ("export", "backup", "export", "base")
    assert (backup.count, backup.clients) == (10, "")
    assert (copied.count, copied.clients) == (10, "1,2,3,4,5,6,7,8,9,10")
    assert backup.login.startswith("cli:")
    assert asyncio.run(_journal(f"{url}trubka.db")) == [backup]


async def _journal(url: str) -> list[Kept]:
    db = await open_database(url)
    async with db.read() as conn:
        assert (await access_log.check(conn)).broken is None
        lines = [line async for part in access_log.parts(conn, Asked()) for line in part]
    await db.close()
    return lines


async def _erase(data: Path, client_id: int) -> None:
    url = f"sqlite+aiosqlite:///{data / 'trubka.db'}"
    db = await open_database(url)
    eraser = Eraser(db=db, url=url, plan=NumberPlan(), data=data, clock=time.time)
    await eraser.erase(Subject(kind="client", id=client_id), user_id=None, by="", reason="x")
    await db.close()


def test_check_without_a_pbx_says_so_and_is_content(tmp_path: Path) -> None:
    done = cti("check", data=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "warning  pbx" in done.stdout


def test_check_names_a_pbx_that_is_away(tmp_path: Path) -> None:
    done = cti("check", data=tmp_path, CTI_PBX__MAIN__PORT="1", CTI_PBX__MAIN__SECRET="x")
    assert done.returncode == 1
    assert "to do    pbx main" in done.stdout


def test_a_second_pbx_names_the_phones_of_before(tmp_path: Path) -> None:
    two = {f"CTI_PBX__{name}__SECRET": "x" for name in ("MSK", "SPB")}
    two |= {"CTI_PBX__MSK__PORT": "1", "CTI_PBX__SPB__PORT": "2"}
    assert cti("demo", "--prepare", data=tmp_path).returncode == 0
    for name, env in (("msk", {}), ("kzn", two)):
        refused = cti("user", "name-pbx", name, data=tmp_path, **env)
        assert refused.returncode == 1
        assert "no such PBX" in refused.stderr
    done = cti("user", "name-pbx", "msk", data=tmp_path, **two)
    assert re.match(r"[1-9]\d* phones are named msk:", done.stdout), done.stderr
    assert cti("user", "name-pbx", "msk", data=tmp_path, **two).stdout.startswith("0 phones")
    checked = cti("check", data=tmp_path, **two).stdout
    assert all(f"to do    pbx {name}" in checked for name in ("msk", "spb"))
    assert "names no PBX" not in checked
    other = tmp_path / "other"
    assert cti("demo", "--prepare", data=other, **two).returncode == 0
    assert cti("user", "name-pbx", "spb", data=other, **two).stdout.startswith("0 phones"), "the demo names the first"


def test_check_says_whether_dialplans_are_answered(tmp_path: Path) -> None:
    pbx = {"CTI_PBX__MAIN__PORT": "1", "CTI_PBX__MAIN__SECRET": "x"}
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = str(stranger.getsockname()[1])
        mute = cti("check", data=tmp_path, CTI_AGI__PORT=port, **pbx).stdout
    assert f"warning  agi: 127.0.0.1:{port} cannot be asked" in mute
    nobody = cti("check", data=tmp_path, CTI_AGI__PORT=port, **pbx).stdout
    assert f"warning  agi: nobody answers dialplans at 127.0.0.1:{port}" in nobody
    assert "ok       agi: off" in cti("check", data=tmp_path, CTI_AGI__PORT="0", **pbx).stdout


def test_replay_tells_events_and_summaries(tmp_path: Path) -> None:
    recording = tmp_path / "calls.jsonl"
    leg = {"Channel": "SIP/101-00000001", "ChannelState": "4", "Exten": "102", "Uniqueid": "1.1", "Linkedid": "1.1"}
    lines = [{"Event": "Newchannel", **leg}, {"Event": "Hangup", **leg, "Cause": "16"}]
    recording.write_text("\n".join(json.dumps(line) for line in lines))
    told = [json.loads(line) for line in cti("replay", str(recording)).stdout.splitlines()]
    assert [line["event"] for line in told] == ["Originated", "ConnectionCleared", "CallCleared"]
    raw = "\r\n\r\n".join("\r\n".join(f"{k}: {v}" for k, v in line.items()) for line in lines) + "\r\n\r\n"
    array = tmp_path / "calls.json"
    array.write_text(json.dumps(lines))
    summaries = [
        cti("replay", "--summary", str(recording)).stdout,
        cti("replay", "--summary", str(array)).stdout,
        cti("replay", "--summary", "-", stdin=raw).stdout,
    ]
    assert summaries[0] == summaries[1] == summaries[2]
    line = json.loads(summaries[0])
    assert (line["call"], line["direction"], line["talked"]) == ("1.1", "internal", [])
    assert set(line) >= {
        "call", "direction", "caller", "called", "queue", "started", "answered", "ended", "outcome", "reason", "talked",
        "transfers", "legs",
    }  # fmt: skip


def test_what_keeps_the_server_from_starting_is_told_before_and_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pbx = {"CTI_PBX__MAIN__PORT": "1", "CTI_PBX__MAIN__SECRET": "x", "CTI_AGI__PORT": "0"}
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = str(stranger.getsockname()[1])
        taken = cti("check", "--start", data=data, CTI_PORT=port, **pbx)
    assert (taken.returncode, f"to do    panel: 127.0.0.1:{port}" in taken.stdout) == (1, True), taken.stdout
    fine = cti("check", "--start", data=data, CTI_PORT=port, **pbx)
    assert fine.returncode == 0, fine.stdout
    assert not data.exists()
    data.mkdir()
    (data / "trubka.db").write_bytes(b"rubbish")
    broken = cti("check", "--start", data=data, CTI_PORT=port)
    assert (broken.returncode, "to do    database" in broken.stdout) == (1, True), broken.stdout
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/main.secret").write_text("x\n")
    given = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"), "CTI_PBX__MAIN__SECRET_FILE": "main.secret"}
    named = cti("check", "--settings", data=tmp_path / "other", CTI_PBX__MAIN__PORT="1", **given)
    assert '"secret_file": "' + str(tmp_path / "credentials/main.secret") in named.stdout
    gone = cti("check", data=tmp_path / "other", CTI_PBX__MAIN__SECRET_FILE="main.secret")
    assert (gone.returncode, "pbx.main.secret_file: cannot be read" in gone.stderr) == (2, True), gone.stderr
