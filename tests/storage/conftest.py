"""Every storage test runs on both engines: a SQLite file and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from cti.storage.database import Database, open_database
from cti.storage.tables import devices, teams, users
from lab.free_ports import free_port
from lab.mariadb import running
from tests.made import address, copied, empty, in_a_thread, new_database
from tests.storage.postgres import Cluster, running_cluster

ANNA, BORIS, CLARA = 1, 2, 3  # ids, as an empty database gives them out
SALES, SUPPORT = 1, 2


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for all tests of a run."""
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty database on a real MariaDB, as settings have it."""
    port = free_port()
    with running(tmp_path_factory.mktemp("mariadb"), port):
        yield f"mysql://root@127.0.0.1:{port}/asterisk"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database, of each engine in turn; it is empty unless the test asks for `db`."""
    made = "db" in request.fixturenames
    if request.param == "sqlite":
        if made:
            copied(empty, tmp_path)
        return address(tmp_path)
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.create(*(["--template", request.getfixturevalue("template")] if made else []))


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a PostgreSQL database with our tables, to be copied."""

    async def make(url: str) -> None:
        await (await open_database(url)).close()

    in_a_thread(make(cluster.create()))
    return cluster.newest


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An open database with the cast: Anna and Boris in Sales, Clara in Support."""
    opened = await open_database(url)
    await add_cast(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def file_db(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database with the cast, for what only a file has."""
    opened = await new_database(tmp_path)
    await add_cast(opened)
    yield opened
    await opened.close()


async def add_cast(db: Database) -> None:
    """The people of all tests."""
    async with db.write() as conn:
        await conn.execute(insert(teams), [{"name": "Sales"}, {"name": "Support"}])
        people = [("anna", "Anna", SALES), ("boris", "Boris", SALES), ("clara", "Clara", SUPPORT)]
        rows = [{"login": login, "name": name, "team_id": team} for login, name, team in people]
        await conn.execute(insert(users), [row | {"role": "agent", "created_at": 0} for row in rows])
        await conn.execute(
            insert(devices),
            [
                {"user_id": ANNA, "name": "PJSIP/101", "extension": "101", "kind": "desk", "chosen": False},
                {"user_id": ANNA, "name": "PJSIP/101-web", "extension": "101", "kind": "browser", "chosen": True},
                {"user_id": BORIS, "name": "PJSIP/102", "extension": "102", "kind": "desk", "chosen": True},
            ],
        )
