"""Sample letters: a shared mailbox and Anna's own one, with conversations of the sample clients.

The mailboxes are paused: nothing is sent or fetched for them. All addresses end in .example.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select

from cti.messages.letter import SNIPPET_CHARS, Attachment, Flags, Letter, Party
from cti.storage import conversations, letters
from cti.storage import mail_folders as folder_rows
from cti.storage.desktop_events import Connection
from cti.storage.mail_tables import mail_folders, mailbox_people, mailboxes
from cti.storage.tables import users

SHARED, ANNAS = "sales@trubka.example", "anna@trubka.example"
DAY, HOUR = 86400.0, 3600.0
ROLES = ("inbox", "sent", "drafts", "junk", "trash")
WRITERS = (
    ("Пётр Алхимов", "p.alhimov@alhimov.example"),
    ("Мария Рябова", "m.ryabova@alhimov.example"),
    ("Заказы «Гранит»", "zakaz@granit.example"),
    ("Мария Соколова", "m.sokolova@mail.example"),
    ("«Орион», склад", "orion@orion.example"),
    ("Ромашка", "hello@romashka.example"),
    ("Ольга, «Ромашка»", "olga@romashka.example"),
    ("Северный ветер", "sv@sv.example"),
    ("Игорь Незнакомов", "igor@novye-okna.example"),
)
SUBJECTS = (
    ("Прайс-лист на декабрь", "Пришлите, пожалуйста, свежий прайс-лист на декабрь. Интересуют позиции 4–12."),
    ("Счёт №{n}", "Добрый день! Не видим оплату по счёту №{n}. Подскажите, дошло ли письмо?"),
    ("Доставка в пятницу", "Можно ли привезти заказ в пятницу до обеда? Пропуск закажем сами."),
    ("Договор: замечания юриста", "Наш юрист прочитал договор, замечания во вложении. Когда можно созвониться?"),
    ("Рекламация по партии {n}", "В партии {n} не хватает двух коробок. Акт и фотографии во вложении."),
    ("Новый адрес склада", "С понедельника склад переезжает. Новый адрес: Кириши, Заводская, 5."),
    ("Вопрос по гарантии", "Здравствуйте! Какой срок гарантии на монтаж и куда обращаться зимой?"),
    ("Скидка на объём", "Если возьмём сразу двадцать единиц, какой будет цена?"),
)
ANSWERS = (
    "Добрый день! Отправляю, всё во вложении. Если будут вопросы, звоните.",
    "Спасибо, приняли. Ответим до вечера.",
)
AGAIN = ("Спасибо! Всё получили, посмотрим и вернёмся.", "Благодарю, тогда ждём в пятницу.")
FILES = ("Прайс-лист.txt", "Договор А-014.txt", "Акт.txt", "Список партии.txt")
FILE = "Образец вложения.\n".encode()
FILE_SHA = hashlib.sha256(FILE).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """A letter and where it lies."""

    letter: Letter
    role: str
    at: float
    seen: bool
    user: str = ""
    boxes: tuple[str, ...] = field(default=(SHARED,))


async def fill(conn: Connection, now: float, folder: Path, *, count: int = 90) -> list[int]:
    """The mailboxes with so many conversations; the ids of the letters, which are yet to be seen to.

    folder: of letters' files.
    """
    _keep_file(folder)
    folders = await _mailboxes(conn, now)
    people = {row.login: row.id for row in await conn.execute(select(users.c.login, users.c.id))}
    ours = await conversations.own_addresses(conn)
    made = []
    for uid, one in enumerate(sorted(_every(now, count), key=lambda sample: sample.at), 1):
        user_id = people.get(one.user)
        letter_id, _ = await letters.keep(conn, one.letter, received_at=one.at, ours=ours, user_id=user_id)
        for box in one.boxes:
            mailbox_id, folder_id = folders[box, one.role]
            await folder_rows.lie(conn, mailbox_id, folder_id, [(uid, letter_id, Flags(seen=one.seen))])
        made.append(letter_id)
    return made


def _keep_file(folder: Path) -> None:
    """The one text that all sample files hold."""
    place = folder / FILE_SHA[:2] / FILE_SHA
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.write_bytes(FILE)


async def _mailboxes(conn: Connection, now: float) -> dict[tuple[str, str], tuple[int, int]]:
    people = {row.login: row.id for row in await conn.execute(select(users.c.login, users.c.id))}
    host = {"imap_host": "mail.trubka.example", "smtp_host": "mail.trubka.example", "imap_port": 993, "smtp_port": 465}
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for address, name, kind, owner, target in (
        (SHARED, "Отдел продаж", "shared", None, 4 * 3600),
        (ANNAS, "Анна Белова", "personal", people.get("anna"), None),
    ):
        row = {"address": address, "name": name, "kind": kind, "owner_id": owner, "login": address, **host}
        row |= {"sender_name": name, "reply_target_s": target, "paused_at": now, "created_at": now}
        box = int((await conn.execute(insert(mailboxes).values(row).returning(mailboxes.c.id))).scalar_one())
        for login in ("anna", "boris") if kind == "shared" else ():
            if login in people:
                await conn.execute(insert(mailbox_people).values(mailbox_id=box, user_id=people[login]))
        for role in ROLES:
            folder = {"mailbox_id": box, "name": role.title(), "role": role}
            statement = insert(mail_folders).values(folder).returning(mail_folders.c.id)
            found[address, role] = (box, int((await conn.execute(statement)).scalar_one()))
    return found


def _every(now: float, count: int) -> Iterator[_Sample]:
    """Conversations of the last two months; the youngest are not read yet."""
    rng = random.Random(5)  # noqa: S311 - sample data
    for number in range(count):
        began = now - number * 0.6 * DAY - rng.random() * 5 * HOUR - HOUR
        name, address = WRITERS[number % len(WRITERS)]
        subject, text = SUBJECTS[number % len(SUBJECTS)]
        subject, text = subject.format(n=410 + number), text.format(n=410 + number)
        box = ANNAS if number % 7 == 3 else SHARED
        ids = [f"{number}-{step}@{address.partition('@')[2]}" for step in range(4)]
        young = number < 9
        files = (FILES[number % len(FILES)],) if number % 3 == 0 else ()
        yield _sample(ids[0], (name, address), box, subject, text, began, role="inbox", seen=not young, files=files)
        if young and number % 2 == 0:
            continue
        answer, again = ANSWERS[number % len(ANSWERS)], AGAIN[number % len(AGAIN)]
        us = ("Анна Белова", box)
        yield _sample(
            ids[1], us, box, f"Re: {subject}", answer, began + 0.4 * HOUR, role="sent", to=(name, address),
            parents=ids[:1], user="anna", files=FILES[:1] if number % 8 == 0 else (),
        )  # fmt: skip
        if number % 4 == 1:
            at = began + 0.8 * HOUR
            yield _sample(
                ids[2], (name, address), box, f"Re: {subject}", again, at, role="inbox", seen=not young, parents=ids[:2]
            )


def _sample(
    message_id: str,
    sender: tuple[str, str],
    box: str,
    subject: str,
    text: str,
    at: float,
    *,
    role: str,
    seen: bool = True,
    to: tuple[str, str] = ("Отдел продаж", SHARED),
    parents: list[str] | None = None,
    user: str = "",
    files: tuple[str, ...] = (),
) -> _Sample:
    if role == "inbox":
        to = ("", box)
    signed = f"{text}\n\nС уважением,\n{sender[0]}"
    people = (
        Party(role="from", name=sender[0], address=sender[1], folded=sender[1]),
        Party(role="to", name=to[0], address=to[1], folded=to[1]),
    )
    letter = Letter(
        message_id=message_id,
        sha256=hashlib.sha256(message_id.encode()).hexdigest(),
        subject=subject,
        people=people,
        sent_at=at,
        size=len(signed.encode()) + 800,
        text=signed,
        snippet=text[:SNIPPET_CHARS],
        in_reply_to=parents[-1] if parents else "",
        references=tuple(parents or ()),
        files=tuple(Attachment(name=one, media_type="text/plain", size=len(FILE), sha256=FILE_SHA) for one in files),
    )
    return _Sample(letter=letter, role=role, at=at, seen=seen, user=user, boxes=(box,))
