"""Contact persons and contracts of the sample clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cti.clients.card import Phone
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.storage import contacts, contracts, directories
from cti.storage.desktop_events import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleContact:
    """A contact person. roles: client's name -> role."""

    name: str
    typed: str
    e164: str
    roles: dict[str, str]
    email: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleContract:
    """A contract. begun, ends: days before and after today; roubles: whole ones."""

    client: str
    number: str
    begun: int
    ends: int
    state: str
    roubles: int


PERSONS = (
    SampleContact(
        name="Рябова Мария Игоревна",
        typed="+7 935 555-01-44",
        e164="+79355550144",
        roles={"Алхимов": "Бухгалтер", "Ромашка": "Бухгалтер"},
        email="m.ryabova@alhimov.example",
        note="Ведёт учёт обеих компаний, звонить после обеда.",
    ),
    SampleContact(
        name="Алхимов Пётр Сергеевич",
        typed="+7 935 555-01-45",
        e164="+79355550145",
        roles={"Алхимов": "Директор"},
        email="p.alhimov@alhimov.example",
    ),
    SampleContact(
        name="Громов Иван", typed="+7 935 555-02-33", e164="+79355550233", roles={"Гранит-Сервис": "Снабжение"}
    ),
)
CONTRACTS = (
    SampleContract(client="Алхимов", number="А-014", begun=345, ends=20, state="Действует", roubles=1_250_000),
    SampleContract(client="Алхимов", number="А-003", begun=800, ends=-70, state="Исполнен", roubles=480_000),
    SampleContract(client="Гранит-Сервис", number="ГС-2/1", begun=100, ends=265, state="Действует", roubles=3_900_000),
    SampleContract(client="Ромашка", number="Р-7", begun=12, ends=353, state="Проект", roubles=75_500),
    SampleContract(client="Северный ветер", number="СВ-31", begun=200, ends=5, state="Действует", roubles=640_000),
)


async def fill(conn: Connection, made: dict[str, int], now: float) -> None:
    """Contact persons and contracts of the sample clients. made: id by client's name; now: UNIX seconds."""
    for person in PERSONS:
        roles = {made[name]: await directories.named(conn, "contact-role", role) for name, role in person.roles.items()}
        phone = Phone(typed=person.typed, e164=person.e164, label="мобильный")
        draft = ContactDraft(
            name=person.name,
            note=person.note,
            phones=(phone,),
            emails=(person.email,) if person.email else (),
            roles=roles,
        )
        await contacts.add(conn, draft, now)
    today = datetime.fromtimestamp(now, UTC).date()
    for one in CONTRACTS:
        begun = (today - timedelta(days=one.begun)).isoformat()
        draft_of_contract = ContractDraft(
            number=one.number,
            signed_on=begun,
            begins_on=begun,
            ends_on=(today + timedelta(days=one.ends)).isoformat(),
            state_id=await directories.named(conn, "contract-state", one.state),
            amount=one.roubles * 100,
        )
        await contracts.add(conn, made[one.client], draft_of_contract, now)
    await contacts.relink(conn, made.values())
