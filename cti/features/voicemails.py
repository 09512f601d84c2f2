"""Voicemail: the message that a client left in a call, found among the PBX's own files.

Rules kept here: a message is a call's when it was begun while the call lasted, by the call's own number; two that fit
are told apart by the time. Without the number (hidden, erased) there is none: nobody is given another one's message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from cti.access import Person, scope
from cti.channels.base import Voicemail
from cti.errors import Refused
from cti.storage import calls, missed
from cti.storage.calls import CallRow
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read

SLACK_S = 3.0  # the PBX's clock and ours
Messages = Callable[[Path, float, float], list[Voicemail]]


class Voicemails:
    """folders: of messages, by the PBX's name; plan_of: how numbers are written at the PBX of a call.

    messages: those of a folder that were begun between two times.
    """

    def __init__(
        self,
        *,
        db: Database,
        folders: Mapping[str, Path],
        messages: Messages,
        plan_of: Callable[[str], NumberPlan],
    ) -> None:
        self._db = db
        self._messages = messages
        self._folders = folders
        self._plan_of = plan_of

    @property
    def played(self) -> bool:
        """Whether messages can be played at all."""
        return bool(self._folders)

    async def of_call(self, person: Person, call_id: str) -> tuple[CallRow, Path]:
        """The call and the sound of its message. Raises Refused where there is none, or none for this person."""
        async with self._db.read() as conn:
            row = await calls.get(conn, call_id)
            if row is None or row.outcome != "voicemail":
                raise Refused("no-voicemail", "This call has no message.")
            if not await _may_hear(conn, person, call_id):
                raise Refused("no-voicemail", "This call has no message.")
        folder = self._folders.get(row.pbx)
        if folder is None or row.number is None:
            raise Refused("no-voicemail", "This call has no message.")
        try:
            since, until = row.started_at - SLACK_S, (row.ended_at or row.started_at) + SLACK_S
            found = await asyncio.to_thread(self._messages, folder, since, until)
        except OSError:
            raise Refused("voicemail-away", "The PBX's messages cannot be read now; tell an admin.") from None
        his = [one for one in found if read(one.number, self._plan_of(call_id)).e164 == row.number]
        if not his:
            raise Refused("voicemail-gone", "The message is not on the PBX any more.")
        return row, max(his, key=lambda one: one.at).sound


async def _may_hear(conn: Connection, person: Person, call_id: str) -> bool:
    """Who may see all calls, who had this one, and whose it is to call back."""
    if scope(person, "calls.read") == "all" or await calls.takes_part(conn, call_id, person.id):
        return True
    return await missed.concerns(conn, call_id, person.id, hold=False) is not None
