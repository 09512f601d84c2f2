"""Recordings: found late or not at all, heard and taken out by right with one line each, never outside the folder."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from cti.channels.phone import recorded
from cti.features.recordings import LOOKED_FOR_S, Recordings
from cti.storage import access_log, recordings
from cti.storage.access_log import Asked
from cti.storage.recordings import Recording
from cti.telephony.events import RecordingBegan, RecordingEnded, SnapshotTaken
from cti.telephony.words import FILE
from tests.web.panel import BORIS, PATIENCE_S, Panel, panel
from tests.web.visitor import Visitor
from web.services import Services

NAME = "2026/11/27/1795432900.7-1795432901.wav"
SECRET = b"somebody's secret"
TRAVERSALS = [
    f"{start}{step * times}{end}"
    for start in ("", "/", "2026/")
    for step in ("../", "..\\", "%2e%2e%2f", "..%5c", "%252e%252e/")
    for times, end in ((1, "secret.wav"), (3, "secret.wav"), (9, "etc/passwd"), (2, "secret.wav\0.wav"))
] + [
    "/etc/passwd",
    "\0",
    "~/secret.wav",
    "x" * 300,
    "..",
    ".",
    "",
    " ",
    "link.wav",
    "folder/secret.wav",
    "a/../../secret.wav",
]


def sound(path: Path, seconds: float = 2.0) -> bytes:
    """A WAV as app_mixmonitor closes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        tone = (int(9000 * math.sin(place / 3)) for place in range(int(8000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", one) for one in tone))
    return path.read_bytes()


@dataclass
class House:
    """A panel, the PBX's folder, and the clock that the registry goes by."""

    desk: Panel
    folder: Path
    ahead: float = 0.0

    @property
    def own(self) -> Recordings:
        return self.desk.services.recordings

    def clock(self) -> float:
        return 200.0 + self.ahead

    async def call(self, call: str, file: str, *, user_id: int = BORIS, announced: bool = True) -> None:
        """A call that was recorded, and is over."""
        await self.desk.journal(call, user_id=user_id)
        await self.own.began(RecordingBegan(call=call, at=101.0, file=file, announced=announced), 101.0)
        await self.own.began(RecordingBegan(call=call, at=102.0, file=file), 102.0)
        await self.desk.services.spool.flush(5)
        await self.over()

    async def over(self) -> None:
        await self.own.call_over(SnapshotTaken(open_calls=frozenset()), 0.0)

    async def rows(self, call: str) -> list[Recording]:
        async with self.desk.services.db.read() as conn:
            return await recordings.of_call(conn, call)

    async def becomes(self, call: str, what: Callable[[Recording], bool]) -> Recording:
        async with asyncio.timeout(PATIENCE_S):
            while not what((await self.rows(call))[0]):
                await asyncio.sleep(0.02)
                await self.over()
        return (await self.rows(call))[0]

    async def lines(self) -> list[tuple[str, str, str]]:
        await self.desk.services.spool.flush(5)
        async with self.desk.services.db.read() as conn:
            found = await access_log.newest(conn, Asked(), limit=1000)
        return [(one.login, one.action, one.thing) for one in found if one.thing.startswith("recording")]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    folder = tmp_path / "monitor"
    folder.mkdir()
    made: list[House] = []

    def with_folder(services: Services) -> Services:
        own = Recordings(
            db=services.database, spool=services.spool, folders={"": folder}, files=recorded, pbx_of=lambda _: "",
            zone=services.zone, clock=lambda: made[0].clock() if made else 200.0,
        )  # fmt: skip
        return replace(services, recordings=own)

    async with panel(tmp_path, change=with_folder, without=("recordings",)) as desk:
        made.append(House(desk, folder))
        running = asyncio.create_task(desk.services.recordings.run())
        yield made[0]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def listen(visitor: Visitor, row: Recording) -> tuple[int, str]:
    url = f"{visitor.panel.url}/api/v1/recordings/{row.id}/listens"
    headers = {"X-CSRF-Token": visitor.csrf, "Origin": visitor.panel.url}
    async with visitor.http.post(url, headers=headers) as answer:
        said = msgspec.json.decode(await answer.read())
        return answer.status, said.get("url", said.get("type", ""))


async def test_DP_10_a_recording_is_heard_by_right_and_each_listen_is_one_line(house: House) -> None:
    whole = sound(house.folder / NAME)
    await house.call("c-boris", NAME, announced=False)
    row = await house.becomes("c-boris", lambda one: one.state == "there")
    assert (row.duration_s, row.size, len(row.peaks), row.announced) == (2.0, len(whole), 400, False)
    async with Visitor(house.desk, "anna") as anna, Visitor(house.desk, "boris") as boris:
        page = await boris.get("/calls/c-boris")
        assert page.says("without announcement")
        assert page.says(f'data-recording="{row.id}"')
        assert not page.says(f"/recordings/{row.id}/file"), "an agent takes nothing out"
        assert (await listen(anna, row))[0] == 404
        status, url = await listen(boris, row)
        assert status == 200
        for wanted, piece in (("bytes=0-", whole), ("bytes=100-199", whole[100:200]), ("bytes=-10", whole[-10:])):
            async with boris.http.get(f"{house.desk.url}{url}", headers={"Range": wanted}) as answer:
                assert (answer.status, await answer.read()) == (206, piece)
                assert (answer.content_type, answer.headers["Cache-Control"]) == ("audio/wav", "no-store")
        assert (await anna.get(url)).status == 409, "a key is one person's"
        assert (await boris.post(f"/recordings/{row.id}/file")).status == 403
        assert await house.lines() == [("boris", "view", "recording:c-boris")]
    async with Visitor(house.desk, "vera") as vera:
        async with vera.http.post(
            f"{house.desk.url}/recordings/{row.id}/file", data={"csrf": vera.csrf}, headers={"Origin": house.desk.url}
        ) as answer:
            assert (answer.status, await answer.read()) == (200, whole)
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="1970-01-01_')
        assert (await house.lines())[0] == ("vera", "export", "recording:c-boris")
        said = await vera.post(f"/recordings/{row.id}/hold", why="спор № 7", until="2030-01-31")
        assert said.place == "/calls/c-boris"
        assert (await vera.get("/calls/c-boris")).says("held until 31.01.2030, Vera")
        await house.own.ended(RecordingEnded(call="c-boris", at=110.0, file=NAME, refused=True), 110.0)
        await vera.post(f"/recordings/{row.id}/release")
        assert (await vera.post(f"/recordings/{row.id}/hold", why=" ")).status == 409
        assert (await vera.post(f"/recordings/{row.id}/hold", why="x", until="2030-02-31")).status == 409
    assert (await house.rows("c-boris"))[0].state == "there", "what is held is not deleted"


async def test_F_48_a_file_that_is_late_missing_or_taken_away_is_told_and_never_a_500(house: House) -> None:
    async with Visitor(house.desk, "vera") as vera:
        await house.call("late", NAME)
        assert (await vera.get("/calls/late")).says("The recording is being prepared")
        row = (await house.rows("late"))[0]
        assert (await listen(vera, row))[0] == 409
        sound(house.folder / NAME)
        house.ahead = 60.0
        await house.becomes("late", lambda one: one.state == "there")
        (house.folder / NAME).rename(house.folder / "elsewhere.wav")
        assert (await vera.post(f"/recordings/{row.id}/file")).status == 409
        assert (await vera.get("/calls/late")).says("its file is gone")
        (house.folder / "elsewhere.wav").rename(house.folder / NAME)
        assert (await vera.get("/calls/late")).says(f'data-recording="{row.id}"'), "it is looked for once more"
        _, url = await listen(vera, row)
        (house.folder / NAME).unlink()
        assert (await vera.get(url)).status == 409
        for call, size in (("never", None), ("empty", 0)):
            await house.call(call, f"{call}.wav")
            if size is not None:
                sound(house.folder / f"{call}.wav", size)
        house.ahead = LOOKED_FOR_S
        assert (await house.becomes("never", lambda one: one.state == "absent")).why == "missing"
        assert (await house.becomes("empty", lambda one: one.state == "absent")).why == "empty"
        assert (await vera.get("/calls/never")).says("the PBX has made no file")
        assert (await vera.get("/calls/empty?part")).says("nothing to hear")


async def test_what_a_client_refused_is_deleted_from_the_disk(house: House) -> None:
    sound(house.folder / NAME)
    await house.call("no", NAME)
    await house.becomes("no", lambda one: one.state == "there")
    await house.own.ended(RecordingEnded(call="no", at=110.0, file=NAME, refused=True), 110.0)
    gone = await house.becomes("no", lambda one: one.gone_at is not None)
    assert (gone.state, gone.why, (house.folder / NAME).exists()) == ("deleted", "refused", False)


async def test_SEC_20_no_path_leads_out_of_the_folder(house: House, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(SECRET)
    (house.folder / "2026").mkdir()
    (house.folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (house.folder / "folder").symlink_to(tmp_path)
    assert len(TRAVERSALS) >= 60
    for one in TRAVERSALS:
        assert recorded.path_of(house.folder, one) is None, one
        assert recorded.measure(house.folder, one) is None, one
        assert FILE.fullmatch(one) is None or "/" not in one.strip("/") or "folder" in one, one
        recorded.remove(house.folder, one)
    assert (tmp_path / "secret.wav").read_bytes() == SECRET
    async with Visitor(house.desk, "vera") as vera:
        for place, one in enumerate(TRAVERSALS):
            async with house.desk.services.database.write() as conn:  # as if a row were forged
                await recordings.begin(
                    conn, f"c{place}", "", one.replace("\0", ""), 1.0, announced=True, demanded=False
                )
            row = await house.rows(f"c{place}")
            answers = [await vera.get(f"/recordings/{one.replace(chr(0), '%00')}/sound")]
            answers += [await vera.post(f"/recordings/{two.id}/file") for two in row]
            for answer in answers:
                assert answer.status < 500, one
                assert SECRET.decode() not in answer.text, one
                assert "root:" not in answer.text, one
