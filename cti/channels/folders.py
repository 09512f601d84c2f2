"""What the features see of one mailbox on its server: folders, what lies in them, and a link that waits for news.

What a `Box` does blocks; it is done by `MailboxLink.ask`, in the link's own thread, one thing after another. UIDs mean
something together with their folder's UIDVALIDITY alone (RFC 9051).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from cti.channels.letters import Credentials, Endpoint
from cti.messages.letter import Flags, FolderRole

Got = TypeVar("Got")
MADE: dict[FolderRole, str] = {  # what a folder is called where there is none for a purpose
    "sent": "Sent", "drafts": "Drafts", "trash": "Trash", "junk": "Junk", "archive": "Archive",
}  # fmt: skip


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as its server has it now. modseq 0: the server counts no changes."""

    name: str
    role: FolderRole
    uidvalidity: int
    uidnext: int
    messages: int
    modseq: int = 0


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A letter in a folder, before it is read. message_id: without <>, "" for none. gone: marked to be deleted."""

    uid: int
    flags: Flags
    received_at: float
    size: int
    message_id: str
    gone: bool = False


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of letters. gone None: the server does not tell, compare; in flags: all, or those that changed."""

    flags: Mapping[int, Flags]
    gone: frozenset[int] | None


class Box(Protocol):
    """A mailbox that is open. Raises ChannelError: permanent where the server refuses, else the link is broken.

    files_sent: whether the server puts what it sends into Sent itself; full: whether it takes hardly more.
    """

    files_sent: bool

    def folders(self) -> list[Folder]:
        """Those that are followed, the inbox first."""
        ...

    def folder(self, name: str, role: FolderRole) -> Folder:
        """One of them."""
        ...

    def entered(self, name: str, role: FolderRole) -> Folder:
        """One of them, as it is opened: a large one is then looked through once and not twice."""
        ...

    def uids(self, folder: str, low: int, uidnext: int, *, since: float | None = None) -> list[int]:
        """What lies in it from `low` on, below `uidnext`; rising. since: that came then or later, to the day."""
        ...

    def heads(self, folder: str, uids: Sequence[int]) -> list[Head]:
        """Of those that are there still, rising by UID."""
        ...

    def changes(self, folder: str, modseq: int, low: int) -> Changes:
        """Since modseq; 0: all flags of UIDs from `low` on."""
        ...

    def save(self, folder: str, files: Mapping[int, tuple[int, Path]]) -> list[int]:
        """Write letters into files: by UID, with their sizes. The UIDs of those that were there still."""
        ...

    def mark(self, folder: str, uids: Sequence[int], flags: Flags) -> None:
        """Let them stand so."""
        ...

    def move(self, folder: str, uids: Sequence[int], to: str) -> Mapping[int, int]:
        """Move them; the new UIDs by the old ones, as far as the server tells."""
        ...

    def append(self, folder: str, raw: bytes, flags: Flags, *, draft: bool = False) -> int | None:
        """Put a letter there; its UID where the server tells it."""
        ...

    def find(self, folder: str, message_id: str) -> list[int]:
        """UIDs of letters with this Message-ID (without <>)."""
        ...

    def delete(self, folder: str, uids: Sequence[int]) -> None:
        """Delete for good."""
        ...

    def create(self, folder: str) -> None:
        """A new folder."""
        ...

    def full(self) -> bool: ...


class MailboxLink(Protocol):
    """A link to one mailbox, closed until it is opened. Raises MailTrouble."""

    async def open(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Connect and sign in."""
        ...

    async def ask(self, work: Callable[[Box], Got]) -> Got:
        """Do something with the open mailbox, after what was asked before."""
        ...

    async def wait(self, seconds: float) -> bool:
        """Until something happens in the inbox, `wake` is called or the time is over; whether it happened there."""
        ...

    def wake(self) -> None: ...

    async def close(self) -> None: ...


def in_pieces(uids: Iterable[int], size: int) -> list[list[int]]:
    """The UIDs in lists no longer than size."""
    every = list(uids)
    return [every[at : at + size] for at in range(0, len(every), size)]
