"""The schema: what migrations make is what tables.py says, on both engines."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, insert, text
from sqlalchemy.exc import IntegrityError

from cti.errors import StorageError
from cti.storage import migrations
from cti.storage.database import Database, open_database
from cti.storage.tables import metadata, users
from tests.made import address

OWN_OF_THE_ENGINE = (
    "clients_fts",
    "ix_clients_search_trgm",
    "letter_fts",
    "ix_letter_words_vector",
    "alembic_version",
    "mark_",
)  # no tables.py can say these


def _is_ours(_object: Any, name: str | None, *_rest: Any) -> bool:
    return not (name or "").startswith(OWN_OF_THE_ENGINE)


def _differences(connection: Connection) -> list[Any]:
    defaults = connection.dialect.name == "postgresql"  # SQLite's are compared as text, below
    opts = {"compare_type": True, "compare_server_default": defaults, "include_object": _is_ours}
    return compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)


async def test_a_migrated_database_is_what_tables_say(db: Database) -> None:
    async with db.read() as conn:
        assert await conn.run_sync(_differences) == []


async def test_migrations_write_the_same_definitions_as_tables(file_db: Database) -> None:
    """Checks and deletion rules too, which the comparison above does not see."""
    statement = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    async with file_db.read() as conn:
        migrated = {row.name: row.sql for row in await conn.execute(text(statement)) if _is_ours(None, row.name)}
    engine = create_engine("sqlite://")
    with engine.connect() as plain:
        metadata.create_all(plain)
        wanted = {row.name: row.sql for row in plain.execute(text(statement))}
    engine.dispose()
    assert {name: _words(sql) for name, sql in migrated.items()} == {name: _words(sql) for name, sql in wanted.items()}


def _words(sql: str) -> list[str]:
    """The words of a definition; the order of its constraints does not matter."""
    return sorted(sql.replace(",", " ").split())


async def test_opening_again_changes_nothing(url: str) -> None:
    for _ in range(2):
        db = await open_database(url)
        assert db.schema_version == migrations.LATEST
        await db.close()


async def test_a_newer_schema_is_refused_with_advice(url: str) -> None:
    db = await open_database(url)
    async with db.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await db.close()
    with pytest.raises(StorageError, match="Install the newer program"):
        await open_database(url)


async def test_tables_of_another_program_are_left_alone(url: str) -> None:
    db = await open_database(url)
    async with db.write() as conn:
        await conn.execute(text("DROP TABLE alembic_version"))
    await db.close()
    with pytest.raises(StorageError, match="another program"):
        await open_database(url)


async def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """All of it is one transaction: a table that is in the way half-way through takes everything back."""
    url = address(tmp_path)
    db = await open_database(url)
    async with db.write() as conn:
        for statement in ("DELETE FROM alembic_version", "DROP TABLE audit", "DROP TABLE teams"):
            await conn.execute(text(statement))
    await db.close()
    with pytest.raises(Exception, match="already exists"):
        await open_database(url)
    engine = create_engine(f"sqlite:///{tmp_path / 'trubka.db'}")
    with engine.connect() as plain:
        names = set(plain.execute(text("SELECT name FROM sqlite_master")).scalars())
        assert "audit" not in names
        assert plain.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 0
    engine.dispose()


async def test_rules_of_the_schema_are_enforced(db: Database) -> None:
    for bad in ({"role": "king"}, {"login": "anna"}, {"team_id": 99}):
        row = {"login": "x", "name": "X", "role": "agent", "created_at": 0} | bad
        with pytest.raises(IntegrityError):
            async with db.write() as conn:
                await conn.execute(insert(users).values(row))


def test_versions_are_numbered_without_gaps_and_import_nothing_of_ours() -> None:
    """A version must mean the same next year: it may not follow tables.py."""
    files = sorted((migrations.FOLDER / "versions").glob("*.py"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [module for module in modules if module.startswith("cti")], file.name
        assert f'revision = "{file.name[:4]}"' in file.read_text(encoding="utf-8")
