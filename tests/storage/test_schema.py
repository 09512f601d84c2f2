"""The schema: what migrations make is what tables.py says, on both engines."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from cti.errors import StorageError
from cti.storage import migrations
from cti.storage.copy import copy
from cti.storage.database import Database, open_database, version
from cti.storage.tables import metadata, role_rights, teams, users
from tests.made import address

OWN_OF_THE_ENGINE = (
    "clients_fts",
    "ix_clients_search_trgm",
    "letter_fts",
    "ix_letter_words_vector",
    "ix_found_",
    "alembic_version",
    "schema_floor",
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
        await conn.execute(text("UPDATE schema_floor SET version = 9998"))
    await db.close()
    with pytest.raises(StorageError, match="Install the newer program"):
        await open_database(url)
    with pytest.raises(StorageError, match="Install the newer program"):
        await version(url)


async def test_F_52_a_newer_schema_that_serves_this_program_is_worked_on_as_it_is(url: str) -> None:
    db = await open_database(url)
    async with db.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await conn.execute(text("ALTER TABLE teams ADD COLUMN of_the_future TEXT"))
    await db.close()
    assert await version(url) == 9999
    db = await open_database(url)
    assert db.schema_version == 9999
    async with db.write() as conn:
        await conn.execute(insert(teams).values(name="Sales"))
    with pytest.raises(StorageError, match="newer program"):
        await copy(db, db, lambda _table, _rows: None)
    await db.close()
    async with (again := await open_database(url)).read() as conn:
        rows = (await conn.execute(text("SELECT version_num, name, of_the_future FROM alembic_version, teams"))).all()
        assert [tuple(row) for row in rows] == [("9999", "Sales", None)]
    await again.close()


def _shape(conn: Connection) -> dict[str, dict[str, tuple[str, bool, bool]]]:
    """Columns by table: type, whether it may be empty, whether it has a default; and what must be unique, by table."""
    found: dict[str, dict[str, tuple[str, bool, bool]]] = {}
    for name in [row[0] for row in conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]:
        rows = conn.execute(text(f"PRAGMA table_info('{name}')")).all()
        found[name] = {row.name: (row.type.split("(")[0], not row.notnull, row.dflt_value is not None) for row in rows}
        for index in conn.execute(text(f"PRAGMA index_list('{name}')")).all():
            if index.unique:
                keys = [one.name for one in conn.execute(text(f"PRAGMA index_info('{index.name}')"))]
                found[name][f"unique {','.join(map(str, keys))}"] = ("", True, False)
    return found


def _only_adds(
    old: dict[str, dict[str, tuple[str, bool, bool]]], new: dict[str, dict[str, tuple[str, bool, bool]]]
) -> str:
    """What an older program would stumble over; "": nothing."""
    for table, columns in old.items():
        if table.startswith("sqlite_"):
            continue
        if table not in new:
            return f"{table} is gone"
        for name, (kind, empty, _) in columns.items():
            if name.startswith("unique"):
                continue
            if name not in new[table]:
                return f"{table}.{name} is gone"
            if new[table][name][0] != kind or (empty and not new[table][name][1]):
                return f"{table}.{name} is another"
        for name, (_, empty, default) in new[table].items():
            if name not in columns and name.startswith("unique"):
                return f"{table} must be {name}"
            if name not in columns and not (empty or default):
                return f"{table}.{name} must be filled"
    return ""


@contextmanager
def empty() -> Iterator[tuple[Connection, Config]]:
    """A base without a table, and what alembic's commands migrate it by."""
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        conn.connection.create_function("fold", 1, lambda value: value, deterministic=True)  # type: ignore[attr-defined]
        config.attributes["connection"] = conn
        yield conn, config
    engine.dispose()


def test_F_52_a_version_that_older_programs_cannot_live_with_says_so() -> None:
    """One that only adds must not say BREAKS: an upgrade could not be taken back without need."""
    with empty() as (conn, config):
        numbers = [int(one.name[:4]) for one in sorted((migrations.FOLDER / "versions").glob("0*.py"))]
        command.upgrade(config, f"{migrations.FLOOR:04d}")
        for number in [one for one in numbers if one > migrations.FLOOR]:
            before = _shape(conn)
            command.upgrade(config, f"{number:04d}")
            why = _only_adds(before, _shape(conn))
            file = next((migrations.FOLDER / "versions").glob(f"{number:04d}_*.py"))
            says = "\nBREAKS = True\n" in file.read_text(encoding="utf-8")
            assert says or not why, f"{file.name}: {why}; add, or say BREAKS = True"


def test_who_might_listen_before_may_whisper_and_join_after_an_upgrade_and_who_might_not_may_not() -> None:
    with empty() as (conn, config):
        command.upgrade(config, "0076")
        for role, changed in (("agent", '{"calls.spy":"team"}'), ("supervisor", '{"dial":"none"}')):
            conn.execute(insert(role_rights).values(role=role, changed=changed))
        command.upgrade(config, "0077")
        kept = {row.role: json.loads(row.changed) for row in conn.execute(select(role_rights))}
    assert kept["agent"] == dict.fromkeys(("calls.spy", "calls.whisper", "calls.barge"), "team")
    assert kept["supervisor"] == {"dial": "none"}


def test_what_only_adds_is_told_from_what_does_not() -> None:
    old = {"a": {"x": ("TEXT", True, False), "y": ("TEXT", False, False)}}
    for change in (
        {},
        {"a": {"x": ("TEXT", True, False)}},
        {"a": old["a"] | {"x": ("INTEGER", True, False)}},
        {"a": old["a"] | {"x": ("TEXT", False, False)}},
        {"a": old["a"] | {"z": ("TEXT", False, False)}},
        {"a": old["a"] | {"unique x": ("", True, False)}},
    ):
        assert _only_adds(old, change), change
    assert not _only_adds(old, old | {"b": {}})
    assert not _only_adds(old, {"a": old["a"] | {"z": ("TEXT", False, True), "w": ("TEXT", True, False)}})


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
