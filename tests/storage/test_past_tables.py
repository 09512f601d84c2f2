"""`cti past`: files and the PBX's own tables, on real MariaDB and PostgreSQL, looked at, taken in and taken back."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from cti.cli import cti
from cti.errors import CtiError
from cti.storage import past_source
from cti.storage.past_source import Source
from tests.storage.postgres import Cluster
from tests.storage.test_past_cdr import ROWS, line
from tests.telephony.test_queue_log import T

ZONE = ZoneInfo("Europe/Moscow")
NEW = """CREATE TABLE {name} (id integer PRIMARY KEY, time {time} NOT NULL, callid varchar(80), queuename varchar(80),
 agent varchar(80), event varchar(80), data1 varchar(100), data2 varchar(100), data3 varchar(100), data4 varchar(100),
 data5 varchar(100)){engine}"""
OLD = """CREATE TABLE {name} (id integer PRIMARY KEY, time {time} NOT NULL, callid varchar(80), queuename varchar(80),
 agent varchar(80), event varchar(80), data varchar(200)){engine}"""


def lines() -> list[tuple[float, str, str, str, str, str]]:
    """Three calls on three days: an abandoned one each."""
    made = []
    for n in range(3):
        at, key = T + n * 86_400, f"{T + n * 86_400}.{n}"
        made.append((at, key, "sales", "NONE", "ENTERQUEUE", f"|7935555010{n}|1"))
        made.append((at + 30.25, key, "sales", "NONE", "ABANDON", "1|1|30"))
    return made


async def fill(url: str, name: str, create: str, *, epoch: bool, one_column: bool) -> None:
    engine = create_async_engine(past_source.address(url))
    async with engine.begin() as conn:
        await conn.execute(text(f"DROP TABLE IF EXISTS {name}"))
        await conn.execute(text(create))
        for n, (at, *words, data) in enumerate(lines()):
            local = datetime.fromtimestamp(at, ZONE).replace(tzinfo=None)
            row: dict[str, Any] = {"id": n, "at": int(at) if epoch else local}
            row |= dict(zip(("callid", "queue", "agent", "event"), words, strict=True))
            cells = [data] if one_column else (data.split("|") + [""] * 5)[:5]
            row |= {f"d{place}": cell for place, cell in enumerate(cells)}
            places = ", ".join(f":d{place}" for place in range(len(cells)))
            insert = f"INSERT INTO {name} VALUES (:id, :at, :callid, :queue, :agent, :event, {places})"
            await conn.execute(text(insert), row)
    await engine.dispose()


def run(folder: Path, url: str, *words: str, table: str = "", cdr_table: str = "") -> tuple[int, str]:
    """A command on an installation whose one PBX has this database: exit status, what it said."""
    file = folder / "cti.toml"
    file.touch(mode=0o600)
    past = f'database = "{url}"\nqueue_log_table = "{table}"\ncdr_table = "{cdr_table}"\n' if url else ""
    file.write_text(f'data = "{folder}"\n[pbx.main]\nsecret = "x"\n[pbx.main.past]\n{past}')
    done = CliRunner().invoke(cti, ["--config", str(file), "past", *words])
    return done.exit_code, done.output + (f"{done.exception}\n" if isinstance(done.exception, CtiError) else "")


@pytest.mark.parametrize("shape", ["new", "old", "epoch"])
@pytest.mark.parametrize("engine", ["MyISAM", "Aria", "InnoDB", "postgresql"])
async def test_a_queue_log_in_a_table_is_what_the_file_is(
    tmp_path: Path, cluster: Cluster, mariadb: str, engine: str, shape: str
) -> None:
    there = cluster.create() if engine == "postgresql" else mariadb
    made = "" if engine == "postgresql" else f" ENGINE={engine}"
    time = "integer" if shape == "epoch" else "timestamp(6)" if engine == "postgresql" else "datetime(6)"
    create = (OLD if shape == "old" else NEW).format(name="queue_log", time=time, engine=made)
    await fill(there, "queue_log", create, epoch=shape == "epoch", one_column=shape == "old")
    source = Source(url=there, table="queue_log", kind="queue-log", zone=ZONE)
    pages = [page async for page in past_source.pages(source)]
    assert [row["event"] for page in pages for row in page] == ["ENTERQUEUE", "ABANDON"] * 3
    assert len(pages) == (3 if engine in ("MyISAM", "Aria") and shape != "epoch" else 1)  # day by day: no long lock
    day = [row async for page in past_source.pages(source, T + 86_300, T + 86_500) for row in page]
    assert [row["callid"] for row in day] == [f"{T + 86_400}.1"] * 2
    for table, kind, error in (("none", "cdr", past_source.NoTable), ("queue_log", "cdr", past_source.WrongTable)):
        with pytest.raises(error):
            await past_source.count(Source(url=there, table=table, kind=kind, zone=ZONE))
    if engine in ("MyISAM", "postgresql") and shape != "epoch":
        code, said = await asyncio.to_thread(run, tmp_path, there, "tables", "--dry-run", table="queue_log")
        assert (code, "3 calls taken in" in said, "this was a trial" in said) == (0, True, True), said
        code, said = await asyncio.to_thread(run, tmp_path, there, "tables", table="queue_log")
        assert (code, "3 calls taken in" in said) == (0, True), said
        gone = (0, "Taken back: 3 calls and lines of duty\n")
        assert await asyncio.to_thread(run, tmp_path, there, "undo", "1") == gone


def test_records_of_files_are_looked_at_taken_in_and_taken_back(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text("\n".join(line(one) for one in ROWS) + '\n"torn","793\n')
    log = str(tmp_path / "Master.csv")
    code, said = run(tmp_path, "", "cdr", "--dry-run", log)
    assert (code, "4 calls taken in" in said, "1 torn lines" in said, "a trial" in said) == (0, True, True, True), said
    for known in (0, 4):
        code, said = run(tmp_path, "", "cdr", log)
        assert (code, f"{4 - known} calls taken in" in said, f"{known} known before" in said) == (0, True, True), said
    assert run(tmp_path, "", "undo", "1") == (0, "Taken back: 4 calls and lines of duty\n")
    code, said = run(tmp_path, "", "cdr", log)
    assert "4 calls taken in" in said, said
    code, said = run(tmp_path, "", "undo", "1")
    assert (code, said.count("\n")) == (1, 1), said


@pytest.mark.parametrize(
    ("words", "url", "why"),
    [
        (("tables",), "", "name no database"),
        (("tables",), "mysql://root@127.0.0.1:1/asterisk", "cannot be read"),
        (("tables",), "oracle://x/y", "no such address"),
        (("cdr", "/nowhere/Master.csv"), "", "does not exist"),
        (("undo", "77"), "", "no such import"),
        (("cdr", "--pbx", "other", __file__), "", "name no PBX other"),
    ],
)
def test_what_goes_wrong_is_one_clear_line(tmp_path: Path, words: tuple[str, ...], url: str, why: str) -> None:
    code, said = run(tmp_path, url, *words, cdr_table="cdr")
    assert code != 0
    assert why in said
    assert "Traceback" not in said
