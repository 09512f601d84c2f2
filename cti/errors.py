"""Whose fault an error is, told by its type; every message is a sentence that says what to do.

Theirs: `ChannelError`. Ours: any other exception (a bug). The operator's: `SettingsError`, `StorageError`.
The asking person's: `NotAllowed`, `Refused`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class CtiError(Exception):
    """Base of all errors that Trubka raises on purpose."""


class ChannelError(CtiError):
    """The outside world failed: PBX, mail server, SMS centre.

    permanent: True means trying again will not help (wrong secret, unknown extension).
    unknown: True means the request may have been carried out (the answer was lost).
    """

    def __init__(self, message: str, *, permanent: bool = False, unknown: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unknown = unknown


class StorageError(CtiError):
    """The database cannot do it now; `advice` says what the operator does about it."""

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(f"{message}. {advice}")
        self.advice = advice


class SettingsError(CtiError):
    """The settings are wrong; `faults` lists every fault found, each as `key: what is wrong`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class NotAllowed(CtiError):
    """The person may not do this; the message says which right is missing and whom to ask."""


class Refused(CtiError):
    """A request is sound but refused for a reason the person can act on.

    code: stable machine word (`unregistered`, `pbx-down`, `forbidden-number`, `too-often`, `stale`, ...);
    the screen translates it, the API returns it in `type`. where: the field it is about, as people named it, or "".
    """

    def __init__(self, code: str, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.code = code
        self.where = where


class Conflicts(Refused):
    """Two people changed the same fields: nothing was saved.

    conflicts: `clients.changes.Conflict`s. fields: both people's changes, mine where they differ; None where the
    older version is not known any more.
    """

    def __init__(self, conflicts: Sequence[Any] = (), fields: Mapping[str, Any] | None = None) -> None:
        super().__init__("changed-meanwhile", "Somebody changed this meanwhile: look at the new state and save again.")
        self.conflicts = tuple(conflicts)
        self.fields = fields


def reason_needed() -> Refused:
    """What is said to somebody whose files of a day hold many clients."""
    return Refused("reason-needed", "Your files of today hold many clients: say why you take them.")
