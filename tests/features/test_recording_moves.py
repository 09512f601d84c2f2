"""Old recordings: converted and put away, read back before anything is deleted, heard and deleted where they lie."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import av
import pytest
from miniopy_async.api import Minio

from cti.access import Person
from cti.channels.base import Archive
from cti.channels.phone import recorded
from cti.channels.phone.archive import FolderArchive
from cti.channels.phone.archive_s3 import S3Archive
from cti.errors import ChannelError, Refused
from cti.features.recording_moves import AGAIN_S, DAY_S, Plan, RecordingMoves
from cti.features.recordings import Recordings
from cti.sound.squeeze import squeeze
from cti.storage import recording_chain, recordings
from cti.storage.database import Database
from cti.storage.recordings import Recording
from cti.storage.spool import Spool
from lab.s3 import store
from tests.made import new_database
from tests.storage.conftest import add_cast
from tests.web.test_recordings import sound

VERA = Person(id=4, login="vera", name="Vera", role="supervisor")
ZONE, BUCKET = ZoneInfo("Europe/Moscow"), "calls"


@dataclass
class House:
    db: Database
    folder: Path
    archive: Archive
    now: float = 10 * DAY_S

    def moves(self, **plan: object) -> RecordingMoves:
        return RecordingMoves(
            db=self.db, folders={"main": self.folder}, files=recorded, archive=self.archive, squeeze=squeeze,
            plan=Plan(**{"convert_days": 1, "move_days": 5, **plan}),  # type: ignore[arg-type]
            zone=ZONE, clock=lambda: self.now,
        )  # fmt: skip

    def heard(self) -> Recordings:
        return Recordings(
            db=self.db, spool=Spool(self.db), folders={"main": self.folder}, files=recorded, pbx_of=lambda _: "main",
            zone=ZONE, clock=lambda: self.now, archive=self.archive,
        )  # fmt: skip

    async def recorded(self, call: str, at: float) -> Recording:
        """A recording as the registry has found it."""
        name = f"2026/11/{call}.wav"
        whole = sound(self.folder / name)
        sha256 = hashlib.sha256(whole).hexdigest()
        async with self.db.write() as conn:
            await recordings.begin(conn, call, "main", name, at, announced=True, demanded=False)
            (row,) = await recordings.of_call(conn, call)
            told = {"size": len(whole), "sha256": sha256, "duration_s": 2.0, "peaks": "A", "ended_at": at + 2}
            await recordings.found(conn, row.id, **told, day="1970-01-01")
        return await self.row(call)

    async def row(self, call: str) -> Recording:
        async with self.db.read() as conn:
            (row,) = await recordings.of_call(conn, call)
        return row

    async def is_chained(self) -> bool:
        async with self.db.read() as conn:
            links = [one async for one in recording_chain.links(conn)]
            return all(one.holds for one in links) and not await recording_chain.outside(conn)

    def files(self) -> set[str]:
        return {path.name for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with store() as url:
        yield url


async def bucket(url: str, cache: Path) -> Archive:
    async with aiohttp.ClientSession() as session:
        client = Minio(urlsplit(url).netloc, "key", "secret-key", secure=False, region="us-east-1", session=session)
        if not await client.bucket_exists(BUCKET):
            await client.make_bucket(BUCKET)
    return S3Archive(url=url, region="", key="key", secret="secret-key", bucket=BUCKET, prefix="trubka/", cache=cache)


@pytest.fixture(params=["folder", "s3"])
async def house(request: pytest.FixtureRequest, tmp_path: Path, s3: str) -> AsyncIterator[House]:
    folder, away = tmp_path / "monitor", tmp_path / "away"
    folder.mkdir(), away.mkdir()
    db = await new_database(tmp_path)
    await add_cast(db)
    archive = FolderArchive(away) if request.param == "folder" else await bucket(s3, tmp_path / "cache")
    yield House(db, folder, archive)
    await db.close()


async def test_an_old_one_is_converted_put_away_heard_from_there_and_deleted_there(house: House) -> None:
    old, new = await house.recorded("old", 1 * DAY_S), await house.recorded("new", 9.9 * DAY_S)
    held = await house.recorded("held", 1 * DAY_S)
    async with house.db.write() as conn:
        await recordings.hold(conn, held.id, now=house.now, user_id=1, until=None, why="a dispute")
    moves, heard = house.moves(to="opus"), house.heard()
    assert (await moves.progress()).room.to_convert == 1
    await moves.go_on()
    await moves.go_on()
    row = await house.row("old")
    assert (row.made_from, row.name) == (old.sha256, "2026/11/old.opus")
    assert (row.archived_at, (await house.row("held")).kept_as) == (house.now, ""), "what is held stays as it is"
    assert (await house.row("held")).archived_at == house.now
    assert house.files() == {"new.wav"}
    assert await house.is_chained()
    room = (await moves.progress()).room
    assert (room.count, room.converted, room.archived, room.to_move) == (3, 1, 2, 0)
    for _ in range(2):  # the second time from where the first has put it
        _, key = await heard.listen(VERA, row.id)
        path = await heard.sound(VERA, key)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256
        with av.open(str(path)) as container:
            assert 1.9 < sum(one.samples / one.sample_rate for one in container.decode(audio=0)) < 2.2
    _, taken = await heard.download(VERA, row.id)
    assert hashlib.sha256(taken.read_bytes()).hexdigest() == row.sha256
    async with house.db.write() as conn:
        await recordings.end(conn, "main", row.file, house.now, refused=True)
    running = asyncio.create_task(heard.run())
    async with asyncio.timeout(30):
        while (await house.row("old")).gone_at is None:
            await asyncio.sleep(0.02)
            heard.remove_now()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not path.exists(), "nothing of it stays with us either"
    assert await house.archive.path("main/2026/11/old.opus", row.sha256) is None
    assert await house.archive.path("main/2026/11/held.wav", held.sha256) is not None
    assert new.sha256 == (await house.row("new")).sha256


async def test_what_was_changed_on_the_disk_is_neither_put_away_nor_deleted(house: House) -> None:
    await house.recorded("old", 1 * DAY_S)
    path = house.folder / "2026/11/old.wav"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    moves = house.moves()
    assert await moves.go_on() == 0
    assert house.files() == {"old.wav"}
    row = await house.row("old")
    assert row.archived_at is None
    assert len((await moves.progress()).faults) == 1
    assert await house.archive.path("main/2026/11/old.wav", row.sha256) is None
    house.now += AGAIN_S + 1
    sound(path)
    assert await moves.go_on() == 1, "it is tried again"
    assert house.files() == set()


async def test_a_store_that_is_away_deletes_nothing_and_says_so_to_who_listens(tmp_path: Path, s3: str) -> None:
    (tmp_path / "monitor").mkdir()
    db = await new_database(tmp_path)
    await add_cast(db)
    away = S3Archive(
        url="http://127.0.0.1:9", region="", key="k", secret="s", bucket=BUCKET, prefix="", cache=tmp_path / "cache"
    )
    house = House(db, tmp_path / "monitor", await bucket(s3, tmp_path / "cache"))
    row = await house.recorded("old", 1 * DAY_S)
    with pytest.raises(ChannelError, match="does not answer"):
        await away.put(house.folder / row.file, "main/x.wav", row.sha256)
    assert await house.moves().go_on() == 1
    house.archive = away
    with pytest.raises(Refused, match="archive does not give"):
        await house.heard().listen(VERA, row.id)
    second = await house.recorded("second", 1 * DAY_S)
    assert await house.moves().go_on() == 0
    assert house.files() == {"second.wav"}
    assert (await house.row("second")).sha256 == second.sha256
    await db.close()


@pytest.mark.filterwarnings("ignore:Sending a large body")  # in a thread of its own: nothing waits for it
async def test_a_long_one_goes_in_parts_and_is_the_same(tmp_path: Path, s3: str) -> None:
    archive, whole = await bucket(s3, tmp_path / "cache"), bytes(range(256)) * 48 * 1024
    (tmp_path / "long.wav").write_bytes(whole)
    sha256 = hashlib.sha256(whole).hexdigest()
    await archive.put(tmp_path / "long.wav", "main/long.wav", sha256)
    path = await archive.path("main/long.wav", sha256)
    assert path is not None
    assert path.read_bytes() == whole
    assert await archive.remove("main/long.wav", sha256)
    assert not path.exists()
