"""A person is erased on both engines: nothing of him is left in any file, the figures are; he does not come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from cti.channels.phone.voicemail import removals
from cti.errors import Refused
from cti.features.client_erasure import Eraser, Subject
from cti.features.client_import import ClientImport
from cti.storage import calls as call_rows
from cti.storage import clients, desktop_events, erasures, lookup, recordings, who
from cti.storage.client_tables import clients as client_table
from cti.storage.database import Database, open_database
from cti.storage.erasing import Message
from cti.storage.held import HELD, TEXTS
from cti.storage.schema import metadata
from cti.storage.tables import calls
from cti.telephony.events import CallRecord, Party
from cti.telephony.numbering import NumberPlan
from tests.canary import MAIL, MAN, NAME, PHONE, SHARED, TYPED, WORDS, Aviary, Canary, sightings
from tests.storage.conftest import add_cast
from tests.storage.postgres import Cluster
from tests.storage.test_merges import Clock, referring
from web.erasure_papers import Papers

# Columns of text in which nobody is named, with the reason.
NAMELESS = {
    **dict.fromkeys(("queue_quarters", "queue_marks", "queue_thresholds", "figure_targets"), "how many, and how long"),
    "queue_hours": "how many, and how long",
    **dict.fromkeys(("number_levels", "number_days", "number_changes"), "how many"),
    "audit": "tells of users and settings", "import_mappings": "columns of files", "setup_codes": "no person",
    **dict.fromkeys(("absences", "pbx_watched", "past_databases"), "PBXes, and where their databases are"),
    "test_calls": "calls of our own to ourselves", "past_imports": "files of a PBX and names of its colleagues",
    "past_names": "queues, and names of colleagues",
    "recording_chain": "hashes", "recording_gaps": "times, and a colleague",
    "recording_rules": "queues and days, and a colleague",
    "erased_letters": "keyed hashes", "sms_receipts": "what gateways say of numbers of theirs, for 72 hours",
    **dict.fromkeys(
        ("dialplan_modes", "dialplan_drafts", "dialplan_steps", "dialplan_versions", "dialplan_traces",
         "dialplan_secrets"), "numbers of the house and its colleagues",
    ),
    "access_log": "a chain of hashes that nobody may change: it keeps ids", "access_head": "a hash",
    **dict.fromkeys(
        ("users", "teams", "devices", "user_queues", "sessions", "tokens", "role_rights", "agent_states",
         "shared_desks", "agent_state_corrections", "sign_in_links", "phone_links",
         "agent_quarters", "agent_pauses", "agent_hours", "agent_days", "agent_pause_days", "agent_marks",
         "board_layouts", "scheduled_reports", "alert_contacts",
         "board_links", "alerts", "alert_sends", "calibration_people"), "colleagues",
    ),
    **dict.fromkeys(
        ("directory_items", "properties", "property_values", "pause_reasons", "queue_settings", "dispositions",
         "callback_keys", "pop_rules", "outside_page", "scripts", "mailboxes", "mail_folders", "library_files",
         "templates", "event_rules", "sms_gateways", "sms_routes", "sms_senders", "consent_texts", "sending_limits",
         "sending_days", "campaigns", "pause_budgets", "alert_rules", "score_forms", "score_form_versions",
         "review_plans"),
        "the house's words",
    ),
}  # fmt: skip


@pytest.fixture
async def aviary(db: Database, tmp_path: Path) -> Aviary:
    (tmp_path / "secrets.key").write_bytes(b"a key of this installation")
    return Aviary(db, tmp_path, Clock())


def eraser_of(aviary: Aviary, url: str) -> Eraser:
    return Eraser(db=aviary.db, url=url, plan=NumberPlan(), data=aviary.data, clock=aviary.clock)


async def erase(aviary: Aviary, url: str, canary: Canary) -> Any:
    subject = Subject(kind="client", id=canary.id)
    return await eraser_of(aviary, url).erase(subject, user_id=1, by="Pavel", reason=f"заявление, {NAME}")


def test_every_table_that_refers_to_a_person_is_known() -> None:
    """A new table with a client, a contact person or a call in it is shown to the person and erased with him."""
    names = {"contact_id", "call_id"}
    refers = {table.name for table, _ in referring()}
    refers |= {table.name for table in metadata.sorted_tables for column in table.columns if column.name in names}
    known = {one.table.name for one in HELD}
    assert refers <= known, "say in cti/storage/held.py how its rows are found and what becomes of them"


def test_every_column_of_text_is_known() -> None:
    """A new column of text is looked through, or it is said why nobody is named in it."""
    gone = {one.table.name for one in HELD if one.way == "deleted"}
    emptied = {f"{one.table.name}.{name}" for one in HELD for name in one.emptied}
    read = {f"{table.name}.{name}" for table, names in TEXTS.items() for name in names}
    unknown = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        if table.name not in NAMELESS and table.name not in gone
        for column in table.columns
        if column.type.python_type is str
    }
    unknown -= read | emptied | CODES
    assert not unknown, "add them to TEXTS of cti/storage/held.py, or here where nobody is named"


CODES = {
    "calls.id", "calls.pbx", "calls.direction", "calls.caller_device", "calls.queue", "calls.outcome", "calls.reason",
    "calls.request_id", "calls.released_by", "calls.released_leg", "legs.call_id", "legs.leg_id", "legs.result",
    "call_dispositions.queue", "reach_marks.call_id", "reach_marks.kind",
    "call_waits.call_id", "call_waits.queue", "call_waits.how", "call_corrections.call_id", "call_corrections.field",
    "call_corrections.was", "call_corrections.became", "desktop_events.kind", "desktop_events.call_id",
    "dial_requests.request_id", "dial_requests.device", "dial_requests.call_id", "dial_requests.state",
    "client_runs.batch", "client_runs.kind", "client_runs.state", "segments.name", "segments.tag",
    "recordings.id", "recordings.call_id", "recordings.pbx", "recordings.file", "recordings.sha256",
    "recordings.kept_as", "recordings.made_from", "recordings.left_file",
    "call_dispositions.call_id", "call_dispositions.name", "call_answers.call_id",
    "call_answers.kind", "call_reviews.call_id", "call_reviews.state", "call_reviews.answers",
    "coaching_notes.call_id", "coaching_notes.due_on", "calibrations.call_id",
    "review_draws.call_id", "review_draws.week", "call_marks.call_id", "call_scores.call_id", "number_lists.list",
    "kept_places.call_id", "kept_places.prefix", "kept_places.queue",
    "kept_places.placed", "call_variables.call_id",
    "grid_views.name", "grid_views.role", "call_views.name", "call_views.role", "erasures.act",
    "missed_marks.call_id", "conversations.owner_why", "conversations.state",
    "conversation_boxes.state", "rule_runs.key", "rule_runs.outcome", "rule_runs.why", "parked_letters.why",
    "mail_wishes.kind", "mail_wishes.given",
    "sms_asked.box",
    "sms.key", "sms.direction", "sms.state", "sms.sender", "sms.purpose", "sms.currency", "sms.call_id", "sms.why",
    "consents.kind", "consents.purpose", "consents.source",
    "campaign_people.zone", "campaign_people.state", "campaign_people.why",
    "campaign_calls.call_id", "campaign_calls.request_id", "campaign_calls.label", "campaign_calls.outcome",
}  # fmt: skip


async def test_DP_03_nothing_of_an_erased_person_is_left_in_any_file(
    aviary: Aviary, url: str, request: pytest.FixtureRequest
) -> None:
    canary = await aviary.fill()
    tables = aviary.data if aviary.db.is_sqlite else await _tables(aviary, request.getfixturevalue("cluster"))
    assert {one.rpartition(": ")[2] for one in sightings(tables)} >= {"Канарейкин", "9355557101", "Д-КАНАР-17"}
    _, act = await erase(aviary, url, canary)
    await eraser_of(aviary, url).clean()
    assert sightings(aviary.data) == []
    assert sightings(tables) == []
    assert act.files == 1
    assert act.entry.reason == "заявление, •••"
    done = {(event.table, event.way) for event in act.events}
    assert {("clients", "deleted"), ("calls", "emptied"), ("contacts", "deleted"), ("call_notes", "masked")} <= done


async def test_voicemail_goes_at_the_pbx_and_what_stays_there_is_listed(
    aviary: Aviary, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    canary, folder = await aviary.fill(), tmp_path_factory.mktemp("voicemail")
    for box, name, number in (
        ("INBOX", "msg0000", "89355557101"),
        ("INBOX", "msg0001", "1"),
        ("Old", "msg0002", PHONE),
    ):
        place = folder / "default/100" / box
        place.mkdir(parents=True, exist_ok=True)
        told = f'[message]\ncallerid="K" <{number}>\norigtime=100\n'
        (place / f"{name}.txt").write_text(told, encoding="utf-8")
        (place / f"{name}.wav").write_bytes(b"RIFF")
        (place / f"{name}.gsm").write_bytes(b"x")
    (place / "msg0002.gsm").unlink()
    (place / "msg0002.gsm").mkdir()  # cannot be deleted as a file
    for pbx in ("main", "far"):
        record = CallRecord(
            call=f"{pbx}:v", direction="inbound", caller=Party(number=PHONE), called="1", started=500.0, ended=510.0,
            outcome="voicemail",
        )  # fmt: skip
        async with aviary.db.write() as conn:
            await call_rows.save(conn, record, number=PHONE, client_id=canary.id, pbx=pbx)
    eraser = Eraser(
        db=aviary.db, url=url, plan=NumberPlan(), data=aviary.data, clock=aviary.clock,
        voicemail=removals({"main": folder, "gone": folder / "not-mounted"}),
    )  # fmt: skip
    _, act = await eraser.erase(Subject(kind="client", id=canary.id), user_id=1, by="Pavel", reason="заявление")
    assert [path.name for path in sorted((folder / "default/100/INBOX").iterdir())] == [
        "msg0001.gsm", "msg0001.txt", "msg0001.wav",
    ]  # fmt: skip
    assert act.messages == 1
    stays = {Message(pbx="main", place="default/100/Old/msg0002"), Message(pbx="far", at=500.0)}
    assert set(act.messages_left) == stays
    async with aviary.db.read() as conn:
        (kept,) = await erasures.listed(conn)
    assert kept.act.messages_left == act.messages_left
    paper = "".join(Papers(kept, operator="", zone=ZoneInfo("UTC"), language="en").act())
    assert "Voicemail that is still at the PBX: delete it there" in paper
    assert "main: default/100/Old/msg0002" in paper
    assert "far: 01.01.1970 00:08:20" in paper


async def test_recordings_of_his_calls_go_and_one_that_is_held_stays(aviary: Aviary, url: str) -> None:
    canary = await aviary.fill()
    async with aviary.db.write() as conn:
        for file in ("c1.wav", "held.wav"):
            await recordings.begin(conn, "c1", "", file, 1.0, announced=True, demanded=False)
        await recordings.begin(conn, "c4", "", "others.wav", 1.0, announced=True, demanded=False)
        (held,) = [one for one in await recordings.of_call(conn, "c1") if one.file == "held.wav"]
        await recordings.hold(conn, held.id, now=2.0, user_id=1, until=None, why="спор")
    _, act = await erase(aviary, url, canary)
    async with aviary.db.read() as conn:
        rows = [*await recordings.of_call(conn, "c1"), *await recordings.of_call(conn, "c4")]
        gone = [one.name for one in await recordings.to_remove(conn)]
    assert {row.file: (row.state, row.why) for row in rows} == {
        "c1.wav": ("deleted", "erased"), "held.wav": ("preparing", ""), "others.wav": ("preparing", ""),
    }  # fmt: skip
    assert gone == ["c1.wav"]
    assert ("recordings", "emptied") in {(event.category, event.way) for event in act.events}


async def _tables(aviary: Aviary, cluster: Cluster) -> Path:
    """Where PostgreSQL keeps the files of this database."""
    async with aviary.db.read() as conn:
        asked = text("SELECT oid FROM pg_database WHERE datname = current_database()")
        return cluster.tables() / str((await conn.execute(asked)).scalar_one())


async def test_the_figures_stay_and_other_people_too(aviary: Aviary, url: str) -> None:
    canary = await aviary.fill()
    async with aviary.db.read() as conn:
        before = (await conn.execute(select(func.count()).select_from(calls))).scalar_one()
    await erase(aviary, url, canary)
    async with aviary.db.read() as conn:
        rows = {row.id: row for row in await conn.execute(select(calls))}
        found = [one.client.id for one in await lookup.by_number(conn, SHARED, now=0.0)]
        searched = [(await clients.search(conn, q)).total for q in (NAME, PHONE, "сосед", "д-канар", "зерна")]
        events = await desktop_events.since(conn, 1, 0)
        gone = [await clients.get(conn, one) for one in (canary.id, canary.gone)]
        fresh = await clients.fresh_ids(conn, 1) if aviary.db.is_sqlite else [canary.other + 1]
    assert len(rows) == before
    assert [rows[one].client_id for one in ("c1", "c2", "c3", "c4")] == [None, None, None, canary.other]
    assert (rows["c1"].queue, rows["c1"].outcome, rows["c1"].called) == ("sales", "answered", "74950000001")
    assert (rows["c1"].caller_number, rows["c2"].caller_number, rows["c2"].called) == (None, "101", None)
    assert (rows["c3"].number, rows["c4"].number) == (None, SHARED)  # the other one's own call keeps its number
    assert found == [canary.other]
    assert searched == [0, 0, 1, 0, 0]
    assert [(event.seq, NAME in event.payload, "Сосед" in event.payload) for event in events] == [
        (1, False, False),
        (2, False, True),
    ]
    assert gone == [None, None]
    assert fresh[0] > max(canary.id, canary.other)  # an erased id never comes back to anybody
    note = (await aviary.card(canary.other)).note
    assert note == "брат: •••, •••, •••"
    refused = (aviary.data / "imports" / "b1.refused").read_text()
    assert ("Сосед" in refused, refused.count("\n")) == (True, 2)


async def test_DP_04_an_erased_person_does_not_come_back_with_an_older_base(
    aviary: Aviary, url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    canary = await aviary.fill()
    await erase(aviary, url, canary)
    older = f"sqlite+aiosqlite:///{tmp_path / 'older.db'}"
    if not aviary.db.is_sqlite:
        older = request.getfixturevalue("cluster").create()
    await aviary.db.close()
    (tmp_path / "trubka.db").unlink(missing_ok=True)
    db = await open_database(older)
    await add_cast(db)
    again = Aviary(db, tmp_path, Clock())  # the same people, made at the same moments
    try:
        await again.fill()
        assert [act.again for act in await _repeat(again, older)] == [True]
        async with db.read() as conn:
            assert await clients.get(conn, canary.id) is None
            assert (await conn.execute(select(func.count()).where(calls.c.number == PHONE))).scalar_one() == 0
            assert await clients.get(conn, canary.other) is not None
        assert await _repeat(again, older) == []
    finally:
        await db.close()
    assert sightings(tmp_path) == []


async def _repeat(aviary: Aviary, url: str) -> list[Any]:
    eraser = eraser_of(aviary, url)
    acts = await eraser.repeat()
    await eraser.clean()
    return acts


async def test_an_erasure_that_fails_erases_nobody_later(aviary: Aviary, url: str) -> None:
    canary = await aviary.fill()
    with pytest.raises(Refused):
        await eraser_of(aviary, url).erase(Subject(kind="client", id=999), user_id=1, by="", reason="x")
    await aviary.db.close()
    locked = await open_database(url)
    aviary.db = locked
    async with locked.read() as conn:
        assert erasures.read_list(aviary.data / "erased.jsonl") == []
        assert await clients.get(conn, canary.id) is not None
        person = await who.erased(conn, await who.cards_of(conn, canary.id), NumberPlan())
    await locked.close()
    assert (person.who.clients, person.who.numbers) == (
        (canary.id, canary.gone),
        (PHONE, "+79355557102", "+79355557103"),
    )


async def test_a_contact_person_is_erased_alone(aviary: Aviary, url: str) -> None:
    canary = await aviary.fill()
    await eraser_of(aviary, url).erase(Subject(kind="contact", id=canary.man), user_id=1, by="Pavel", reason="просит")
    async with aviary.db.read() as conn:
        card = await clients.get(conn, canary.id)
        text = (await conn.execute(select(client_table.c.search).where(client_table.c.id == canary.id))).scalar_one()
        owners = (await conn.execute(select(calls.c.client_id).where(calls.c.id == "c1"))).scalar_one()
    assert card is not None
    assert ("птицына" in text, owners) == (False, canary.id)
    await eraser_of(aviary, url).clean()
    if aviary.db.is_sqlite:
        assert sightings(aviary.data, [MAN, "9355557103", "kanareechnik"]) == []
        assert sightings(aviary.data, WORDS) != []


async def test_an_import_says_who_was_erased_before_and_forbids_nothing(aviary: Aviary, url: str) -> None:
    canary = await aviary.fill()
    await erase(aviary, url, canary)
    rows = [("Новый Кенар", TYPED, ""), ("Чужой", "+79355550199", ""), ("По почте", "", MAIL)]

    async def chunks() -> AsyncIterator[Sequence[tuple[str, ...]]]:
        yield rows

    work = ClientImport(db=aviary.db, plan=NumberPlan(), clock=aviary.clock, marks=erasures.marks_in(aviary.data))
    told = await work.run(chunks(), ["name", "phones", "emails"], source="base.csv")
    assert (told.created, told.erased, [one.erased for one in told.done]) == (3, 2, [True, False, True])
