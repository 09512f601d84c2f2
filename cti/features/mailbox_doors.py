"""Doors of mailboxes: their secrets, sealed with the installation's key, and the way in by a provider's own page.

A secret is told to nobody again; what signs in asks for `credentials`. OAuth2 is the authorisation code with PKCE
(RFC 7636): the state is used once, by the person who began, within ten minutes. A token is renewed before it expires;
a provider that refuses to is told as a trouble of the mailbox.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from cti.access import Person
from cti.channels.letters import Credentials, MailTrouble, Tokens, TokenServer
from cti.errors import NotAllowed, Refused
from cti.storage import mailboxes, sessions
from cti.storage.database import Database
from cti.storage.mailboxes import Mailbox

STATE_S = 600.0
AHEAD_S = 300.0  # a token that expires sooner is renewed
MOST_BEGUN = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Begun:
    user_id: int
    mailbox_id: int
    provider: str
    verifier: str
    back: str
    until: float


class MailboxDoors:
    """All of it. key: Fernet key of secrets at rest; changed: told of a mailbox that can be opened now."""

    def __init__(
        self,
        *,
        db: Database,
        key: bytes,
        tokens: TokenServer,
        clock: Callable[[], float],
        changed: Callable[[int], None] = lambda mailbox_id: None,
    ) -> None:
        self._db = db
        self._box = Fernet(key)
        self._tokens = tokens
        self._clock = clock
        self.changed = changed
        self._begun: dict[str, _Begun] = {}
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def providers(self) -> tuple[str, ...]:
        """Whose own sign-in page opens mailboxes here."""
        return self._tokens.names

    def seal(self, secret: str) -> str:
        """A secret as it is stored."""
        return self._box.encrypt(secret.encode()).decode()

    async def credentials(self, mailbox_id: int) -> Credentials:
        """How to sign in to a mailbox now. Raises MailTrouble (permanent) where a person has to do something first."""
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, mailbox_id)
            sealed = await mailboxes.secret_of(conn, mailbox_id)
        if mailbox is None:
            raise MailTrouble("other", "removed", permanent=True)
        secret = self._opened(sealed, mailbox)
        if mailbox.auth == "password":
            return Credentials(login=mailbox.login, secret=secret)
        return Credentials(login=mailbox.login, secret=await self._access(mailbox, secret), oauth2=True)

    def _opened(self, sealed: str, mailbox: Mailbox) -> str:
        wanted = "oauth2" if mailbox.auth == "oauth2" else "password"
        if not sealed:
            raise MailTrouble(wanted, permanent=True)
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:  # the key of the installation is another one now
            raise MailTrouble(wanted, permanent=True) from None

    async def _access(self, mailbox: Mailbox, secret: str) -> str:
        """An access token that is still good; one request renews it, however many ask."""
        tokens = _tokens(secret)
        if tokens.expires_at - self._clock() > AHEAD_S:
            return tokens.access
        async with self._turns[mailbox.id]:
            async with self._db.read() as conn:
                tokens = _tokens(self._opened(await mailboxes.secret_of(conn, mailbox.id), mailbox))
            if tokens.expires_at - self._clock() > AHEAD_S:
                return tokens.access
            fresh = await self._tokens.refresh(mailbox.provider, tokens.refresh)
            await self._keep(mailbox.id, fresh)
        return fresh.access

    async def _keep(self, mailbox_id: int, tokens: Tokens) -> None:
        sealed = self.seal(msgspec.json.encode(tokens).decode())
        async with self._db.write() as conn:
            await mailboxes.keep_secret(conn, mailbox_id, sealed)

    async def begin(self, actor: Person, mailbox_id: int, back: str) -> str:
        """The provider's page where the person lets us in; it sends him back to `back`. Raises Refused, NotAllowed."""
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, mailbox_id)
        if mailbox is None:
            raise Refused("unknown", "There is no such mailbox.")
        if not mailbox.is_set_by(actor):
            raise NotAllowed("This mailbox is somebody else's.")
        if mailbox.auth != "oauth2" or mailbox.provider not in self.providers:
            raise Refused("no-provider", "This provider is not set up here.")
        now = self._clock()
        self._begun = {state: one for state, one in self._begun.items() if one.until > now}
        if len(self._begun) >= MOST_BEGUN:
            raise Refused("too-often", "Too many sign-ins at once; wait some minutes.")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        self._begun[state] = _Begun(
            user_id=actor.id,
            mailbox_id=mailbox_id,
            provider=mailbox.provider,
            verifier=verifier,
            back=back,
            until=now + STATE_S,
        )
        return self._tokens.page(mailbox.provider, state=state, verifier=verifier, back=back, login=mailbox.login)

    async def finish(self, actor: Person, state: str, code: str) -> int:
        """The person came back with a code: the mailbox is open; its id. Raises Refused, MailTrouble."""
        begun = self._begun.pop(state, None)
        if begun is None or begun.user_id != actor.id or begun.until <= self._clock() or not code:
            raise Refused("bad-state-of-sign-in", "This sign-in is too old, or was not begun here: begin again.")
        tokens = await self._tokens.exchange(begun.provider, code=code, verifier=begun.verifier, back=begun.back)
        await self._keep(begun.mailbox_id, tokens)
        async with self._db.write() as conn:
            await mailboxes.found_well(conn, begun.mailbox_id, self._clock())
            await sessions.note(conn, self._clock(), actor.id, "mailbox-open", f"mailbox:{begun.mailbox_id}")
        self.changed(begun.mailbox_id)
        return begun.mailbox_id


def _tokens(secret: str) -> Tokens:
    try:
        return msgspec.json.decode(secret, type=Tokens)
    except msgspec.DecodeError:  # a password from before it was opened so
        raise MailTrouble("oauth2", permanent=True) from None
