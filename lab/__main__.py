"""`python3 -m lab COMMAND`: set-up, the running lab, and what the Makefile's names stand for."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.errors import LabError
from lab.install import PYTHON, VENV, prepare
from lab.settings import CHECKOUT, load

COMMANDS = {
    "setup": "install everything that `run` needs",
    "run": "the panel with sample data and an Asterisk of its own",
    "test": "all tests (more words go to pytest)",
    "lint": "ruff and mypy",
    "check": "what every change must pass: lint, then all tests",
    "bench": "figures as JSON lines",
    "record": "make recordings of real calls anew: SCENARIO... [--asterisk 16]",
    "soak": "what takes minutes",
    "wheel": "what a call centre installs, into dist/: its tracker is compiled",
    "up": "Asterisk and phones alone",
    "down": "end the lab that runs on this data folder",
    "status": "is a lab running, who is registered",
    "call": "a client calls one of our numbers",
    "letter": "a client writes to the house's mailbox",
    "sms": "a client writes an SMS to the house",
    "sheet": "a sheet of made-up clients to try an import with: .xlsx or .csv",
    "phones": "desk phones for a lab started with LAB_PHONES=0",
    "bare": "try the two commands on a bare Debian made for it",
}


# A file of tests at a time to each worker, which has an Asterisk and a PostgreSQL of its own; `-n 0`: one by one. There
# is one worker more than processors, as a quarter of a test's time is waiting for its peers.
# In the order of tests/conftest.py: xdist (3.8) by itself would leave long files of few tests to the end. A worker that
# dies ends the run, with the test's name: a new one in its place is given nothing, and the run would never end.
_SIDE_BY_SIDE = (
    "-n", str(min((os.cpu_count() or 1) + 1, 4)),
    "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart=0",
)  # fmt: skip


def main() -> int:
    words = argparse.ArgumentParser(prog="python3 -m lab", description=__doc__)
    commands = words.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=text)
        if name == "call":
            _call_words(one)
        elif name == "letter":
            _letter_words(one)
        elif name == "sms":
            one.add_argument("words", nargs="+", metavar="[NUMBER] TEXT", help="whose number, and what he writes")
        elif name == "sheet":
            one.add_argument("file", type=Path, help="what to write, e.g. clients.xlsx")
            one.add_argument("--rows", type=int, default=100_000, help="how many clients")
        elif name == "bare":
            one.add_argument("suite", choices=("bookworm", "trixie"))
            one.add_argument("target", nargs="?", default="test")
    chosen, more = words.parse_known_args()
    if more and chosen.command not in ("test", "bench", "soak", "record"):
        words.error(f"unknown: {' '.join(more)}")
    try:
        return _do(chosen, more)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _call_words(words: argparse.ArgumentParser) -> None:
    words.add_argument("did", help="number dialled, e.g. 74950000001")
    words.add_argument("--from", dest="caller", default="79355550101", help="the client's number")
    words.add_argument("--name", default="", help="name shown with it")
    words.add_argument("--talk", type=float, default=30.0, help="hang up after so many seconds")
    words.add_argument("--anonymous", action="store_true", help="withhold the number")


def _letter_words(words: argparse.ArgumentParser) -> None:
    words.add_argument("text", help="what he writes")
    words.add_argument("--from", dest="sender", default="p.alhimov@alhimov.example", help="the client's address")
    words.add_argument("--name", default="Пётр Алхимов", help="name shown with it")
    words.add_argument("--subject", default="Вопрос", help="what it is about")
    words.add_argument("--file", type=Path, help="a file to be attached")


def _do(chosen: argparse.Namespace, more: list[str]) -> int:
    name = chosen.command
    if name == "check":
        return _check()
    if name in ("setup", "run", "test", "lint", "bench", "soak", "record", "wheel"):
        prepare(name)
    if name in ("test", "lint", "bench", "soak", "record"):
        return _tools(name, more)
    if name == "call":
        return _call(chosen)
    if name == "letter":
        from lab.mail import write

        words = {"sender": chosen.sender, "name": chosen.name, "subject": chosen.subject, "text": chosen.text}
        write(load(), file=chosen.file, **words)
        return 0
    if name == "sms":
        return _sms(chosen.words)
    if name == "sheet":
        return _sheet(chosen.file, chosen.rows)
    if name == "wheel":
        from lab.wheel import build

        print(build(CHECKOUT / "dist"))
        return 0
    if name == "bare":
        from lab.bare import try_out

        return try_out(chosen.suite, chosen.target)
    return _running(name)


def _sms(words: list[str]) -> int:
    from lab.smsc import CLIENT, write

    sender, text = (words[0], words[1]) if len(words) > 1 else (CLIENT, words[0])
    if len(words) > 2 or not sender.removeprefix("+").isdecimal():
        raise LabError("Give a number and a text in quotes, for instance: sms +79355550101 'Перезвоните'")
    write(load(), sender=sender, text=text)
    return 0


def _running(name: str) -> int:
    from lab import run

    settings = load()
    if name == "run":
        return run.run(settings)
    if name == "up":
        return run.up(settings)
    if name == "down":
        return run.stop(settings)
    if name == "status":
        return run.status(settings)
    return run.phones(settings) if name == "phones" else 0


def _check() -> int:
    """Lint beside what the set-up of the tests unpacks and waits for; the tests when it found nothing."""
    prepare(".venv")  # first, and nothing else afterwards: mypy reads it
    with ThreadPoolExecutor(1) as beside:
        linted = beside.submit(_tools, "lint", [])
        prepare("test")
    return linted.result() or _tools("test", [])


def _tools(name: str, more: list[str]) -> int:
    """Checks and tests, with the environment free of settings that would reach into a real installation."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("CTI_") or key == "CTI_LAB_ROOT"}
    if environment.pop("PYTHONDONTWRITEBYTECODE", ""):  # kept all the same, elsewhere: tests start the server so often
        environment["PYTHONPYCACHEPREFIX"] = str(CHECKOUT / ".lab/pycache")
    bin_ = VENV / "bin"
    all_lines: dict[str, list[list[Path | str]]] = {
        "lint": [[bin_ / "ruff", "check"], [bin_ / "ruff", "format", "--check"], [bin_ / "mypy"]],
        "test": [[PYTHON, "-m", "pytest", *_SIDE_BY_SIDE, *more]],
        "bench": [[PYTHON, "-m", "tests.bench", *more]],
        "soak": [[PYTHON, "-m", "tests.soak", *more]],
        "record": [[PYTHON, "-m", "tests.recordings.record", *more]],
    }
    statuses = [
        subprocess.run([str(word) for word in line], cwd=CHECKOUT, env=environment, check=False).returncode
        for line in all_lines[name]
    ]
    return next((abs(status) for status in statuses if status), 0)


def _sheet(file: Path, count: int) -> int:
    from cti.cli.sample_sheet import HEADERS, rows
    from cti.sheets import SheetError
    from cti.sheets.write import write_csv, write_xlsx

    if file.suffix.lower() not in (".xlsx", ".csv") or count < 1:
        raise LabError("name a file that ends in .xlsx or .csv, and one row at least")
    try:
        (write_xlsx if file.suffix.lower() == ".xlsx" else write_csv)(file, HEADERS, rows(count))
    except (OSError, SheetError) as error:
        raise LabError(f"the sheet cannot be written: {error}") from None
    print(f"{count} clients are in {file}: import it at /clients/import")
    return 0


def _call(chosen: argparse.Namespace) -> int:
    from lab.callers import call

    ring = call(
        chosen.did,
        load().ports.sip,
        caller=chosen.caller,
        name=chosen.name,
        talk_s=chosen.talk,
        anonymous=chosen.anonymous,
    )
    with ring:
        print(ring.wait_over(within_s=chosen.talk + 900))
    return 0


if __name__ == "__main__":
    sys.exit(main())
