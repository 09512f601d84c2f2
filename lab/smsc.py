"""The lab's SMSC: whoever has a gateway there sends SMS that go nowhere but into a file, and gets receipts for them.

It is npm's `smpp` (lab/smsc.mjs), a server of others' making, on this machine only.
"""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.settings import CHECKOUT, HOST, LabSettings
from lab.system import bound

SYSTEM_ID, PASSWORD = "trubka", "demo-sms"
SENDER = "74950000009"  # ours, to which clients write
CLIENT = "79355550101"
READY_S, ASKED_S = 20.0, 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Smsc:
    """Where it listens, and where it writes what it was sent."""

    port: int
    control: int
    sent: Path
    process: subprocess.Popen[bytes]

    def tell(self, **asked: Any) -> dict[str, Any]:
        """What lab/smsc.mjs is to do, done when this returns. Raises LabError."""
        return tell(self.control, asked)

    def submits(self) -> list[dict[str, Any]]:
        """All that it was given, in order."""
        try:
            return [json.loads(line) for line in self.sent.read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return []


@contextlib.contextmanager
def smsc(sent: Path, *, port: int = 0, control: int = 0) -> Iterator[Smsc]:
    """It runs until the block ends. port, control: 0 for any that is free."""
    node = shutil.which("node")
    if node is None:
        raise LabError("There is no `node` here: run `make setup`")
    script = str(CHECKOUT / "lab" / "smsc.mjs")
    command = [node, script, str(port), str(control), SYSTEM_ID, PASSWORD, str(sent)]
    process = subprocess.Popen(bound(command), cwd=CHECKOUT, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None  # it is a pipe
        ready, _, _ = select.select([process.stdout], [], [], READY_S)
        line = process.stdout.readline() if ready else b""
        if not line:
            raise LabError("The lab's SMSC does not start")
        at = json.loads(line)
        yield Smsc(port=at["smpp"], control=at["control"], sent=sent, process=process)
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def running(settings: LabSettings) -> Iterator[Smsc]:
    """That of the demo; `python3 -m lab sms` finds it."""
    ports = settings.folder / "smsc.port"
    with smsc(settings.folder / "sms.jsonl") as one:
        ports.write_text(str(one.control))
        try:
            yield one
        finally:
            ports.unlink(missing_ok=True)


def write(settings: LabSettings, *, sender: str, text: str) -> None:
    """A client writes an SMS to the house. Raises LabError where no lab runs, or nobody takes it."""
    try:
        control = int((settings.folder / "smsc.port").read_text())
    except (OSError, ValueError):
        raise LabError("No SMSC is running here: start it with `make run`") from None
    tell(control, {"sms": {"from": sender, "to": SENDER, "text": text}})


def tell(control: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the SMSC that is told at this port. Raises LabError."""
    request = urllib.request.Request(f"http://{HOST}:{control}/", json.dumps(asked).encode())
    try:
        with urllib.request.urlopen(request, timeout=ASKED_S) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as error:
        said = json.load(error).get("error", "")
        raise LabError(f"The lab's SMSC cannot bring it: {said}") from None
    except OSError as error:
        raise LabError(f"The lab's SMSC does not answer: {error}") from None
