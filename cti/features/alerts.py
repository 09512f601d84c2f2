"""Warnings of trouble: rules as people set them, trials that really send, and that somebody sees to one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import structlog
from cryptography.fernet import Fernet

from cti.access import Person, may
from cti.desktop import AgentDesktop
from cti.errors import Conflicts, NotAllowed, Refused
from cti.messages.alerts import fault
from cti.storage import alerts, sessions
from cti.storage.alerts import Kept
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan, read

MOST_RULES = 200
_URL = re.compile(r"https?://[^\s/?#@]+([/?][^\s#]*)?")
_MAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")

log = structlog.get_logger()


class Alerts:
    """box: of secrets at rest; wake: there is something to tell; changed: rules are others now."""

    def __init__(
        self,
        *,
        db: Database,
        box: Fernet,
        plan: NumberPlan,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._next_seq = next_seq
        self._box = box
        self._plan = plan
        self._wake = wake
        self._clock = clock

    async def save(self, person: Person, kept: Kept, secret: str | None) -> int:
        """A new rule (id 0), or all that is said of one; its id. secret None: as it was. Raises Refused, Conflicts."""
        _writes(person)
        kept = replace(kept, name=" ".join(kept.name.split())[:120], hook_url=kept.hook_url.strip()[:400])
        wrong = fault(kept.rule)
        if wrong:
            raise Refused(*wrong)
        if not kept.name:
            raise Refused("alert-name", "Give the rule a name of its own.")
        if kept.hook_url and not _URL.fullmatch(kept.hook_url):
            raise Refused("alert-hook", "The address of a webhook begins with http:// or https:// and names no user.")
        if "webhook" in kept.rule.ways and not kept.hook_url:
            raise Refused("alert-hook", "Say to which address the webhook goes.")
        now = self._clock()
        async with self._db.write() as conn:
            every = await alerts.rules(conn)
            if kept.name.casefold() in {one.name.casefold() for one in every if one.id != kept.id}:
                raise Refused("alert-name", "Give the rule a name of its own.")
            if not kept.id and len(every) >= MOST_RULES:
                raise Refused("alert-many", "These are too many rules.")
            sealed = None if secret is None else self._box.encrypt(secret.encode()).decode() if secret else ""
            made = await alerts.save(conn, kept, sealed, now)
            if made is None:
                raise Conflicts()
            await sessions.note(conn, now, person.id, "alert-rule", f"alert:{made}", kept.name)
        return made

    async def enable(self, person: Person, rule_id: int, *, works: bool) -> None:
        """Let a rule watch, or not."""
        _writes(person)
        async with self._db.write() as conn:
            await alerts.enable(conn, rule_id, self._clock() if works else None)

    async def remove(self, person: Person, rule_id: int) -> None:
        """Forget a rule; what it told stays in the journal."""
        _writes(person)
        async with self._db.write() as conn:
            kept = await alerts.rule(conn, rule_id)
            if kept is not None:
                await alerts.remove(conn, rule_id)
                await sessions.note(conn, self._clock(), person.id, "alert-rule-drop", f"alert:{rule_id}", kept.name)

    async def keep_contact(self, person: Person, user_id: int, email: str, phone: str) -> None:
        """Where a colleague is reached. Raises Refused."""
        _writes(person)
        email = email.strip()[:254]
        number = read(phone.strip()[:40], self._plan).e164 if phone.strip() else ""
        if email and not _MAIL.fullmatch(email):
            raise Refused("alert-email", "This is no e-mail address.")
        if phone.strip() and not number:
            raise Refused("alert-phone", "This is no telephone number.")
        async with self._db.write() as conn:
            await alerts.keep_contact(conn, user_id, email, number or "")

    async def try_it(self, person: Person, rule_id: int) -> None:
        """Send what the rule sends, to everybody of its first step, now. Raises Refused."""
        _writes(person)
        now = self._clock()
        async with self._db.write() as conn:
            kept = await alerts.rule(conn, rule_id)
            if kept is None:
                raise Refused("no-alert-rule", "There is no such rule any more.")
            subject = next(iter(kept.rule.queues), "") or kept.name
            alert = await alerts.begin(conn, kept, subject, kept.rule.on, now, trial=True)
            await alerts.plan(conn, kept, alert, "began", alerts.whom(kept, 0), at=now, now=now)
        self._wake()

    async def acknowledge(self, person: Person, alert_id: int) -> None:
        """Somebody sees to it: it is not told again, and others learn who. Raises Refused.

        Whoever was told may, and who sets rules.
        """
        async with self._db.write() as conn:
            if not may(person, "alerts.write") and not await alerts.was_told(conn, alert_id, person.id):
                raise Refused("no-alert", "There is no such warning, or it did not go to you.")
            if not await alerts.acknowledge(conn, alert_id, person.id, self._clock()):
                raise Refused("alert-acked", "Somebody sees to it already.")
            notices = await alerts.taken(conn, alert_id, person, self._next_seq, self._clock())
        for user_id, notice in notices:
            await self._desktop.message(user_id, notice)


def _writes(person: Person) -> None:
    if not may(person, "alerts.write"):
        raise NotAllowed("Your role may not set warnings.")
