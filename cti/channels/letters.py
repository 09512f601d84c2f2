"""What the features see of the mail: a server that holds mailboxes, one that sends, and a reader of letters."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from cti.errors import ChannelError
from cti.messages.letter import Flags, FolderRole, Letter, Party
from cti.messages.outgoing import Outgoing

Security = Literal["tls", "starttls", "none"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mail server listens."""

    host: str
    port: int
    security: Security = "tls"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign in. secret: a password, or an access token that is still good. Never printed."""

    login: str
    secret: str
    oauth2: bool = False

    def __repr__(self) -> str:
        return "Credentials(...)"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as a mailbox gave it. received_at: as the mail server says, UNIX seconds."""

    mailbox_id: int
    folder_id: int
    role: FolderRole
    uid: int
    flags: Flags
    received_at: float
    letter: Letter


class LetterTaker(Protocol):
    """Who sees to letters that have come. It is told after they are stored; told again after a crash."""

    async def arrived(self, letter_ids: Sequence[int], *, history: bool) -> None:
        """New letters. history: of the first taking in; nobody is called to them."""
        ...


class MailServer(Protocol):
    """Mailboxes on their servers: what is done here is done there. Raises ChannelError (permanent: do not retry)."""

    async def flag(self, letter_id: int, flags: Flags, *, mailbox_id: int) -> None:
        """Let a letter stand so in this mailbox; its copies in others are other people's."""
        ...

    async def move(self, letter_id: int, role: FolderRole, *, mailbox_id: int) -> None:
        """Move a letter into a folder of this mailbox: archive, trash, junk, inbox."""
        ...

    async def file(
        self, mailbox_id: int, raw: bytes, role: FolderRole, flags: Flags, *, message_id: str, replaces: str = ""
    ) -> str:
        """Put a letter into a folder unless it lies there already; its place (UIDVALIDITY:UID), "" where that is not
        told. In Drafts, what it replaces goes: what lies in that place; where that is not known, what has its
        Message-ID. Another mail program may have left a newer one under the same.
        """
        ...

    async def remove_draft(self, mailbox_id: int, message_id: str, place: str = "") -> None:
        """Take a draft out of Drafts: what lies in its place; where that is not known, what has its Message-ID."""
        ...

    def drafts(self, mailbox_id: int) -> asyncio.Lock:
        """Held while a draft is filed and that is written down, or while Drafts are looked at."""
        ...

    async def source(self, letter_id: int) -> bytes:
        """The letter as the server has it."""
        ...


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An addressee whom a mail server did not take. code: of SMTP; said: its words, of its making.

    whole: it was the letter that was refused, not him.
    """

    address: str
    code: int
    said: str
    whole: bool = False

    @property
    def lasting(self) -> bool:
        """Whether trying again will not help."""
        return self.code >= 500


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a letter, addressee by addressee. unknown: it was handed over and no answer came.

    stopped: it was not handed over, for it may not leave any more.
    """

    accepted: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()
    said: str = ""
    stopped: bool = False


class LetterSender(Protocol):
    """Makes letters and hands them to mail servers."""

    async def compose(self, letter: Outgoing) -> bytes:
        """The letter as bytes. Raises ChannelError where it cannot be made."""
        ...

    def with_hidden(self, raw: bytes, people: Sequence[Party]) -> bytes:
        """The letter as its sender keeps it, with the hidden addressees."""
        ...

    async def send(
        self,
        mailbox_id: int,
        endpoint: Endpoint,
        credentials: Credentials,
        raw: bytes,
        *,
        sender: str,
        to: Sequence[str],
        may: Callable[[], Awaitable[bool]] | None = None,
    ) -> Delivery:
        """Hand a letter over. Raises ChannelError when it certainly was not: no connection, no sign-in.

        may: asked when all is ready, whether it may still leave; None: it may.
        """
        ...

    async def let_go(self) -> None:
        """Give back connections that nobody uses."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """How a letter is to be shown in its frame. html: "" for a letter of words. address: of its pictures and links.

    pictures: those from outside too. hides: numbers are hidden from who reads. fold: what a folded quotation is called.
    """

    text: str
    html: str
    address: str
    pictures: bool = False
    hides: bool = False
    fold: str = "…"


class LetterReader(Protocol):
    """Reads letters in a process of its own: nothing that comes can hold the loop or take the server with it."""

    async def read(self, raw: Path) -> Letter:
        """A letter; its files are in the folder of letters' files. Raises Poison with a code."""
        ...

    async def show(self, asked: Showing) -> str:
        """HTML for the frame of a letter. Raises Poison where it cannot be made in time."""
        ...


class Poison(Exception):
    """A letter that cannot be read. The argument is a code that says why, and nothing of the letter."""


class MailTrouble(ChannelError):
    """A mail server cannot be reached or does not let us in.

    code: password, app-password, oauth2, host, lookup, closed, silent, certificate, no-tls, no-imap, not-mail, quota,
    other (web/mail_texts.py says them). said: its own last words, one line, of their making and not to be believed.
    """

    def __init__(self, code: str, said: str = "", *, permanent: bool = False) -> None:
        super().__init__(code, permanent=permanent)
        self.code = code
        self.said = " ".join(said.split())[:200]

    @property
    def stored(self) -> str:
        """As a mailbox's row holds it."""
        return f"{self.code}|{self.said}" if self.said else self.code


class MailProbe(Protocol):
    """Tries a mailbox out. Raises MailTrouble. The address is looked up and judged before anything is connected to."""

    async def receiving(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Sign in to the server that holds the mailbox and out again."""
        ...

    async def sending(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Sign in to the server that sends and out again."""
        ...


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider gave. expires_at: of the access token, UNIX seconds."""

    access: str
    refresh: str
    expires_at: float

    def __repr__(self) -> str:
        return "Tokens(...)"


class TokenServer(Protocol):
    """The providers of OAuth2 that the settings name. Raises MailTrouble: permanent where a person has to let us in."""

    names: tuple[str, ...]

    def page(self, provider: str, *, state: str, verifier: str, back: str, login: str) -> str:
        """The address of the provider's page where a person lets us in."""
        ...

    async def exchange(self, provider: str, *, code: str, verifier: str, back: str) -> Tokens:
        """The tokens for what that page gave."""
        ...

    async def refresh(self, provider: str, refresh: str) -> Tokens:
        """New tokens for an old one."""
        ...


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture from outside. media_type: by what is in it."""

    media_type: str
    body: bytes


class PictureSource(Protocol):
    """Fetches pictures that letters name."""

    async def fetch(self, address: str) -> Picture:
        """A picture from the open internet. Raises ChannelError."""
        ...
