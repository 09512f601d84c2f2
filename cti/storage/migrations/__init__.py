"""Bring a database's schema to this version; each version is one file `versions/NNNN_title.py`, run once, in order.

All versions a database lacks run in one transaction: it ends either at this program's version or where it was.
Alembic takes 0.3 s to import, so it is loaded only when there is something to do; which version a database has is one
row that is read without it. A released version is never edited: a change of tables.py gets the next number.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from cti.errors import StorageError

FOLDER = Path(__file__).resolve().parent
LATEST = max(int(path.name[:4]) for path in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


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


def refuse_newer(version: int) -> None:
    """StorageError when a newer program wrote the database: an older one would damage it."""
    if version > LATEST:
        raise StorageError(
            f"The database is at version {version}, this program knows versions up to {LATEST}",
            advice="Install the newer program again, or put a backup of the older version back by `cti db restore`.",
        )


def migrate(connection: Connection) -> int:
    """Bring the database to the latest version inside the caller's transaction; returns the version it has now."""
    version = version_of(connection)
    refuse_newer(version)
    if version < LATEST:
        _upgrade(connection)
    return LATEST


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
