"""An SMSC for a module of tests; each begins with one that has no faults and has taken nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.smsc import Smsc, smsc
from tests.channels.sms.smpp_house import ORDINARY


@pytest.fixture(scope="module")
def one_smsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smsc]:
    with smsc(tmp_path_factory.mktemp("smsc") / "sent.jsonl") as running:
        yield running


@pytest.fixture
def peer(one_smsc: Smsc) -> Iterator[Smsc]:
    one_smsc.tell(faults=ORDINARY, drop=True)
    _empty(one_smsc.sent)
    return one_smsc


def _empty(file: Path) -> None:
    file.write_text("")
