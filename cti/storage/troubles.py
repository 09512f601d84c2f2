"""What keeps a database from its work, in the operator's words and with what he can do about it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from cti.errors import StorageError
from cti.storage import sqlite

READ_S = 30.0  # the longest a query may take
NO_THREAD = "can't start new thread"  # so Python says that there is no memory for one


@contextlib.contextmanager
def in_words(url: URL) -> Iterator[None]:
    """Raises StorageError where the operator can do something; the error itself where it is a bug of ours."""
    try:
        yield
    except MemoryError as error:
        raise _no_memory() from error
    except RuntimeError as error:
        if str(error) != NO_THREAD:
            raise
        raise _no_memory() from error
    except (DBAPIError, sqlite3.Error, OSError) as error:  # what is bare is of a commit within a trip: one_hop.py
        raise _explained(error, url) or error from error


def locked() -> StorageError:
    return StorageError("Another program holds the database", advice="Find and end it (a backup or an SQL shell).")


def _explained(error: DBAPIError | sqlite3.Error | OSError, url: URL) -> StorageError | None:
    words = str(error.orig if isinstance(error, DBAPIError) else error)
    if url.get_backend_name() == "sqlite":
        return _of_sqlite(words, Path(url.database or ""))
    kind = getattr(getattr(error, "orig", None), "sqlstate", "") or ""
    if isinstance(error, OSError) or kind.startswith(("08", "57P", "28", "3D")):
        return StorageError(f"PostgreSQL cannot be reached ({words})", advice="Check that it runs, and storage.url.")
    return {"53100": _full(), "57014": _too_long()}.get(kind)


def _of_sqlite(words: str, path: Path) -> StorageError | None:
    if "locked" in words or "busy" in words:
        return locked()
    if "interrupted" in words:
        return _too_long()
    if "full" in words:
        return _full()
    if "malformed" in words or "not a database" in words:
        return sqlite.damaged(path, words)
    if "readonly" in words and "query_only" not in words and "attempt to write" in words:
        return StorageError(f"The database {path} may not be written", advice="Give the service's user access to it.")
    if "unable to open" in words or "disk I/O" in words:
        return StorageError(
            f"The database {path} cannot be used ({words})", advice="Check the disk and the folder's rights."
        )
    return None


def _too_long() -> StorageError:
    return StorageError(f"A query took longer than {READ_S:g} s and was ended", advice="Ask for less at once.")


def _full() -> StorageError:
    return StorageError("The disk is full", advice="Free space on the disk of the database.")


def _no_memory() -> StorageError:
    return StorageError("There is no memory left", advice="Let the server have more (MemoryMax= of its unit).")
