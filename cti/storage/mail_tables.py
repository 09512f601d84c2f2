"""Letters: mailboxes with their folders, letters with who and what is in them, and the conversations they make.

A letter is one row however many mailboxes and folders it lies in (`letter_places`). The mailbox on the mail server is
the truth: places, and the flags of a place, follow it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cti.storage.schema import metadata

LETTERS_THEIRS = "direction = 'in' AND automatic = ''"  # what persons wrote: 0074_answers.py

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),  # as people call it
    Column("address", String(254), nullable=False, unique=True),  # folded
    Column("sender_name", String(120), nullable=False, server_default=""),
    Column("kind", String(8), nullable=False),  # personal | shared
    Column("owner_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),  # of a personal one
    Column("imap_host", String(253), nullable=False),
    Column("imap_port", Integer, nullable=False),
    Column("imap_security", String(8), nullable=False, server_default="tls"),  # tls | starttls | none
    Column("smtp_host", String(253), nullable=False),
    Column("smtp_port", Integer, nullable=False),
    Column("smtp_security", String(8), nullable=False, server_default="tls"),
    Column("login", String(254), nullable=False),
    Column("auth", String(8), nullable=False, server_default="password"),  # password | oauth2
    Column("provider", String(16), nullable=False, server_default=""),  # of OAuth2: google | microsoft | other
    Column("secret", Text, nullable=False, server_default=""),  # ciphertext: a password, or the JSON of OAuth2
    Column("files_sent", String(8), nullable=False, server_default="auto"),  # who puts into Sent: auto | server | us
    Column("history_months", Integer, nullable=False, server_default="12"),
    Column("signature", Text, nullable=False, server_default=""),  # HTML
    Column("reply_target_s", Integer),  # working seconds until an answer; None: not measured
    Column("hours", String(11), nullable=False, server_default=""),  # 09:00-18:00, when it is answered; "": the house's
    Column("weekdays", String(7), nullable=False, server_default=""),  # of its own hours: 1 is Monday
    Column("time_zone", String(64), nullable=False, server_default=""),  # of its hours; "": the house's
    Column("assigns", Boolean, nullable=False, server_default="1"),  # whether new conversations are given to somebody
    Column("paused_at", Float),
    Column("trouble", String(400), nullable=False, server_default=""),  # a sentence; "": none
    Column("trouble_at", Float),
    Column("seen_at", Float),  # when it was last found in order
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Float, nullable=False),
    CheckConstraint("kind in ('personal', 'shared')", name="kind"),
)

mailbox_people = Table(
    "mailbox_people",
    metadata,
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)

mailbox_removals = Table(  # mailboxes that are being removed, with how far it is
    "mailbox_removals",
    metadata,
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("letters", Boolean, nullable=False),  # with those that lie in no other
    Column("total", Integer, nullable=False),  # places of letters
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("at", Float, nullable=False),
)

mail_folders = Table(
    "mail_folders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(400), nullable=False),  # decoded, whole path
    Column("role", String(8), nullable=False, server_default="other"),  # inbox sent drafts trash junk archive other
    Column("uidvalidity", BigInteger, nullable=False, server_default="0"),
    Column("last_uid", BigInteger, nullable=False, server_default="0"),  # taken in up to here
    Column("modseq", BigInteger, nullable=False, server_default="0"),  # flags known up to here; 0: not offered
    Column(
        "history_uid", BigInteger, nullable=False, server_default="0"
    ),  # taken in down to here; 1: all, 0: not begun
    Column("history_months", Integer, nullable=False, server_default="0"),  # so many of them are wanted
    Column("total", Integer, nullable=False, server_default="0"),  # to be taken in of the history
    Column("taken", Integer, nullable=False, server_default="0"),
    Column("gone_at", Float),
    UniqueConstraint("mailbox_id", "name"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="SET NULL")),  # where it began here
    Column("subject", String(400), nullable=False, server_default=""),
    Column("subject_key", String(200), nullable=False, server_default=""),  # folded, without Re: and Fwd:
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL"), index=True),
    Column("contact_id", ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("owner_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("owner_why", String(400), nullable=False, server_default=""),  # JSON: code and what it names
    Column("state", String(8), nullable=False, server_default="new"),  # new | work | waiting | done
    Column("state_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),  # of its latest letter
    Column("asked_at", Float),  # the first letter of theirs that nobody has answered; None: all are answered
    Column("due_at", Float),  # when the answer is due
    Column("letters", Integer, nullable=False, server_default="0"),
    Column("answering_id", ForeignKey("users.id", ondelete="SET NULL")),  # who writes an answer now
    Column("answering_until", Float),
    Column("merged_into", Integer),  # conversation that took its letters
    Column("by_hand", Boolean, nullable=False, server_default="0"),  # somebody split it: nothing is joined by itself
    CheckConstraint("state in ('new', 'work', 'waiting', 'done')", name="state"),
    Index(None, "mailbox_id", "state", "last_at"),
    Index(None, "owner_id", "state", "last_at"),
)

letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String(400), nullable=False),  # without <>; made of the letter's hash where it has none
    Column("sha256", String(64), nullable=False),  # of what makes it this letter: see messages/letter.py
    Column("direction", String(3), nullable=False),  # in | out
    Column("subject", String(400), nullable=False, server_default=""),
    Column("sender", String(254), nullable=False, server_default=""),  # folded address
    Column("sender_name", String(200), nullable=False, server_default=""),
    Column("sent_at", Float, nullable=False),  # as it says itself, where that is believable
    Column("received_at", Float, nullable=False),  # as the mail server says
    Column("size", Integer, nullable=False),
    Column("snippet", String(200), nullable=False, server_default=""),
    Column("files", Integer, nullable=False, server_default="0"),
    Column("automatic", String(8), nullable=False, server_default=""),  # reply | list | bounce | "": a person
    Column("quiet", Boolean, nullable=False, server_default="0"),  # no program may answer it
    Column("oddities", String(200), nullable=False, server_default=""),  # codes of what was wrong with it
    Column("in_reply_to", String(400), nullable=False, server_default=""),
    Column("thread_refs", Text, nullable=False, server_default=""),  # message ids, the oldest first, by spaces
    Column("outlook_id", String(44), nullable=False, server_default=""),  # its conversation, of Thread-Index
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL"), index=True),  # None: not yet seen to
    Column("conversation_why", String(400), nullable=False, server_default=""),  # JSON: code and what it names
    Column("client_id", ForeignKey("clients.id", ondelete="SET NULL")),
    Column("contact_id", ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("client_why", String(400), nullable=False, server_default=""),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL")),  # who wrote it here
    Column(
        "shared", Boolean, nullable=False, server_default="0"
    ),  # lay in a shared mailbox once: its client's for good
    UniqueConstraint("message_id", "sha256"),
    CheckConstraint("direction in ('in', 'out')", name="direction"),
    Index(None, "client_id", "sent_at"),
    Index(None, "sent_at"),
    Index(None, "sender", "sent_at"),
    *(
        Index(f"ix_letters_{name}", "conversation_id", at, "id", sqlite_where=text(some), postgresql_where=text(some))
        for name, at, some in (
            ("theirs", "received_at", LETTERS_THEIRS),
            ("ours", "sent_at", "direction = 'out' AND automatic = ''"),
        )
    ),
)

conversation_boxes = Table(  # in whose lists a conversation stands
    "conversation_boxes",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(8), nullable=False),  # these two: the conversation's
    Column("last_at", Float, nullable=False),
    Index(None, "mailbox_id", "last_at", "conversation_id"),
    Index(None, "mailbox_id", "state", "last_at", "conversation_id"),
)

letter_refs = Table(  # by what letters are found to be of one conversation: cti/messages/conversations.py
    "letter_refs",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "letter_id",
        ForeignKey("letters.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    sqlite_with_rowid=False,
)

# By which letters are found (storage/letter_search.py); its keys rise with time; each engine has its own index over it.
letter_words = Table(
    "letter_words",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), nullable=False, index=True, unique=True),
    Column("words", Text, nullable=False),
)

letter_people = Table(
    "letter_people",
    metadata,
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("role", String(8), nullable=False),  # from | reply-to | to | cc | bcc
    Column("name", String(200), nullable=False, server_default=""),
    Column("address", String(254), nullable=False),
    Column("folded", String(254), nullable=False, index=True),
)

letter_bodies = Table(
    "letter_bodies",
    metadata,
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False, server_default=""),
    Column("html", Text, nullable=False, server_default=""),  # as it came: cleaned each time it is shown
    Column("calendar", Text, nullable=False, server_default=""),  # iCalendar of an invitation
)

letter_files = Table(
    "letter_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),  # its name in the folder of letters' files
    Column("content_id", String(255), nullable=False, server_default=""),
    Column("inline", Boolean, nullable=False, server_default="0"),
)

letter_places = Table(
    "letter_places",
    metadata,
    Column("folder_id", ForeignKey("mail_folders.id", ondelete="CASCADE"), primary_key=True),
    Column("uid", BigInteger, primary_key=True),  # below 0: on its way there, by the id of its wish
    Column("mailbox_id", Integer, nullable=False),
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("seen", Boolean, nullable=False, server_default="0"),
    Column("flagged", Boolean, nullable=False, server_default="0"),
    Column("answered", Boolean, nullable=False, server_default="0"),
    Index(None, "mailbox_id", "seen"),
)

parked_letters = Table(
    "parked_letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
    Column("folder_id", ForeignKey("mail_folders.id", ondelete="CASCADE"), nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("why", String(200), nullable=False),  # code; nothing of the letter
    Column("size", Integer, nullable=False, server_default="0"),
    Column("at", Float, nullable=False),
    UniqueConstraint("folder_id", "uid"),
)

mail_wishes = Table(  # what was done here and is still to be done on the mail server
    "mail_wishes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox_id", ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),  # mark | move
    Column("given", Text, nullable=False),  # JSON: the flags; or where it lay and where it goes
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("at", Float, nullable=False),
    Index(None, "mailbox_id", "id"),
)
