"""Bring a database's schema to this version; each version is one file `versions/NNNN_title.py`, run once, in order.

All versions a database lacks run in one transaction: it ends either at this program's version or where it was.
Alembic takes 0.3 s to import, so it is loaded only when there is something to do; which version a database has is one
row that is read without it. A released version is never edited: a change of tables.py gets the next number.

A newer program's database may still serve an older one, so that an upgrade can be taken back with calls up: the table
`schema_floor` names the oldest schema whose program may work on it. A version that only adds (tables; columns that may
be empty or have a default) leaves the floor alone, one that says `BREAKS = True` raises it to itself; a test compares
each with what it does.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from cti.errors import StorageError

FOLDER = Path(__file__).resolve().parent
LATEST = max(int(path.name[:4]) for path in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))

FLOOR = 54  # programs before it know nothing of floors, and refuse whatever is newer


def broke_at() -> int:
    """The last version that older programs cannot live with."""
    files = (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")
    broke = (int(one.name[:4]) for one in files if re.search(r"(?m)^BREAKS = True$", one.read_text(encoding="utf-8")))
    return max(broke, default=FLOOR)


def version_of(connection: Connection) -> int:
    """The schema version of a database; 0: it has no tables yet. StorageError for tables that are not ours."""
    names = inspect(connection).get_table_names()
    if "alembic_version" in names:
        number = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return int(number or 0)
    if names:
        raise StorageError(
            "The database holds tables of another program", advice="Name an empty database in storage.url."
        )
    return 0


def floor_of(connection: Connection) -> int:
    """The oldest schema whose program may work on the database; its own version where nothing is said."""
    if "schema_floor" in inspect(connection).get_table_names():
        return int(connection.execute(text("SELECT version FROM schema_floor")).scalar_one())
    return version_of(connection)


def refuse_newer(version: int, floor: int) -> None:
    """StorageError when a newer program changed the database so that this one would damage it."""
    if version > LATEST and floor > LATEST:
        raise StorageError(
            f"The database is at version {version} and serves programs from version {floor} on; this one has {LATEST}",
            advice="Install the newer program again, or put an older backup back by `cti backup restore`.",
        )


def migrate(connection: Connection) -> int:
    """Bring the database to the latest version inside the caller's transaction; returns the version it has now.

    A newer one that serves this program too stays as it is.
    """
    version = version_of(connection)
    refuse_newer(version, floor_of(connection))
    if version < LATEST:
        _upgrade(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS schema_floor (version INTEGER NOT NULL)"))
        connection.execute(text("DELETE FROM schema_floor"))
        connection.execute(text("INSERT INTO schema_floor (version) VALUES (:floor)"), {"floor": broke_at()})
    return max(version, LATEST)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
