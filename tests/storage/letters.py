"""Letters for tests: mailboxes with folders, and letters that come into them as an arrival keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert

from cti.messages.letter import Attachment, Letter, Party
from cti.storage import conversations, letters
from cti.storage.database import Database
from cti.storage.mail_tables import letter_places, mail_folders, mailbox_people, mailboxes

SALES, ANNAS = "sales@house.example", "anna@house.example"
_HOSTS = {"imap_host": "mail.house.example", "imap_port": 993, "smtp_host": "mail.house.example", "smtp_port": 465}


async def add_mailbox(
    db: Database,
    address: str,
    *,
    name: str = "",
    owner_id: int | None = None,
    people: Sequence[int] = (),
    target_s: int | None = None,
    folders: Sequence[str] = ("inbox", "sent", "drafts", "junk"),
) -> tuple[int, dict[str, int]]:
    """A mailbox; its id and its folders by role. owner_id: of a personal one."""
    row = {
        "name": name or address, "address": address, "kind": "shared" if owner_id is None else "personal",
        "owner_id": owner_id, "login": address, "reply_target_s": target_s, "created_at": 0.0, **_HOSTS,
    }  # fmt: skip
    async with db.write() as conn:
        box = int((await conn.execute(insert(mailboxes).values(row).returning(mailboxes.c.id))).scalar_one())
        for user_id in people:
            await conn.execute(insert(mailbox_people).values(mailbox_id=box, user_id=user_id))
        made = {}
        for role in folders:
            folder = {"mailbox_id": box, "name": role.title(), "role": role}
            statement = insert(mail_folders).values(folder).returning(mail_folders.c.id)
            made[role] = int((await conn.execute(statement)).scalar_one())
    return box, made


@dataclass(kw_only=True)
class Post:
    """Brings letters into one mailbox's folders; each a minute after the one before unless it says when."""

    db: Database
    mailbox_id: int
    folders: dict[str, int]
    at: float = 1_700_000_000.0
    uid: int = field(default=0)

    async def bring(
        self,
        message_id: str,
        *,
        sender: str = "pyotr@mail.example",
        to: Sequence[str] = (SALES,),
        subject: str = "Счёт",
        text: str = "Здравствуйте!",
        parents: Sequence[str] = (),
        role: str = "inbox",
        seen: bool = False,
        automatic: str = "",
        outlook: str = "",
        files: Sequence[str] = (),
        at: float | None = None,
        user_id: int | None = None,
    ) -> int:
        """A letter that lies there now; its id."""
        self.uid += 1
        self.at = self.at + 60.0 if at is None else at
        people = [Party(role="from", name=sender.split("@")[0].title(), address=sender, folded=sender)]
        people += [Party(role="to", name="", address=one, folded=one) for one in to]
        letter = Letter(
            message_id=message_id,
            sha256=message_id.ljust(64, "0")[:64],
            subject=subject,
            people=tuple(people),
            sent_at=self.at,
            size=1000,
            text=text,
            snippet=text[:200],
            in_reply_to=parents[-1] if parents else "",
            references=tuple(parents),
            outlook_id=outlook,
            automatic=automatic,  # type: ignore[arg-type]
            files=tuple(Attachment(name=one, media_type="application/pdf", size=9, sha256="f" * 64) for one in files),
        )
        async with self.db.write() as conn:
            ours = await conversations.own_addresses(conn)
            made, _ = await letters.keep(conn, letter, received_at=self.at, ours=ours, user_id=user_id)
            place = {"folder_id": self.folders[role], "uid": self.uid, "mailbox_id": self.mailbox_id}
            await conn.execute(insert(letter_places).values(letter_id=made, seen=seen, **place))
        return made
