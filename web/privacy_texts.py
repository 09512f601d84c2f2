"""Words of personal data: notices to admins, what the access journal holds."""

from __future__ import annotations

from collections.abc import Mapping

from web.texts import N_

NOTICES: Mapping[str, str] = {
    "large-export": N_("{login} took out {count} clients in a file, {day} in files of that day."),
}
