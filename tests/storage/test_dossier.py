"""The archive a person is given: complete by count, table by table, and read by people and programs without ours."""

from __future__ import annotations

import time
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import func, insert, select

from cti.channels.phone.archive import FolderArchive, finder
from cti.clients.dossier import HIDDEN
from cti.clients.dossier_words import LABELS, TITLES
from cti.errors import Refused
from cti.features.client_dossier import Dossier
from cti.storage.database import Database
from cti.storage.held import HELD
from cti.storage.privacy_tables import access_log
from cti.storage.recording_tables import recordings
from cti.storage.tables import calls, legs
from cti.telephony.numbering import NumberPlan
from tests.canary import MAN, NAME, TYPED, Aviary, Canary
from tests.storage.test_merges import Clock, referring

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
async def aviary(db: Database, tmp_path: Path) -> Aviary:
    return Aviary(db, tmp_path, Clock())


async def written(
    aviary: Aviary, subject_id: int, kind: str = "client", language: Any = "ru", **more: Any
) -> zipfile.ZipFile:
    path, files = aviary.data / "person.zip", aviary.data / "files"
    work = Dossier(db=aviary.db, plan=NumberPlan(), zone=MOSCOW, files=files, clock=aviary.clock, **more)
    await work.write(path, kind, subject_id, language)
    return zipfile.ZipFile(path)


async def _looked_at(aviary: Aviary, canary: Canary) -> None:
    """Lines of the journal: of him by thing and among others, and of somebody whose id has his in it."""
    line = {"at": 1.0, "login": "anna", "action": "view", "chain": "0" * 64}
    seen = (
        (f"client:{canary.id}", ""),
        ("clients", f"90,{canary.gone},91"),
        ("clients", f"1{canary.id},2{canary.id}"),
    )
    async with aviary.db.write() as conn:
        await conn.execute(insert(access_log), [line | {"thing": thing, "clients": ids} for thing, ids in seen])


async def test_DP_05_the_archive_holds_every_row_that_refers_to_the_person(aviary: Aviary) -> None:
    canary = await aviary.fill()
    await _looked_at(aviary, canary)
    with await written(aviary, canary.id) as archive:
        told = msgspec.json.decode(archive.read("data.json"))
        names = archive.namelist()
        (file,) = (name for name in names if name.startswith("files/"))
        text = archive.read(file).decode()
    rows = {table: len(found) for table, found in told["tables"].items()}
    async with aviary.db.read() as conn:
        for table, column in referring():
            if column.name == "clients":
                continue
            his = column.in_((canary.id, canary.gone))
            count = (await conn.execute(select(func.count()).select_from(table).where(his))).scalar_one()
            assert rows[table.name] >= count, f"{table.name}.{column.name}"
    assert rows["calls"] == canary.calls
    assert (rows["legs"], rows["call_notes"], rows["trace"], rows["desktop_events"]) == (1, 1, 1, 1)
    assert (rows["contacts"], rows["contact_phones"], rows["contact_emails"]) == (1, 1, 1)
    assert rows["access_log"] == 2  # ids that have his in them are other people's
    assert told["segments"] == ["с ним"]
    assert (text, file.endswith("-КАНАРЕЙКА.txt")) == ("в клетке КАНАРЕЙКА", True)


async def test_DP_05_his_voice_is_in_it_from_the_pbxs_folder_and_from_the_archive(aviary: Aviary) -> None:
    canary, monitor, away = await aviary.fill(), aviary.data / "monitor", aviary.data / "away"
    (away / "main").mkdir(parents=True), monitor.mkdir()
    (monitor / "new.wav").write_bytes(b"new"), (away / "main/old.opus").write_bytes(b"old")
    async with aviary.db.write() as conn:
        for call, more in (
            ("new", {}),
            ("old", {"kept_as": "old.opus", "archived_at": 5.0}),
            ("no", {"state": "deleted", "why": "refused"}),
        ):
            row = {"id": call, "call_id": "c1", "pbx": "main", "file": f"{call}.wav", "started_at": 1.0}
            await conn.execute(insert(recordings).values(row | {"state": "there"} | more))
    found = finder({"main": str(monitor)}, FolderArchive(away))
    with await written(aviary, canary.id, recorded=found) as archive:
        heard = {name: archive.read(name) for name in archive.namelist() if name.startswith("recordings/")}
    assert heard == {"recordings/1.wav": b"new", "recordings/2.opus": b"old"}


class _Page(HTMLParser):
    """The words of a page, and whether it asks for anything from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "link", "iframe"), tag
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_page_is_read_without_this_program(aviary: Aviary, language: str) -> None:
    canary = await aviary.fill()
    await aviary.bring(canary.id, "../../<b>счёт</b> & co.pdf", "x")
    with await written(aviary, canary.id, language=language) as archive:
        page = _Page()
        source = archive.read("index.html").decode()
        page.feed(source)
        names = archive.namelist()
    text = " ".join(page.words)
    for word in (NAME, TYPED, MAN, "Д-КАНАР-17", "КАНАРЕЙКА просит зерна", "КАНАРЕЙКА жёлтая", "Примета", "с ним"):
        assert word in text, word
    assert ("Телефоны" in text, "Phones" in text) == (language == "ru", language == "en")
    assert "<b>счёт" not in source
    files = [link for link in page.links if not link.startswith("#")]
    assert len(files) == 2
    assert set(files) <= set(names)
    assert not [name for name in names if ".." in name or name.startswith("/") or name.count("/") > 1]


def test_every_table_and_column_that_is_shown_has_its_words() -> None:
    assert {one.table.name for one in HELD} == TITLES.keys()
    shown = {column.name for one in HELD for column in one.table.columns} - HIDDEN
    assert shown <= LABELS.keys()


async def test_a_contact_person_is_given_his_own(aviary: Aviary) -> None:
    canary = await aviary.fill()
    with await written(aviary, canary.man, "contact") as archive:
        told = msgspec.json.decode(archive.read("data.json"))
    assert told["name"] == MAN
    assert [len(told["tables"][name]) for name in ("contacts", "contact_phones", "clients")] == [1, 1, 0]
    with pytest.raises(Refused):
        await written(aviary, 999, "contact")


async def test_DP_05_a_thousand_calls_take_seconds(aviary: Aviary) -> None:
    canary = await aviary.fill()
    made = [{"id": f"k{n}", "started_at": float(n), "client_id": canary.id, "outcome": "answered"} for n in range(1000)]
    rang = [{"call_id": f"k{n}", "leg_id": f"{m}", "leg": f"PJSIP/10{m}-1"} for n in range(1000) for m in range(3)]
    async with aviary.db.write() as conn:
        await conn.execute(insert(calls), made)
        await conn.execute(insert(legs), rang)
    started = time.monotonic()
    with await written(aviary, canary.id) as archive:
        told = msgspec.json.decode(archive.read("data.json"))
    assert (len(told["tables"]["calls"]), len(told["tables"]["legs"])) == (1000 + canary.calls, 3001)
    assert time.monotonic() - started < 30
