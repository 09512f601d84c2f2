"""Settings files of telephones: to be downloaded, or fetched by the telephone itself at an address made for it.

Rules kept here: nothing is fetched unless the settings allow it for the PBX; an address holds 256 random bits of which
the hash is stored, fits one telephone by its MAC (or one app), works for a day (an app: for ten minutes, once) and
some times; a new password makes it void. The file is written at that moment and kept nowhere. Each time that an admin
takes one is a line of the journal.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.passwords import digest
from cti.settings import PhonesSettings
from cti.storage import newcomers, sessions
from cti.storage.database import Database
from cti.storage.newcomers import PhoneLink
from dialplan.phones import WRITERS, Account, Kind, file_name, mac_of, settings_file
from dialplan.plan import Person as Inside
from dialplan.plan import Plan

DAY_S, APP_S = 86_400.0, 600.0
DESK_TIMES, APP_TIMES = 12, 1  # a desk phone asks again while it starts
_ASKED = re.compile(
    r"(?:(?P<yealink>[0-9a-f]{12})\.cfg|cfg(?P<grandstream>[0-9a-f]{12})\.xml|(?P<linphone>linphone)\.xml)"
)


class Draft(Protocol):
    """The draft of a PBX as it is now."""

    @property
    def plan(self) -> Plan: ...


class Drafts(Protocol):
    """The drafts, and the sealed passwords of phones."""

    async def get(self, pbx: str) -> Draft: ...
    async def secrets(self, pbx: str) -> dict[str, str]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsFile:
    """A file as a telephone takes it."""

    name: str
    text: str
    media_type: Literal["text/plain", "text/xml"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """An address for one telephone. path: without the server's own name; shown once."""

    path: str
    until: float


class PhoneSettings:
    """settings_of: how phones reach a PBX, None for a stranger."""

    def __init__(
        self,
        *,
        db: Database,
        drafts: Drafts,
        settings_of: Callable[[str], PhonesSettings | None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._drafts = drafts
        self._settings_of = settings_of
        self._clock = clock

    def reach(self, pbx: str) -> PhonesSettings:
        """How phones reach it. Raises Refused where nobody said."""
        found = self._settings_of(pbx)
        if found is None or not found.server:
            raise Refused(
                "no-phone-server", f"The settings do not say where phones find {pbx}: [pbx.{pbx}.phones] server."
            )
        return found

    async def take(self, actor: Person, pbx: str, device: str, kind: str, mac: str) -> SettingsFile:
        """A file for an admin to put into the telephone himself. Raises Refused; NotAllowed."""
        _may(actor)
        found = await self._file(pbx, device, _kind(kind), _mac(kind, mac))
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), actor.id, "phone-file", f"pbx:{pbx}", f"{device} {kind}")
        return found

    async def offer(self, actor: Person, pbx: str, device: str, kind: str, mac: str) -> Offered:
        """An address where this telephone fetches its file. Raises Refused; NotAllowed."""
        _may(actor)
        chosen, address = _kind(kind), _mac(kind, mac)
        if not self.reach(pbx).fetch:
            raise Refused("no-fetching", f"Phones may not fetch their settings here: [pbx.{pbx}.phones] fetch.")
        await self._file(pbx, device, chosen, address)
        app = chosen == "linphone"
        now, token = self._clock(), secrets.token_urlsafe(32)
        until = now + (APP_S if app else DAY_S)
        link = PhoneLink(
            pbx=pbx, device=device, kind=chosen, mac=address, left=APP_TIMES if app else DESK_TIMES, until=until
        )
        async with self._db.write() as conn:
            await newcomers.offer_settings(conn, digest(token), link, now)
            await sessions.note(conn, now, actor.id, "phone-link", f"pbx:{pbx}", f"{device} {chosen}")
        name = f"/{file_name(chosen, address)}" if app else "/"
        return Offered(path=f"/phones/{token}{name}", until=until)

    async def links_of(self, pbx: str, device: str) -> list[PhoneLink]:
        """Addresses of a telephone that work yet."""
        async with self._db.read() as conn:
            return await newcomers.settings_of(conn, pbx, device, self._clock())

    async def close(self, actor: Person, pbx: str, device: str) -> None:
        """No address of this telephone works any more."""
        _may(actor)
        async with self._db.write() as conn:
            await newcomers.drop_settings(conn, pbx, device)
            await sessions.note(conn, self._clock(), actor.id, "phone-link-drop", f"pbx:{pbx}", device)

    async def fetch(self, token: str, asked: str) -> SettingsFile | None:
        """What a telephone asks for at its address; None for everything else, whatever is wrong with it."""
        found = _ASKED.fullmatch(asked.lower())
        if found is None or found.lastgroup is None:
            return None
        kind = _kind(found.lastgroup)
        mac = "" if kind == "linphone" else found[found.lastgroup]
        async with self._db.write() as conn:
            link = await newcomers.take_settings(conn, digest(token), kind, mac, self._clock())
        if link is None:
            return None
        reach = self._settings_of(link.pbx)
        if reach is None or not reach.fetch:
            return None
        try:
            return await self._file(link.pbx, link.device, kind, mac)
        except Refused:
            return None

    async def _file(self, pbx: str, device: str, kind: Kind, mac: str) -> SettingsFile:
        reach, person = self.reach(pbx), _whose((await self._drafts.get(pbx)).plan, device)
        secret = (await self._drafts.secrets(pbx)).get(device)
        if not secret:
            raise Refused("no-phone-secret", "This telephone has no password yet: make one.")
        try:
            account = Account(
                user=device,
                secret=secret,
                extension=person.extension,
                name=person.name,
                server=reach.server,
                port=reach.port,
                transport=reach.transport,
                language=reach.language,
            )
            text = settings_file(kind, account, mac)
        except ValueError as error:
            raise Refused("bad-phone", f"This telephone cannot be given settings: {error}") from error
        media: Literal["text/plain", "text/xml"] = "text/plain" if kind == "yealink" else "text/xml"
        return SettingsFile(name=file_name(kind, mac), text=text, media_type=media)


def _whose(plan: Plan, device: str) -> Inside:
    for one in plan.people:
        if device in (*one.devices, *one.browsers):
            return one
    raise Refused("no-phone-there", "The plan has no such telephone.")


def _kind(text: str) -> Kind:
    for kind in WRITERS:
        if kind == text:
            return kind  # type: ignore[return-value]
    raise Refused("no-phone-kind", "Choose what telephone it is.")


def _mac(kind: str, text: str) -> str:
    """The telephone's address; an app has none."""
    found = "" if kind == "linphone" else mac_of(text)
    if found is None:
        raise Refused("bad-mac", "The MAC address is on the telephone's back: twelve digits and letters A to F.")
    return found


def _may(actor: Person) -> None:
    if not may(actor, "users.manage") or not may(actor, "dialplan.write"):
        raise NotAllowed("Only who changes both people and dialplans gives telephones their settings.")
