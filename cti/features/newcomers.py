"""People come and go in one act: account, telephones, passwords, voicemail, queues, and their place in the dialplan.

Rules kept here: what would come is looked at first, and nothing is done while one line of it cannot be; all of several
come, or none; passwords are random, kept sealed, and told once to whoever asked. The draft of the dialplan changes by
one step, which can be taken back; what the PBX does changes with the next publish.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Protocol, TypeVar

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.messages.sms import latin
from cti.passwords import digest, good_login, good_name
from cti.storage import desks, sessions, users
from cti.storage import newcomers as stored
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.users import DeviceDraft, QueueDraft
from dialplan.edits import NotSo
from dialplan.plan import Person as Inside
from dialplan.plan import Plan
from dialplan.staff import Mention, admitted, changed, dismissed, mentions, next_free, of

MOST_AT_ONCE = 200
WAY_IN_S = 7 * 86_400.0
PIN_DIGITS = 6
Change = Callable[[Plan], Plan]
T = TypeVar("T")


class Draft(Protocol):
    """The draft of a PBX as it is now."""

    @property
    def plan(self) -> Plan: ...
    @property
    def revision(self) -> int: ...


class Drafts(Protocol):
    """The drafts, and the sealed passwords of phones and mailboxes."""

    async def get(self, pbx: str) -> Draft: ...
    async def change(self, actor: Person, pbx: str, revision: int, change: Change) -> Draft: ...
    async def undo(self, actor: Person, pbx: str, revision: int) -> Draft: ...
    async def set_secrets(self, actor: Person, pbx: str, fresh: dict[str, str]) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Newcomer:
    """Somebody who comes. login "": made of the name; extension "": the next free one. user_id: he has an account."""

    name: str
    login: str = ""
    extension: str = ""
    queues: tuple[str, ...] = ()
    role: str = "agent"
    team: str = ""
    language: str = "ru"
    desk: bool = True
    browser: bool = True
    voicemail: bool = False
    email: str = ""
    user_id: int | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """Endpoints of his desk phone."""
        return (self.extension,) if self.desk else ()

    @property
    def browsers(self) -> tuple[str, ...]:
        """Endpoints of his phone in the browser: one that is both there is not."""
        return (f"{self.extension}-web",) if self.browser else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """A newcomer as he would come. faults: codes of what cannot be; () for nothing."""

    one: Newcomer
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What would come of it, on this revision of the draft."""

    revision: int
    rows: tuple[Looked, ...]

    @property
    def good(self) -> bool:
        """Whether it can be done."""
        return bool(self.rows) and not any(row.faults for row in self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """What a newcomer is handed over; shown once. secrets: device -> password; way_in: token of his link, or ""."""

    one: Newcomer
    user_id: int
    secrets: dict[str, str] = field(repr=False)
    pin: str = field(default="", repr=False)
    way_in: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """Somebody who goes. mentions: parts of the plan that name him."""

    revision: int
    person: Inside
    user_id: int | None
    mentions: tuple[Mention, ...]


class Newcomers:
    """prefix_of: what names of a PBX's devices begin with; changed: told when people or their phones are others."""

    def __init__(
        self,
        *,
        db: Database,
        drafts: Drafts,
        prefix_of: Callable[[str], str | None],
        changed: Callable[[], Awaitable[None]],
        cut: Callable[[int], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._drafts = drafts
        self._prefix_of = prefix_of
        self._changed = changed
        self._cut = cut
        self._clock = clock

    # Coming -----------------------------------------------------------------------------------------------------------
    async def look(self, actor: Person, pbx: str, wanted: Sequence[Newcomer]) -> Look:
        """What would come of it. Raises Refused `too-many-newcomers`; NotAllowed."""
        _may(actor)
        if not 1 <= len(wanted) <= MOST_AT_ONCE:
            raise Refused("too-many-newcomers", f"From one to {MOST_AT_ONCE} people come at once.")
        draft = await self._drafts.get(pbx)
        async with self._db.read() as conn:
            return await self._look(conn, pbx, draft, wanted)

    async def admit(self, actor: Person, pbx: str, revision: int, wanted: Sequence[Newcomer]) -> tuple[Handed, ...]:
        """Let them come, all or none. Raises Refused: `newcomer-faults`, `draft-changed`; NotAllowed."""
        look = await self.look(actor, pbx, wanted)
        if not look.good:
            raise Refused("newcomer-faults", "Something of this cannot be: look at the lines that say what.")
        rows = [row.one for row in look.rows]
        handed = [_handed(one) for one in rows]
        fresh = {name: secret for one in handed for name, secret in one.secrets.items()}
        fresh |= {f"box-{one.one.extension}": one.pin for one in handed if one.pin}
        draft = await self._drafts.change(actor, pbx, revision, lambda plan: _all_admitted(plan, rows))
        try:
            await self._drafts.set_secrets(actor, pbx, fresh)
            async with self._db.write() as conn:
                handed = [await self._settle(conn, actor, pbx, one) for one in handed]
        except BaseException:
            await self._drafts.undo(actor, pbx, draft.revision)
            raise
        await self._changed()
        return tuple(handed)

    async def _look(self, conn: Connection, pbx: str, draft: Draft, wanted: Sequence[Newcomer]) -> Look:
        plan, rows = draft.plan, list[Looked]()
        logins = {one.login for one in await users.every(conn)}
        taken = {name for names in (await users.devices_of_all(conn)).values() for name in names}
        shared = await desks.every(conn)
        taken |= {one.name for one in shared}
        known = {one.name for one in plan.queues}
        typed = {one.extension for one in wanted if one.extension} | {one.extension for one in shared}
        for one in wanted:
            one = replace(one, extension=one.extension or next_free(plan, typed))
            faults = await self._own_faults(conn, one, known)
            if one.user_id is None:
                one = replace(one, login=one.login or _login(one.name, logins))
                faults += _login_faults(one.login, logins)
                logins.add(one.login.casefold())
            try:
                plan = admitted(plan, _inside(one))
            except NotSo as error:
                faults.append(error.code)
            faults += ["device-taken"] * any(name in taken for name in self._names(pbx, one))
            rows.append(Looked(one=one, faults=tuple(dict.fromkeys(faults))))
        return Look(revision=draft.revision, rows=tuple(rows))

    async def _own_faults(self, conn: Connection, one: Newcomer, known: Iterable[str]) -> list[str]:
        faults = ["no-name"] * (good_name(one.name) is None)
        faults += ["no-queue"] * any(queue not in known for queue in one.queues)
        faults += ["no-phone"] * (not one.desk and not one.browser)
        faults += ["no-role"] * (one.role not in ("agent", "supervisor", "admin"))
        if one.user_id is not None:
            faults += ["has-phone"] * bool(await users.devices_of(conn, one.user_id))
        return faults

    def _names(self, pbx: str, one: Newcomer) -> list[str]:
        prefix = self._prefix_of(pbx) or ""
        return [f"{prefix}PJSIP/{name}" for name in (*one.devices, *one.browsers)]

    async def _settle(self, conn: Connection, actor: Person, pbx: str, handed: Handed) -> Handed:
        """His account, telephones and queues. Raises Refused: then nobody's are there."""
        one, now, way_in = handed.one, self._clock(), ""
        user_id = one.user_id
        if user_id is None:
            made = await users.add(
                conn, login=one.login, name=good_name(one.name) or one.name, role=one.role,  # type: ignore[arg-type]
                password_hash=None, now=now, language=one.language, team_id=await users.team_id(conn, one.team),
            )  # fmt: skip
            if made is None:
                raise Refused("taken", "This login is taken.")
            user_id, way_in = made, secrets.token_urlsafe(32)
            await stored.offer_way_in(conn, made, digest(way_in), now + WAY_IN_S)
            await sessions.note(conn, now, actor.id, "user-add", f"user:{made}", f"{one.login} {one.role}")
        devices = [
            DeviceDraft(
                name=name,
                extension=one.extension,
                kind="browser" if name.endswith("-web") else "desk",
                chosen=not place,
            )
            for place, name in enumerate(self._names(pbx, one))
        ]
        if not await users.set_devices(conn, user_id, devices):
            raise Refused("device-taken", "One of these devices belongs to somebody else or stands here twice.")
        await users.set_queues(conn, user_id, [QueueDraft(name=name) for name in one.queues])
        said = " ".join(draft.name for draft in devices)
        await sessions.note(conn, now, actor.id, "newcomer", f"user:{user_id}", said)
        return replace(handed, user_id=user_id, way_in=way_in)

    # Being there ------------------------------------------------------------------------------------------------------
    async def change(self, actor: Person, pbx: str, revision: int, extension: str, person: Inside) -> None:
        """Set somebody of the plan otherwise. Raises Refused with the code of what cannot be."""
        _may(actor)
        await self._drafts.change(actor, pbx, revision, lambda plan: _refused(lambda: changed(plan, extension, person)))

    async def new_secret(self, actor: Person, pbx: str, device: str) -> str:
        """Another password for a telephone of the plan, or PIN (`box-101`); told once, valid from the next publish."""
        _may(actor)
        plan = (await self._drafts.get(pbx)).plan
        known = {name for one in plan.people for name in (*one.devices, *one.browsers, f"box-{one.extension}")}
        if device not in known:
            raise Refused("no-phone-there", "The plan has no such telephone.")
        secret = _pin() if device.startswith("box-") else _secret()
        await self._drafts.set_secrets(actor, pbx, {device: secret})
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), actor.id, "phone-secret", f"pbx:{pbx}", device)
            await stored.drop_settings(conn, pbx, device)
        return secret

    # Going ------------------------------------------------------------------------------------------------------------
    async def look_leaving(self, actor: Person, pbx: str, extension: str) -> Leaving:
        """What goes with somebody. Raises Refused `nobody-there`; NotAllowed."""
        _may(actor)
        draft = await self._drafts.get(pbx)
        person = _refused(lambda: of(draft.plan, extension))
        async with self._db.read() as conn:
            user_id = await self._owner(conn, pbx, person)
        found = mentions(draft.plan, extension)
        return Leaving(revision=draft.revision, person=person, user_id=user_id, mentions=found)

    async def dismiss(self, actor: Person, pbx: str, revision: int, extension: str, *, block: bool) -> None:
        """Take somebody out of the plan; his telephones, queues and (block) his way in go at once. Raises Refused."""
        leaving = await self.look_leaving(actor, pbx, extension)
        draft = await self._drafts.change(
            actor, pbx, revision, lambda plan: _refused(lambda: dismissed(plan, extension))
        )
        try:
            async with self._db.write() as conn:
                for device in (*leaving.person.devices, *leaving.person.browsers):
                    await stored.drop_settings(conn, pbx, device)
                if leaving.user_id is not None:
                    await self._unsettle(conn, actor, pbx, leaving, block=block)
        except BaseException:
            await self._drafts.undo(actor, pbx, draft.revision)
            raise
        if leaving.user_id is not None and block:
            await self._cut(leaving.user_id)
        await self._changed()

    async def _unsettle(self, conn: Connection, actor: Person, pbx: str, leaving: Leaving, *, block: bool) -> None:
        user_id, now = leaving.user_id or 0, self._clock()
        user = await users.by_id(conn, user_id)
        if block and user and user.role == "admin" and not user.blocked_at and await users.active_admins(conn) <= 1:
            raise Refused("last-admin", "This is the last admin: make another one first.")
        gone = set(self._device_names(pbx, leaving.person))
        left = [one for one in await users.devices_of(conn, user_id) if one.name not in gone]
        await users.set_devices(conn, user_id, left)
        if not left:
            await users.set_queues(conn, user_id, [])
        if block:
            await users.change(conn, user_id, blocked_at=now)
            await sessions.close_all(conn, user_id)
            await stored.drop_ways_in(conn, user_id)
        await sessions.note(conn, now, actor.id, "leaver", f"user:{user_id}", leaving.person.extension)

    def _device_names(self, pbx: str, person: Inside) -> list[str]:
        prefix = self._prefix_of(pbx) or ""
        return [f"{prefix}PJSIP/{name}" for name in (*person.devices, *person.browsers)]

    async def _owner(self, conn: Connection, pbx: str, person: Inside) -> int | None:
        """Whose account has his telephones."""
        names = set(self._device_names(pbx, person))
        every = await users.devices_of_all(conn)
        return next((user_id for user_id, own in every.items() if names & set(own)), None)


def read_lines(text: str, like: Newcomer) -> list[Newcomer]:
    """People of pasted lines: name, extension, queues; between them semicolons or tabs, queues with spaces or commas.

    like: what holds for all of them.
    """
    found = []
    for line in text.splitlines()[: MOST_AT_ONCE + 1]:
        name, extension, queues, *_ = (*(part.strip() for part in line.replace("\t", ";").split(";")), "", "", "")
        if name:
            own = tuple(dict.fromkeys(queues.replace(",", " ").split())) or like.queues
            found.append(replace(like, name=name[:200], extension=extension[:20], queues=own))
    return found


def _handed(one: Newcomer) -> Handed:
    own = {name: _secret() for name in (*one.devices, *one.browsers)}
    return Handed(one=one, user_id=one.user_id or 0, secrets=own, pin=_pin() if one.voicemail else "")


def _secret() -> str:
    return secrets.token_urlsafe(24)


def _pin() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))


def _all_admitted(plan: Plan, rows: Iterable[Newcomer]) -> Plan:
    return _refused(lambda: reduce(lambda before, one: admitted(before, _inside(one)), rows, plan))


def _inside(one: Newcomer) -> Inside:
    return Inside(
        extension=one.extension,
        name=good_name(one.name) or "",
        devices=one.devices,
        browsers=one.browsers,
        email=one.email,
        voicemail=one.voicemail,
    )


def _login(name: str, taken: set[str]) -> str:
    """`ivan.petrov` of «Иван Петров», with a number where it is taken."""
    words = ["".join(sign for sign in word if sign.isascii() and sign.isalnum()) for word in latin(name).split()]
    base = ".".join(word.lower() for word in words[:2] if word)[:50] or "agent"
    number, login = 1, base
    while login in taken:
        number += 1
        login = f"{base}{number}"
    return login


def _login_faults(login: str, taken: set[str]) -> list[str]:
    good = good_login(login)
    return ["bad-login"] * (good is None) + ["taken"] * (good in taken)


def _may(actor: Person) -> None:
    if not may(actor, "users.manage") or not may(actor, "dialplan.write"):
        raise NotAllowed("Only who changes both people and dialplans lets somebody come or go.")


def _refused(edit: Callable[[], T]) -> T:
    try:
        return edit()
    except NotSo as error:
        raise Refused(error.code, f"{error.code}: {' '.join(error.what)}", where=" ".join(error.what)) from error
