"""Drafts of dialplans: one for each PBX, changed step by step, each step told with who and when, and taken back.

A change is a function of the plan, applied to the revision that its author saw: two people never write over each other.
Nothing of a draft runs: that is the publisher's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken

from cti import plan_json
from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.storage import dialplans, sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.dialplans import DraftRow
from cti.storage.users import DeviceDraft
from dialplan.faults import Fault, faults
from dialplan.plan import Person as Inside
from dialplan.plan import Plan, Queue

Mode = Literal["guest", "owner"]
Change = Callable[[Plan], Plan]
LONGEST_SECRET = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A draft as it is now. revision 0: nobody has changed anything, the plan is what the server knows by itself.

    base: the version it was made of, 0: of none. steps_back: how many changes can be taken back.
    """

    pbx: str
    plan: Plan
    revision: int
    faults: tuple[Fault, ...]
    changed_at: float | None = None
    changed_by: str = ""
    base: int = 0
    steps_back: int = 0


class Drafts:
    """All of it. pbxes: names in the settings; owned: those of them whose files we may write. key: seals secrets."""

    def __init__(
        self,
        *,
        db: Database,
        pbxes: Collection[str],
        owned: Collection[str],
        zone: str,
        key: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._pbxes = tuple(pbxes)
        self._owned = frozenset(owned)
        self._zone = zone
        self._box = Fernet(key)
        self._clock = clock
        self._read: dict[str, tuple[str, Plan, tuple[Fault, ...]]] = {}  # the last body of each PBX, read

    @property
    def pbxes(self) -> tuple[str, ...]:
        """PBXes by name, in the order of the settings."""
        return self._pbxes

    def can_own(self, pbx: str) -> bool:
        """Whether the settings say where its files are."""
        return pbx in self._owned

    async def get(self, pbx: str) -> Draft:
        """The draft. Raises Refused `no-pbx-named`."""
        self._must_know(pbx)
        async with self._db.read() as conn:
            row = await dialplans.get(conn, pbx)
            first = await self._first(conn, pbx) if row is None else None
        if row is None:
            plan = first or Plan()
            return Draft(pbx=pbx, plan=plan, revision=0, faults=await asyncio.to_thread(faults, plan))
        plan, found = await self._plan_of(row)
        return Draft(
            pbx=pbx,
            plan=plan,
            revision=row.revision,
            faults=found,
            changed_at=row.changed_at,
            changed_by=row.changed_by,
            base=row.base,
            steps_back=row.steps_back,
        )

    async def change(self, actor: Person, pbx: str, revision: int, change: Change, *, base: int | None = None) -> Draft:
        """Change the draft of this revision, as one step. base: the version that it is made of from now on.

        Raises Refused `draft-changed`, `bad-plan` and what the change raises; NotAllowed.
        """
        self._may_write(actor, pbx)
        before = await self.get(pbx)
        if before.revision != revision:
            raise _changed()
        was, body = await asyncio.to_thread(_apply, before.plan, change)
        if was == body and revision:
            return before
        user_id, now = actor.id or None, self._clock()
        async with self._db.write() as conn:
            known = before.base if base is None else base
            if not await dialplans.keep(conn, pbx, body, revision, base=known, user_id=user_id, now=now):
                raise _changed()
            await dialplans.remember(conn, pbx, was, base=before.base, user_id=user_id, now=now)
        return await self.get(pbx)

    async def undo(self, actor: Person, pbx: str, revision: int) -> Draft:
        """Take the last change back. Raises Refused `draft-changed`, `nothing-to-undo`; NotAllowed."""
        self._may_write(actor, pbx)
        async with self._db.write() as conn:
            now = await dialplans.get(conn, pbx)
            if now is None or now.revision != revision:
                raise _changed()
            before = await dialplans.take_back(conn, pbx)
            if before is None:
                raise Refused("nothing-to-undo", "There is no change to take back.")
            body, base = before
            await dialplans.keep(conn, pbx, body, revision, base=base, user_id=actor.id or None, now=self._clock())
        return await self.get(pbx)

    # Living with a PBX ------------------------------------------------------------------------------------------------
    async def mode(self, pbx: str) -> Mode:
        """guest: its dialplan is left alone. owner: it is what is published here."""
        self._must_know(pbx)
        async with self._db.read() as conn:
            return "owner" if await dialplans.mode(conn, pbx) == "owner" and self.can_own(pbx) else "guest"

    async def set_mode(self, actor: Person, pbx: str, mode: Mode) -> None:
        """Choose. Nothing of the PBX changes by that. Raises Refused `no-owner-folder`; NotAllowed."""
        self._must_know(pbx)
        if not may(actor, "dialplan.publish"):
            raise NotAllowed("Your role may not publish dialplans.")
        if mode == "owner" and not self.can_own(pbx):
            raise Refused(
                "no-owner-folder", f"The settings do not say where the files of {pbx} are: [pbx.{pbx}.owner] folder."
            )
        async with self._db.write() as conn:
            await dialplans.set_mode(conn, pbx, mode, user_id=actor.id or None, now=self._clock())
            await sessions.note(conn, self._clock(), actor.id or None, "dialplan-mode", f"pbx:{pbx}", mode)

    async def owned(self, pbx: str) -> bool:
        """Whether its dialplan is ours."""
        return await self.mode(pbx) == "owner"

    async def drafted(self, pbx: str) -> tuple[Plan, int]:
        """The plan of the draft and its revision."""
        draft = await self.get(pbx)
        return draft.plan, draft.revision

    # Secrets of phones and mailboxes ----------------------------------------------------------------------------------
    async def secrets(self, pbx: str) -> dict[str, str]:
        """Of its phones by name, of its mailboxes by `box-` and number: for the files of the PBX and nobody's eyes."""
        async with self._db.read() as conn:
            sealed = await dialplans.sealed(conn, pbx)
        return await asyncio.to_thread(lambda: {name: self._opened(one) for name, one in sealed.items()})

    async def set_secrets(self, actor: Person, pbx: str, fresh: dict[str, str]) -> None:
        """Set secrets, sealed; the others stay. Raises Refused `bad-secret`; NotAllowed."""
        self._may_write(actor, pbx)
        for name, secret in fresh.items():
            if not (name and len(name) <= LONGEST_SECRET and 1 <= len(secret) <= LONGEST_SECRET and secret.isascii()):
                raise Refused("bad-secret", f"A password has 1 to {LONGEST_SECRET} plain signs.", where=name[:40])
            if not secret.isprintable() or " " in secret:
                raise Refused("bad-secret", "A password has no spaces and no control signs.", where=name[:40])
        sealed = await asyncio.to_thread(
            lambda: {name: self._box.encrypt(secret.encode()).decode() for name, secret in fresh.items()}
        )
        async with self._db.write() as conn:
            await dialplans.seal(conn, pbx, sealed)

    def _opened(self, sealed: str) -> str:
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return ""  # the key is another one: the phone needs a new password

    # Inside -----------------------------------------------------------------------------------------------------------
    async def _plan_of(self, row: DraftRow) -> tuple[Plan, tuple[Fault, ...]]:
        """Read once for each body, beside the event loop: a plan of a large house takes its time."""
        known = self._read.get(row.pbx)
        if known is None or known[0] != row.body:
            known = self._read[row.pbx] = await asyncio.to_thread(_looked_over, row.body)
        return known[1], known[2]

    async def _first(self, conn: Connection, pbx: str) -> Plan:
        """What the server knows by itself: people with their phones, queues somebody works in."""
        people = [
            one
            for name, devices in await dialplans.people(conn)
            for one in _people(name, [(device, _endpoint(device.name, pbx)) for device in devices])
        ]
        kept = {one.extension: one for one in reversed(people)}
        queues = tuple(Queue(name=name) for name in await users.queue_names(conn))
        return Plan(people=tuple(kept[one] for one in sorted(kept)), queues=queues, zone=self._zone)

    def _must_know(self, pbx: str) -> None:
        if pbx not in self._pbxes:
            raise Refused("no-pbx-named", "There is no PBX of this name in the settings.")

    def _may_write(self, actor: Person, pbx: str) -> None:
        self._must_know(pbx)
        if not may(actor, "dialplan.write"):
            raise NotAllowed("Your role may not change dialplans.")


def _apply(plan: Plan, change: Change) -> tuple[str, str]:
    """A plan as it was and as it is after a change, which may make of it what it likes: what is kept can be read."""
    body = plan_json.write(change(plan))
    plan_json.read(body)
    return plan_json.write(plan), body


def _looked_over(body: str) -> tuple[str, Plan, tuple[Fault, ...]]:
    plan = plan_json.read(body)
    return body, plan, faults(plan)


def _people(name: str, devices: list[tuple[DeviceDraft, str]]) -> list[Inside]:
    """Somebody as people of a plan: one for each number that he has."""
    numbers = dict.fromkeys(device.extension for device, endpoint in devices if endpoint and device.extension)
    return [
        Inside(
            extension=number,
            name=name,
            devices=tuple(end for one, end in devices if end and one.extension == number and one.kind != "browser"),
            browsers=tuple(end for one, end in devices if end and one.extension == number and one.kind == "browser"),
        )
        for number in numbers
    ]


def _endpoint(device: str, pbx: str) -> str:
    """The endpoint of a device of this PBX: `101` of `PJSIP/101` and of `main:PJSIP/101`; "" of another's."""
    name = device.removeprefix(f"{pbx}:")
    technology, _, endpoint = name.partition("/")
    return endpoint if technology == "PJSIP" else ""


def _changed() -> Refused:
    return Refused("draft-changed", "Somebody changed the draft meanwhile: look at it as it is now.")
