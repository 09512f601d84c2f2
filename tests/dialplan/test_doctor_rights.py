"""The generated account on a real Asterisk: each right taken away is one red line, each added is one yellow one."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cti.channels.phone.visit import knock, visiting
from cti.features.doctor import Doctor
from cti.pbx import link_to
from cti.settings import OwnerSettings, PbxSettings
from cti.storage.database import Database, open_database
from dialplan.conf_read import read
from dialplan.doctor.account import CLASSES
from dialplan.doctor.facts import Finding
from dialplan.services import READ, WRITE, manager
from dialplan.site import Site
from lab.pbx import TEMPLATES, Pbx

pytestmark = pytest.mark.lab
SITE = Site(agi="127.0.0.1:4573", caller_id="0", secrets={}, ami_secret="")
GENERATED = {"read": tuple(READ.split(",")), "write": tuple(WRITE.split(","))}
CASES = [(kind, right) for kind in GENERATED for right in CLASSES]


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx")) as one:
        yield one


async def is_owner(pbx: str) -> bool:
    return pbx == "owned"


@pytest.fixture
async def doctor(pbx: Pbx, tmp_path: Path) -> AsyncIterator[Doctor]:
    db: Database = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'doctor.db'}")
    pbx.recordings.mkdir(exist_ok=True)
    guest = PbxSettings(port=pbx.ports.ami, secret_file=pbx.secret_file, recordings=pbx.recordings)
    owner = guest.model_copy(update={"owner": OwnerSettings(folder=pbx.home / "etc")})
    yield Doctor(
        db=db,
        pbxes={"main": guest, "owned": owner},
        asked_at=SITE.agi,
        visit=lambda one: visiting(link_to(one)),
        knock=knock,
        clock=time.time,
        is_owner=is_owner,
    )
    await db.close()


def rewrite(pbx: Pbx, **rights: tuple[str, ...]) -> None:
    """The account with these rights, loaded."""
    file = pbx.home / "etc/manager.conf"
    given = {**GENERATED, **rights}
    lines = []
    for line in file.read_text().splitlines():
        kind = line.partition("=")[0].strip()
        lines.append(f"{kind}={','.join(given[kind])}" if kind in given else line)
    file.write_text("\n".join(lines) + "\n")
    pbx.console("manager reload")


async def found(doctor: Doctor) -> dict[str, list[tuple[str, str]]]:
    seen = await doctor.look("main")
    assert not seen.refused, seen.refused
    return by_level(seen.findings)


def by_level(findings: tuple[Finding, ...]) -> dict[str, list[tuple[str, str]]]:
    levels: dict[str, list[tuple[str, str]]] = {"wrong": [], "warning": [], "ok": [], "not-visible": []}
    for one in findings:
        levels[one.level].append((one.code, one.of))
    return levels


def test_every_right_that_asterisk_knows_is_tried(pbx: Pbx) -> None:
    rewrite(pbx, read=("all",), write=("all",))
    said = pbx.console("manager show user trubka")
    rewrite(pbx)
    for kind in GENERATED:
        (known,) = re.findall(rf"{kind} perm: (\S+)", said)
        assert {*CLASSES, "all"} == set(known.split(",")), kind


async def test_SEC_30_each_right_of_the_account_is_one_line(pbx: Pbx, doctor: Doctor) -> None:
    rewrite(pbx)
    whole = await found(doctor)
    assert whole["wrong"] == []
    assert [code for code, _ in whole["not-visible"]] == []
    for kind, right in CASES:
        rights = GENERATED[kind]
        if right in rights:
            rewrite(pbx, **{kind: tuple(one for one in rights if one != right)})
            less = await found(doctor)
            assert less["wrong"] == [(f"{kind}-{right}", right)]
            assert set(less["warning"]) <= set(whole["warning"])
        else:
            rewrite(pbx, **{kind: (*rights, right)})
            more = await found(doctor)
            assert more["wrong"] == []
            added = [one for one in more["warning"] if one not in whole["warning"]]
            assert [of for _, of in added] == [right], (kind, right)
    rewrite(pbx)
    assert await found(doctor) == whole


async def test_files_of_an_owner_say_what_his_account_sees(doctor: Doctor) -> None:
    asked, read_ = await doctor.look("main"), await doctor.look("owned")
    assert len(read_.files) > len(GENERATED)
    owners = [one for one in read_.findings if one.code.startswith("owner-")]
    lacking = {one.of: one for one in owners if one.level == "wrong"}
    assert {one.of for one in owners} - set(lacking) == {"http.conf"}, "the lab has its WebSocket already"
    assert lacking["queues.conf"].snippet == '#tryinclude "trubka_queues.conf"\n'
    assert lacking["voicemail.conf"].snippet.startswith("[general]\n"), "the lab has no voicemail"
    for room in ("account", "calls", "queues", "phones"):
        told = tuple(one for one in read_.rooms[room] if not one.code.startswith("owner-"))
        assert told == asked.rooms[room], room
    assert read_.rooms["snippets"] == (), "what is published has them"


def test_the_labs_account_and_the_sample_are_the_generated_one(pbx: Pbx) -> None:
    """Every test that meets an Asterisk of the lab, e2e and load too, does so with these rights, this filter."""
    (made,) = manager(replace(SITE, ami_secret="x"))
    for folder in (pbx.home / "etc", TEMPLATES):
        text = (folder / "manager.conf").read_text()
        (account,) = [one for one in read("manager.conf", {"manager.conf": text}).parts if one.name != "general"]
        assert account.name == made.name == pbx.settings()["CTI_PBX__MAIN__USERNAME"]
        assert [one for one in account.pairs if one[0] != "secret"] == [one for one in made.pairs if one[0] != "secret"]
    rewrite(pbx)
    said = pbx.console("manager show user trubka")
    for kind, rights in GENERATED.items():
        (has,) = re.findall(rf"{kind} perm: (\S+)", said)
        assert set(has.split(",")) == set(rights)
