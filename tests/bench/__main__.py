"""`make bench [NAME ...]`: run all benchmarks, or those named."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "rest",
    "wire",
    "tracker",
    "pop",
    "paint",
    "agi",
    "dialplan",
    "publish",
    "imports",
    "clients",
    "journal",
    "figures",
    "past",
    "shell",
    "agents",
    "board",
    "sending",
    "campaigns",
    "smpp",
    "mail",
    "mailsearch",
)


def main() -> None:
    for name in sys.argv[1:] or ALL:
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main()
