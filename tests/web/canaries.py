"""A base with a telephone number in every place where one may stand, each with its own digits, and a look for them."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from cti.access import ROLES, Person
from cti.clients.card import ClientDraft, Phone, Place
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.clients.filters import Condition
from cti.clients.properties import Property
from cti.clients.segments import Group
from cti.clients.tasks import TaskDraft
from cti.features.client_files import Brought
from cti.storage import calls, duplicates, traces, views
from cti.storage.desktop_events import Connection
from cti.storage.traces import Step
from cti.telephony.events import CallRecord, LegRecord, Party
from tests.channels.email.post import parts
from tests.web.mailbag import file_of, put
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, BORIS, PAVEL, Panel

ADMIN = Person(id=PAVEL, login="pavel", name="Pavel", role="admin")
CODE = "935"
NAMED = "caller's name"
LAST = {  # where it stands -> the last seven digits of the number there
    "phone": "5557319", "unreadable phone": "5557428", "contact": "5558537", "unknown caller": "5558646",
    "note": "5559755", "property": "5559864", "phone before": "5556173", "messenger": "5556282", "name": "5556391",
    "e-mail": "5554517", "file": "5554626", "contract": "5554735", "note to a call": "5554844",
    NAMED: "5553953", "view": "5553162", "segment": "5553271", "label": "5553380", "twin": "5557913",
    "contact's note": "5552814", "refused row": "5552725", "task": "5551936", "note on the client": "5551847",
    "letter": "5551019", "letter's subject": "5551128", "letter's file": "5551346", "letter's sender": "5551455",
}  # fmt: skip
_BETWEEN = r"[^0-9A-Za-z]{0,4}"
PATTERNS = {where: re.compile(_BETWEEN.join(digits)) for where, digits in LAST.items()}


def found(text: str) -> list[str]:
    """The places whose numbers can be read in a text, in any spelling."""
    return [where for where, pattern in PATTERNS.items() if pattern.search(text)]


def unpacked(body: bytes) -> str:
    """All the text of an answer, of an archive that of its members."""
    if not body.startswith(b"PK"):
        return body.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def e164(where: str) -> str:
    return f"+7{CODE}{LAST[where]}"


def spelled(where: str) -> str:
    """As people write it: 8 (935) 555-73-19."""
    last = LAST[where]
    return f"8 ({CODE}) {last[:3]}-{last[3:5]}-{last[5:]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """What the base holds, for the paths of routes."""

    client: int
    twin: int
    contact: int
    contract: int
    file: int
    segment: int
    prop: int
    batch: str
    letter: int
    letter_file: int
    call: str = "canary-in"


async def fill(panel: Panel) -> Ids:
    """Numbers everywhere, as people and the PBX put them there."""
    services = panel.services
    base = services.client_base
    prop = await services.catalogue.add_property(ADMIN, Property(id=0, name="Как звонить", kind="text", in_pop=True))
    draft = ClientDraft(
        name=f"Алхимов {spelled('name')}",
        note=f"Ночью звонить {spelled('note')}, не раньше 23.11.2026",
        phones=(
            Phone(typed=spelled("phone before"), label=f"был {spelled('label')}"),
            Phone(typed=f"вечером {LAST['unreadable phone']}"),
        ),
        emails=(f"7{CODE}{LAST['e-mail']}@mail.example",),
        places=(Place(kind="whatsapp", value=e164("messenger")),),
        values={prop: f"через {spelled('property')}"},
    )
    client = await base.create(ADMIN, draft)
    phones = (Phone(typed=f"{spelled('phone')} доб. 12", label="рабочий"), draft.phones[1])
    await base.change(ADMIN, client, ClientDraft(**{**_fields(draft), "phones": phones}), 1)
    twin_phones = (Phone(typed=spelled("phone")), Phone(typed=spelled("twin")))
    twin = await base.create(ADMIN, ClientDraft(name=f"Алхимов {spelled('name')}", phones=twin_phones))
    contact = await services.contacts.add(
        ADMIN,
        ContactDraft(
            name="Рябова",
            note=spelled("contact's note"),
            phones=(Phone(typed=spelled("contact")),),
            roles={client: None},
        ),
    )
    contract = await services.contracts.add(ADMIN, client, ContractDraft(number="17", note=spelled("contract")))
    path = await services.files.place()
    path.write_bytes(b"scan")
    brought = Brought(path=path, name=f"скан {spelled('file')}.pdf", size=4, sha256="0" * 64)
    file = await services.files.keep(ADMIN, client, brought)
    asked = Condition(field="phones", op="contains", value=LAST["segment"])
    segment = await services.segments.save(ADMIN, "Свои", Group(conditions=[asked]))
    batch = await services.bulk_changes.begin(ADMIN, {"note": f"Теперь звонить {spelled('note')}"}, ids=[client])
    letter = await put(panel, await a_mailbox(panel, ANNA, PAVEL), _letter(), client_id=client)
    await services.tasks.add(ADMIN, client, TaskDraft(what=f"Позвонить {spelled('task')}", owner_id=ANNA))
    await services.tasks.note(ADMIN, client, f"Сказали звонить {spelled('note on the client')}")
    async with services.db.write() as conn:
        state = f'{{"q": "{spelled("view")}", "columns": ["phones"]}}'
        await views.keep(conn, BORIS, "Общий", state, "all", 1.0)
        found_pairs, _ = await duplicates.look(conn, [client, twin])
        await duplicates.keep(conn, found_pairs, (), 1.0)
        for user_id in (ANNA, BORIS):
            await calls.set_note(conn, "canary-in", user_id, f"перезвонить {spelled('note to a call')}", 5.0)
        args = {"number": e164("unknown caller"), "rule": "national"}
        await traces.add(conn, [Step(call_id="canary-in", at=1.0, step="number-read", args=args)])
        await _calls(conn, panel, client)
    return Ids(
        client=client,
        twin=twin,
        contact=contact,
        contract=contract,
        file=file,
        segment=segment,
        prop=prop,
        batch=batch,
        letter=letter,
        letter_file=await file_of(panel, letter),
    )


def _letter() -> bytes:
    """A letter of HTML, with a file."""
    text, subject, file, sender = (f"letter{one}" for one in ("", "'s subject", "'s file", "'s sender"))
    html = f"<p>Звоните {spelled(text)}</p><a href='tel:{e164(text)}'>сюда</a>"
    return parts(
        f"Content-Type: text/html; charset=utf-8\n\n{html}",
        f'Content-Type: text/plain; name="{spelled(file)}.txt"\n\nx',
        head=f"From: 7{CODE}{LAST[sender]}@mail.example\nSubject: {spelled(subject)}\n",
    )


async def _calls(conn: Connection, panel: Panel, client: int) -> None:
    """One from somebody unknown that nobody took, one to the client."""
    now = panel.services.clock()
    unknown = f"7{CODE}{LAST['unknown caller']}"
    name = f"Ivan {spelled(NAMED)}"
    rang = LegRecord(leg="PJSIP/101-1", leg_id="l1", device="PJSIP/101", rang=now - 60, result="no-answer")
    through = LegRecord(leg=f"Local/{unknown}@out-0001;1", leg_id="l2", device=f"Local/{unknown}@out", rang=now - 60)
    lost = CallRecord(
        call="canary-in", direction="inbound", caller=Party(number=unknown, name=name), called="74950000001",
        queue="sales", started=now - 60, ended=now - 30, outcome="no-answer", legs=(rang, through),
    )  # fmt: skip
    await calls.save(conn, lost, number=f"+{unknown}", user_id=ANNA, legs_users={"l1": ANNA})
    called = f"7{CODE}{LAST['phone']}"
    out = CallRecord(
        call="canary-out", direction="outbound", caller=Party(number="101"), called=called, started=now - 600,
        answered=now - 590, ended=now - 500, outcome="answered",
        legs=(LegRecord(leg="PJSIP/101-2", leg_id="l3", device="PJSIP/101", rang=now - 600, answered=now - 590),),
    )  # fmt: skip
    await calls.save(conn, out, number=f"+{called}", client_id=client, user_id=ANNA, legs_users={"l3": ANNA})


async def hide(panel: Panel) -> None:
    """From now on nobody sees numbers."""
    await panel.services.role_rights.change(ADMIN, {(role, "clients.numbers"): "none" for role in ROLES})


def _fields(draft: ClientDraft) -> dict[str, object]:
    return {name: getattr(draft, name) for name in draft.__dataclass_fields__}
