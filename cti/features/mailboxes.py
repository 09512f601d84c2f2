"""Mailboxes as people set them: added, changed, paused, removed, tried out; and their troubles told to whom they are.

An admin sets every mailbox, everybody his own. The mailbox on the mail server is never touched by any of this. A trial
reaches only what the probe lets be reached (SEC-11), says the same of every host that is not let, and is limited.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import nh3
import structlog

from cti.access import Person, may, scope
from cti.channels.letters import Credentials, Endpoint, MailProbe, MailTrouble, Security
from cti.clients.zones import is_zone
from cti.desktop import AgentDesktop, Notice
from cti.errors import NotAllowed, Refused
from cti.messages.hours import Hours, due, own
from cti.storage import conversations, desktop_events, mailbox_removals, mailboxes, sessions, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.mailboxes import Mailbox
from cti.storage.search import clean

ADDRESS = re.compile(r"[^@\s<>\"(),:;\\\x00-\x1f]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?|[\w.-]{1,253}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
HOURS = re.compile(f"{_CLOCK}-{_CLOCK}")
SECURITIES: tuple[Security, ...] = ("tls", "starttls", "none")
FILES_SENT = ("auto", "server", "us")
REPLIES = ("reply_target_s", "hours", "weekdays", "time_zone")  # by which an answer is due
MOST_MONTHS = 120
MOST_TARGET_MIN = 60 * 24 * 14
SIGNATURE_MOST = 20_000
TRIES, TRIES_WITHIN_S = 10, 600.0
AT_ONCE = 4
TRIAL_S = 25.0
SIGNATURE_TAGS = {"p", "br", "strong", "b", "em", "i", "u", "s", "a", "ul", "ol", "li"}

log = structlog.get_logger()


class MailboxDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox as it is set. owner_id: of a personal one, people: of a shared one. reply_target_min: None: none.

    hours (`09:00-18:00`), weekdays (`12345`), time_zone: in which an answer is due; "" for those of the house.
    """

    name: str = ""
    address: str = ""
    sender_name: str = ""
    kind: str = "shared"
    owner_id: int | None = None
    people: tuple[int, ...] = ()
    imap: Endpoint = Endpoint(host="", port=993)
    smtp: Endpoint = Endpoint(host="", port=465)
    login: str = ""
    auth: str = "password"
    provider: str = ""
    files_sent: str = "auto"
    history_months: int = 12
    signature: str = ""
    reply_target_min: int | None = None
    hours: str = ""
    weekdays: str = ""
    time_zone: str = ""
    assigns: bool = True


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial of a mailbox gave: a trouble as a mailbox's row holds it, "" for none; None: not tried."""

    imap: str
    smtp: str | None

    @property
    def is_good(self) -> bool:
        """Whether letters can be taken in and sent."""
        return self.imap == "" and self.smtp == ""


class Mailboxes:
    """All of it. seal: a secret as it is stored; credentials: of a mailbox whose secret is kept; providers: of OAuth2.

    changed: told of a mailbox that was added, changed, paused, resumed or removed; removed: that one is to go.
    """

    def __init__(
        self,
        *,
        db: Database,
        probe: MailProbe,
        seal: Callable[[str], str],
        credentials: Callable[[int], Any],
        providers: Sequence[str],
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        house: Hours,
        clock: Callable[[], float],
        changed: Callable[[int], None] = lambda mailbox_id: None,
        removed: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = db
        self._probe = probe
        self._seal = seal
        self._credentials = credentials
        self.providers = tuple(providers)
        self._desktop = desktop
        self._next_seq = next_seq
        self.house = house
        self._clock = clock
        self.changed = changed
        self.removed = removed
        self._tries: dict[int, list[float]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def add(self, actor: Person, draft: MailboxDraft, secret: str = "") -> int:
        """A new mailbox; its id. secret: a password, "" where the provider's page opens it. Raises Refused."""
        self._may_make(actor, draft)
        values = self._sound(draft)
        if secret:
            values["secret"] = self._seal(_secret(secret))
        async with self._db.write() as conn:
            made = await mailboxes.add(conn, values, _people(draft), self._clock())
            if made is None:
                raise Refused("mailbox-taken", "This address has a mailbox here already.")
            await self._note(conn, actor, "mailbox-add", made, values["address"])
        self.changed(made)
        return made

    async def change(self, actor: Person, mailbox_id: int, draft: MailboxDraft, version: int, secret: str = "") -> None:
        """Set it anew. secret "": as it was. Raises Refused: `mailbox-changed` where somebody changed it meanwhile."""
        before = await self._his(actor, mailbox_id)
        self._may_make(actor, draft)
        values = self._sound(draft)
        moved = (values["imap_host"], values["smtp_host"]) != (before.imap_host, before.smtp_host)
        if moved and before.opened and not secret and values["auth"] == "password":
            raise Refused("secret-again", "Type the password again: the mail server is another one.")
        if secret:
            values["secret"] = self._seal(_secret(secret))
        elif moved or (before.auth, before.provider) != (values["auth"], values["provider"]):
            values["secret"] = ""  # what opened the one server is not shown to another
        async with self._db.write() as conn:
            done = await mailboxes.change(conn, mailbox_id, values, _people(draft), version)
            if done is None:
                raise Refused("mailbox-taken", "This address has a mailbox here already.")
            if not done:
                raise Refused("mailbox-changed", "Somebody changed it meanwhile: look at it again.")
            if any(values[name] != getattr(before, name) for name in REPLIES):
                await self._due_anew(conn, mailbox_id, values)
            await self._note(conn, actor, "mailbox-change", mailbox_id, values["address"])
        self.changed(mailbox_id)

    async def _due_anew(self, conn: Connection, mailbox_id: int, values: dict[str, Any]) -> None:
        """What waits for an answer is due by the hours and the target of now."""
        said = {name: values[name] for name in ("hours", "weekdays")}
        hours, target = own(self.house, **said, zone=values["time_zone"]), values["reply_target_s"]
        await conversations.due_anew(conn, mailbox_id, lambda at: None if target is None else due(at, target, hours))

    async def pause(self, actor: Person, mailbox_id: int, *, paused: bool) -> None:
        """Follow it no more, send nothing from it; or go on. Raises Refused."""
        await self._his(actor, mailbox_id)
        async with self._db.write() as conn:
            await mailboxes.pause(conn, mailbox_id, self._clock() if paused else None)
            await self._note(conn, actor, "mailbox-pause" if paused else "mailbox-resume", mailbox_id)
        self.changed(mailbox_id)

    async def remove(self, actor: Person, mailbox_id: int, *, letters: bool) -> None:
        """Forget it, in the background. letters: with those that lie in no other mailbox here; else they stay with
        their clients."""
        mailbox = await self._his(actor, mailbox_id)
        async with self._db.read() as conn:
            alone = await mailbox_removals.only_there(conn, mailbox_id) if letters else 0
        async with self._db.write() as conn:
            await mailboxes.pause(conn, mailbox_id, self._clock())
            await mailbox_removals.begin(conn, mailbox_id, letters=letters, now=self._clock())
            await self._note(conn, actor, "mailbox-remove", mailbox_id, f"{mailbox.address}, letters: -{alone}")
        self.changed(mailbox_id)
        self.removed()

    async def read_again(self, actor: Person, parked_id: int) -> None:
        """Try once more to read a letter that was put aside. Raises Refused."""
        async with self._db.read() as conn:
            mailbox_id = await mailboxes.parked_in(conn, parked_id)
        await self._his(actor, mailbox_id or 0)
        async with self._db.write() as conn:
            await mailboxes.read_again(conn, parked_id)
        self.changed(mailbox_id or 0)

    async def try_out(self, actor: Person, draft: MailboxDraft, secret: str, mailbox_id: int | None) -> Trial:
        """Sign in to both servers in turn. secret "": the one that is kept. Raises Refused: `wait` when too often."""
        before = await self._his(actor, mailbox_id) if mailbox_id is not None else None
        self._may_make(actor, draft)
        self._sound(draft)
        self._not_too_often(actor)
        try:
            credentials = await self._to_try(draft, secret, before)
        except MailTrouble as trouble:
            return Trial(imap=trouble.stored, smtp=None)
        async with self._turn:
            imap = await self._tried(self._probe.receiving, draft.imap, credentials)
            smtp = await self._tried(self._probe.sending, draft.smtp, credentials)
        if before is not None and imap == "":
            self.changed(before.id)
        return Trial(imap=imap, smtp=smtp)

    async def _to_try(self, draft: MailboxDraft, secret: str, before: Mailbox | None) -> Credentials:
        """What is typed, or what is kept: the latter for the same servers only, or it could be sent to any."""
        if secret:
            return Credentials(login=_login(draft), secret=_secret(secret))
        if before is None or not before.opened:
            raise MailTrouble("oauth2" if draft.auth == "oauth2" else "password", permanent=True)
        if (before.imap_host, before.smtp_host) != (draft.imap.host, draft.smtp.host):
            raise Refused("secret-again", "Type the password again: the mail server is another one.")
        found: Credentials = await self._credentials(before.id)
        return found

    async def _tried(self, way: Any, endpoint: Endpoint, credentials: Credentials) -> str:
        try:
            async with asyncio.timeout(TRIAL_S):
                await way(endpoint, credentials)
        except MailTrouble as trouble:
            return trouble.stored
        except TimeoutError:
            return "silent"
        return ""

    def _not_too_often(self, actor: Person) -> None:
        now = self._clock()
        self._tries = {one: at for one, at in self._tries.items() if now - at[-1] < TRIES_WITHIN_S}
        tries = [at for at in self._tries.get(actor.id, ()) if now - at < TRIES_WITHIN_S]
        if len(tries) >= TRIES:
            raise Refused("wait", "Too many attempts; wait some minutes and try again.")
        self._tries[actor.id] = [*tries, now]

    # How it stands -------------------------------------------------------------------------------------------------
    async def found(self, mailbox_id: int, trouble: str = "") -> None:
        """How a mailbox was found just now; a new trouble is told to whom it is. trouble: as a row holds it."""
        now = self._clock()
        async with self._db.write() as conn:
            if not trouble:
                await mailboxes.found_well(conn, mailbox_id, now)
                return
            news = await mailboxes.found_ill(conn, mailbox_id, trouble, now)
            mailbox = await mailboxes.get(conn, mailbox_id) if news else None
            if mailbox is None:
                return
            notices = [(one, self._notice(one, mailbox, trouble, now)) for one in await _whom(conn, mailbox)]
            await desktop_events.append(conn, [desktop_events.of_notice(one, notice) for one, notice in notices])
        log.warning("a mailbox is in trouble", mailbox=mailbox_id, code=trouble.partition("|")[0])
        for one, notice in notices:
            await self._desktop.message(one, notice)

    async def sends(self, mailbox_id: int, trouble: str = "") -> None:
        """How the server that sends was found. trouble: as a row holds it, "" for well."""
        if trouble:
            return await self.found(mailbox_id, f"{mailboxes.SENDING}{trouble}")
        async with self._db.write() as conn:
            await mailboxes.sends_well(conn, mailbox_id)

    def _notice(self, user_id: int, mailbox: Mailbox, trouble: str, now: float) -> Notice:
        href = f"/settings/mailboxes/{mailbox.id}" if mailbox.owner_id == user_id else "/settings/mailboxes"
        args = {"mailbox": mailbox.name, "trouble": trouble.partition("|")[0]}
        code = "mailbox-sending" if trouble.startswith(mailboxes.SENDING) else "mailbox-trouble"
        return Notice(seq=self._next_seq(user_id), code=code, args=args, href=href, at=now)

    # Inside --------------------------------------------------------------------------------------------------------
    async def _his(self, actor: Person, mailbox_id: int) -> Mailbox:
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, mailbox_id)
        if mailbox is None or mailbox.removed or not mailbox.is_set_by(actor):
            raise Refused("unknown", "There is no such mailbox.")
        return mailbox

    def _may_make(self, actor: Person, draft: MailboxDraft) -> None:
        own = draft.kind == "personal" and draft.owner_id == actor.id and scope(actor, "mail") != "none"
        if not own and not may(actor, "settings.manage"):
            raise NotAllowed("Only an admin sets shared mailboxes and those of others.")

    def _sound(self, draft: MailboxDraft) -> dict[str, Any]:
        """The row of a draft. Raises Refused with what is wrong."""
        address, name = draft.address.strip().casefold(), " ".join(draft.name.split())
        if not ADDRESS.fullmatch(address) or len(address) > 254:
            raise Refused("bad-address", "This is not an e-mail address.")
        for end, what in ((draft.imap, "IMAP"), (draft.smtp, "SMTP")):
            if not HOST.fullmatch(end.host):
                raise Refused("bad-host", "A mail server is written like imap.company.example.", where=what)
            if not 1 <= end.port <= 65535 or end.security not in SECURITIES:
                raise Refused("bad-port", "A port is a number from 1 to 65535.", where=what)
        if draft.auth == "oauth2" and draft.provider not in self.providers:
            raise Refused("no-provider", "This provider is not set up here.")
        target = draft.reply_target_min
        if not 0 <= draft.history_months <= MOST_MONTHS or (target is not None and not 1 <= target <= MOST_TARGET_MIN):
            raise Refused("bad-mailbox-number", "Months are from 0 to 120, an answer is due within two weeks.")
        if draft.hours and not (HOURS.fullmatch(draft.hours) and draft.hours[:5] < draft.hours[6:] and draft.weekdays):
            raise Refused("bad-hours", "The hours end before they begin.")
        if draft.kind == "personal" and draft.owner_id is None:
            raise Refused("no-owner", "A personal mailbox belongs to somebody.")
        return {
            "name": clean(name)[:80] or address[:80],
            "address": address,
            "sender_name": clean(" ".join(draft.sender_name.split()))[:120],
            "kind": "personal" if draft.kind == "personal" else "shared",
            "owner_id": draft.owner_id if draft.kind == "personal" else None,
            "imap_host": draft.imap.host,
            "imap_port": draft.imap.port,
            "imap_security": draft.imap.security,
            "smtp_host": draft.smtp.host,
            "smtp_port": draft.smtp.port,
            "smtp_security": draft.smtp.security,
            "login": _login(draft),
            "auth": "oauth2" if draft.auth == "oauth2" else "password",
            "provider": draft.provider[:16] if draft.auth == "oauth2" else "",
            "files_sent": draft.files_sent if draft.files_sent in FILES_SENT else "auto",
            "history_months": draft.history_months,
            "signature": signature(draft.signature),
            "reply_target_s": target * 60 if target is not None else None,
            "hours": draft.hours,
            "weekdays": "".join(day for day in "1234567" if day in draft.weekdays) if draft.hours else "",
            "time_zone": draft.time_zone if is_zone(draft.time_zone[:64]) else "",
            "assigns": draft.assigns,
        }

    async def _note(self, conn: Connection, actor: Person, action: str, mailbox_id: int, detail: str = "") -> None:
        await sessions.note(conn, self._clock(), actor.id, action, f"mailbox:{mailbox_id}", detail)


def signature(html: str) -> str:
    """A signature as it is kept: text, emphasis, lists and links."""
    given = clean(html)[:SIGNATURE_MOST]
    schemes = {"http", "https", "mailto", "tel"}
    found = nh3.clean(given, tags=SIGNATURE_TAGS, attributes={"a": {"href"}}, url_schemes=schemes, link_rel="noopener")
    return found if re.sub(r"<[^>]*>|\s", "", found) else ""


def _login(draft: MailboxDraft) -> str:
    found = draft.login.strip() or draft.address.strip().casefold()
    if len(found) > 254 or not found.isprintable():
        raise Refused("bad-address", "This is not a name to sign in with.")
    return found


def _secret(secret: str) -> str:
    if len(secret) > 1024 or not secret.isprintable():
        raise Refused("bad-secret", "A password has at most 1024 characters and no line ends.")
    return secret


def _people(draft: MailboxDraft) -> tuple[int, ...]:
    return tuple(dict.fromkeys(draft.people)) if draft.kind == "shared" else ()


async def _whom(conn: Connection, mailbox: Mailbox) -> list[int]:
    """Whom a trouble is told: the owner; of a shared mailbox its people and the admins, who can do something."""
    if mailbox.kind == "personal" and mailbox.owner_id is not None:
        return [mailbox.owner_id]
    admins = [one.id for one in await users.every(conn) if one.role == "admin" and one.blocked_at is None]
    return list(dict.fromkeys((*mailbox.people, *admins)))
