"""A letter that has been read: what every part of Trubka works with, whatever the server sent and however broken.

Texts hold no control characters but line ends and tabs, and no lone surrogates; addresses are folded (lower case, IDNA
as it was written); every length is within what the tables hold. Times are UNIX seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SUBJECT_CHARS, NAME_CHARS, ADDRESS_CHARS, ID_CHARS, SNIPPET_CHARS = 400, 200, 254, 400, 200
REFERENCES_MOST = 50
PEOPLE_MOST = 500  # of one letter; the rest is cut and said by an oddity
Role = Literal["from", "reply-to", "to", "cc", "bcc"]
Automatic = Literal["", "reply", "list", "bounce"]
FolderRole = Literal["inbox", "sent", "drafts", "trash", "junk", "archive", "other"]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a letter's head. address: as written; folded: as it is looked for."""

    role: Role
    name: str
    address: str
    folded: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a letter; what is in it lies in the folder of letters' files under its sha256.

    name: without path, control and direction characters. media_type: by its content where that is known, never taken
    from the letter alone. inline: the text shows it by its content_id.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    content_id: str = ""
    inline: bool = False


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail server says of a letter that could not be delivered. message_id: of that letter, "" for unknown."""

    address: str
    lasting: bool
    why: str
    message_id: str = ""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter. message_id: without <>, made of sha256 where the letter has none.

    sha256: of sender, date, subject and what its parts hold: the same letter in two mailboxes has the same one, however
    it travelled. sent_at: None where it says none, or none that can be. oddities: codes of what was wrong.
    """

    message_id: str
    sha256: str
    subject: str
    people: tuple[Party, ...]
    sent_at: float | None
    size: int
    text: str
    html: str = ""
    calendar: str = ""
    snippet: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    outlook_id: str = ""  # its conversation as Outlook has it: messages/conversations.py
    automatic: Automatic = ""
    files: tuple[Attachment, ...] = ()
    bounces: tuple[Bounce, ...] = ()
    oddities: tuple[str, ...] = ()
    quiet: bool = False  # no program may answer it

    @property
    def sender(self) -> Party | None:
        """Whose letter it is; None for one that does not say."""
        return next((one for one in self.people if one.role == "from"), None)


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """How a letter stands in a folder."""

    seen: bool = False
    flagged: bool = False
    answered: bool = False
