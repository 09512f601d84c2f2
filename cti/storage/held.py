"""What is held on a person, table by table: how his rows are found, and what becomes of them when he is erased.

ONE table for the archive he is given and for his erasure: what can be shown can be erased. A test holds it against the
schema: a new table with a client, a contact person or a call in it has no way around this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Table, case, false, literal, or_, select

from cti.clients import seen
from cti.storage.campaign_tables import campaign_calls, campaign_people, consents
from cti.storage.client_tables import (
    call_views,
    client_changes,
    client_emails,
    client_phones,
    client_places,
    client_values,
    clients,
    grid_views,
    value_history,
)
from cti.storage.client_work_tables import client_merges, client_runs, duplicate_pairs, segment_clients, segments
from cti.storage.contact_tables import (
    client_files,
    client_notes,
    client_tasks,
    contact_clients,
    contact_emails,
    contact_phones,
    contacts,
    contracts,
)
from cti.storage.disposition_tables import call_dispositions
from cti.storage.duty_tables import agent_states
from cti.storage.list_tables import number_lists
from cti.storage.mail_tables import conversations, letter_bodies, letter_files, letter_people, letter_words, letters
from cti.storage.privacy_tables import access_log, erasures
from cti.storage.quality_tables import calibrations, call_reviews, coaching_notes, review_draws
from cti.storage.recording_tables import recordings
from cti.storage.rollup_tables import reach_marks, reach_times
from cti.storage.sending_tables import bounced_addresses, outbox, outbox_files, rule_runs
from cti.storage.sms_tables import sms, sms_parts, sms_pieces
from cti.storage.tables import (
    call_corrections,
    call_notes,
    call_waits,
    calls,
    desktop_events,
    dial_requests,
    legs,
    number_choices,
    trace,
)
from cti.storage.talk_tables import call_answers, call_marks, call_scores, call_variables
from cti.storage.work_tables import callback_orders, kept_places, missed_marks

FEW = 20  # clients of a change that tells what it set of each of them
# deleted: the row goes; emptied: what tells who it was goes, the row stays for the figures; stays: it tells of nobody
Way = Literal["deleted", "emptied", "stays"]
# What the act calls it
Category = Literal[
    "card", "phones", "emails", "addresses", "properties", "people", "contracts", "files", "changes", "calls",
    "recordings", "letters", "sms", "consents", "notes", "tasks", "merges", "work", "journal",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """A person as the base has him. clients: his card and those merged into it; people: contact persons.

    numbers: E.164. For his erasure people and numbers are those that nobody else has.
    """

    clients: tuple[int, ...]
    people: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One table. rows: which are his; emptied: the columns that tell who he is, with what takes their place."""

    table: Table
    category: Category
    way: Way
    rows: Callable[[Who], ColumnElement[bool]]
    emptied: Mapping[str, Any] = field(default_factory=dict)


def _his(table: Table) -> Callable[[Who], ColumnElement[bool]]:
    return lambda who: table.c.client_id.in_(who.clients)


def _of_people(table: Table) -> Callable[[Who], ColumnElement[bool]]:
    return lambda who: table.c.contact_id.in_(who.people) if who.people else false()


def calls_of(who: Who) -> Select[Any]:
    """Ids of his calls: those of his card, and those with a number of his."""
    return select(calls.c.id).where(_calls(who))


def _calls(who: Who) -> ColumnElement[bool]:
    return or_(calls.c.client_id.in_(who.clients), calls.c.number.in_(who.numbers))


def _of_calls(table: Table) -> Callable[[Who], ColumnElement[bool]]:
    return lambda who: table.c.call_id.in_(calls_of(who))


def _of_letters(table: Table) -> Callable[[Who], ColumnElement[bool]]:
    return lambda who: table.c.letter_id.in_(select(letters.c.id).where(letters.c.client_id.in_(who.clients)))


def _bounced(who: Who) -> ColumnElement[bool]:
    his = select(client_emails.c.folded).where(client_emails.c.client_id.in_(who.clients))
    theirs = select(contact_emails.c.folded).where(contact_emails.c.contact_id.in_(who.people))
    return or_(bounced_addresses.c.folded.in_(his), bounced_addresses.c.folded.in_(theirs))


def _texts(who: Who) -> ColumnElement[bool]:
    return or_(sms.c.client_id.in_(who.clients), sms.c.number.in_(who.numbers))


def _consents(who: Who) -> ColumnElement[bool]:
    his = select(client_emails.c.folded).where(client_emails.c.client_id.in_(who.clients))
    theirs = select(contact_emails.c.folded).where(contact_emails.c.contact_id.in_(who.people))
    mine = consents.c
    return or_(
        mine.client_id.in_(who.clients),
        mine.address.in_(who.numbers),
        (mine.kind == "email") & or_(mine.address.in_(his), mine.address.in_(theirs)),
    )


def _ordered(who: Who) -> ColumnElement[bool]:
    return or_(callback_orders.c.client_id.in_(who.clients), callback_orders.c.number.in_(who.numbers))


def _kept(who: Who) -> ColumnElement[bool]:
    return kept_places.c.order_id.in_(select(callback_orders.c.id).where(_ordered(who)))


def _dialled(who: Who) -> ColumnElement[bool]:
    mine = dial_requests.c
    return or_(mine.client_id.in_(who.clients), mine.number.in_(who.numbers), mine.call_id.in_(calls_of(who)))


def _looked_at(who: Who) -> ColumnElement[bool]:
    """Lines of the access journal that may name one of his cards: a range says it to `looked_at` only."""
    named = literal(",").concat(access_log.c.clients).concat(",")
    each = (named.like(f"%,{one},%") for one in who.clients)
    return or_(access_log.c.thing.in_(_things(who)), access_log.c.clients.like("%-%"), *each)


def looked_at(line: Mapping[str, Any], who: Who) -> bool:
    """Whether a line of the access journal is about him."""
    return line["thing"] in _things(who) or any(seen.names(line["clients"], one) for one in who.clients)


def _things(who: Who) -> list[str]:
    return [*(f"client:{one}" for one in who.clients), *(f"contact:{one}" for one in who.people)]


def _imported(who: Who) -> ColumnElement[bool]:
    mine = select(client_changes.c.batch).where(client_changes.c.client_id.in_(who.clients))
    return client_runs.c.batch.in_(mine.where(client_changes.c.batch.is_not(None)))


def _title_of_many() -> Any:
    """What a change set is told of him alone where it was of a few."""
    few = (client_runs.c.kind == "change") & (client_runs.c.total <= FEW)
    return case((few, "{}"), else_=client_runs.c.title)


def _either(table: Table, one: str, two: str) -> Callable[[Who], ColumnElement[bool]]:
    return lambda who: or_(table.c[one].in_(who.clients), table.c[two].in_(who.clients))


def _outside(column: str, *, theirs: tuple[str, ...]) -> Any:
    """A column of a call that tells of the other side unless the call went one of these ways: then it is ours."""
    return case((calls.c.direction.in_(theirs), calls.c[column]), else_=None)


def _unless_held(column: str, value: str) -> Any:
    """A recording that somebody holds for a dispute stays; others go, and their files with them."""
    return case((recordings.c.held_at.is_not(None), recordings.c[column]), else_=value)


# In the order of an erasure: what is found by a call before the call is emptied, by a card before the card goes.
HELD: tuple[Held, ...] = (
    Held(table=call_notes, category="notes", way="deleted", rows=_of_calls(call_notes)),
    Held(table=call_marks, category="notes", way="deleted", rows=_of_calls(call_marks)),
    Held(table=call_answers, category="notes", way="deleted", rows=_of_calls(call_answers)),
    Held(table=call_variables, category="calls", way="deleted", rows=_of_calls(call_variables)),
    Held(table=call_scores, category="calls", way="stays", rows=_of_calls(call_scores)),
    Held(
        table=call_reviews, category="calls", way="emptied", rows=_of_calls(call_reviews),
        emptied={"comments": "[]", "reply": "", "verdict": ""},
    ),
    Held(
        table=coaching_notes, category="calls", way="emptied", rows=_of_calls(coaching_notes), emptied={"text": ""},
    ),
    Held(table=calibrations, category="calls", way="stays", rows=_of_calls(calibrations)),
    Held(table=review_draws, category="calls", way="stays", rows=_of_calls(review_draws)),
    Held(table=trace, category="calls", way="deleted", rows=_of_calls(trace)),
    Held(table=desktop_events, category="calls", way="emptied", rows=_of_calls(desktop_events)),
    Held(
        table=recordings, category="recordings", way="emptied", rows=_of_calls(recordings),
        emptied={"state": _unless_held("state", "deleted"), "why": _unless_held("why", "erased"),
                 "peaks": _unless_held("peaks", ""), "leg": ""},
    ),
    Held(table=call_corrections, category="calls", way="stays", rows=_of_calls(call_corrections)),
    Held(table=call_waits, category="calls", way="stays", rows=_of_calls(call_waits)),
    Held(table=call_dispositions, category="calls", way="stays", rows=_of_calls(call_dispositions)),
    Held(table=legs, category="calls", way="stays", rows=_of_calls(legs)),
    Held(
        table=missed_marks, category="calls", way="emptied", rows=_of_calls(missed_marks), emptied={"why": ""},
    ),
    Held(table=agent_states, category="calls", way="stays", rows=_of_calls(agent_states)),  # of agents, after his calls
    Held(
        table=dial_requests, category="calls", way="emptied", rows=_dialled,
        emptied={"number": "", "extension": "", "client_id": None},
    ),
    Held(
        table=calls, category="calls", way="emptied", rows=_calls,
        emptied={
            "caller_number": _outside("caller_number", theirs=("outbound", "internal")),
            "caller_name": _outside("caller_name", theirs=("outbound", "internal")),
            "called": _outside("called", theirs=("inbound", "internal")),
            "number": None,
            "client_id": None,
        },
    ),
    Held(
        table=number_choices, category="work", way="deleted",
        rows=lambda who: or_(number_choices.c.client_id.in_(who.clients), number_choices.c.number.in_(who.numbers)),
    ),
    Held(
        table=client_merges, category="merges", way="emptied", rows=_either(client_merges, "kept_id", "gone_id"),
        emptied={"record": ""},
    ),
    Held(table=duplicate_pairs, category="work", way="deleted", rows=_either(duplicate_pairs, "one_id", "two_id")),
    Held(table=segment_clients, category="work", way="deleted", rows=_his(segment_clients)),
    Held(
        table=client_runs, category="work", way="emptied", rows=_imported, emptied={"title": _title_of_many()},
    ),
    Held(
        table=outbox_files, category="letters", way="deleted",
        rows=lambda who: outbox_files.c.outbox_id.in_(select(outbox.c.id).where(_his(outbox)(who))),
    ),
    Held(table=outbox, category="letters", way="deleted", rows=_his(outbox)),
    Held(table=letter_files, category="letters", way="deleted", rows=_of_letters(letter_files)),
    Held(table=letter_words, category="letters", way="deleted", rows=_of_letters(letter_words)),
    Held(table=letter_bodies, category="letters", way="deleted", rows=_of_letters(letter_bodies)),
    Held(table=letter_people, category="letters", way="deleted", rows=_of_letters(letter_people)),
    Held(table=bounced_addresses, category="letters", way="deleted", rows=_bounced),
    Held(table=letters, category="letters", way="deleted", rows=_his(letters)),
    Held(
        table=conversations, category="letters", way="emptied", rows=_his(conversations),
        emptied={"subject": "", "subject_key": "", "client_id": None, "contact_id": None, "asked_at": None},
    ),
    Held(
        table=sms_parts, category="sms", way="deleted",
        rows=lambda who: sms_parts.c.sms_id.in_(select(sms.c.id).where(_texts(who))),
    ),
    Held(
        table=sms_pieces, category="sms", way="deleted",
        rows=lambda who: sms_pieces.c.number.in_(who.numbers),
    ),
    Held(
        table=sms, category="sms", way="emptied", rows=_texts,
        emptied={"number": "", "text": "", "said": "", "client_id": None, "contact_id": None},
    ),
    Held(
        table=consents, category="consents", way="emptied", rows=_consents,
        emptied={"address": "", "proof": "", "client_id": None, "contact_id": None},
    ),
    Held(table=campaign_calls, category="work", way="stays", rows=_of_calls(campaign_calls)),
    Held(
        table=campaign_people, category="work", way="emptied", rows=_his(campaign_people),
        emptied={"address": None, "second": "", "client_id": None, "contact_id": None},
    ),
    Held(table=rule_runs, category="work", way="stays", rows=_his(rule_runs)),
    Held(table=client_files, category="files", way="deleted", rows=_his(client_files)),
    Held(table=client_notes, category="notes", way="deleted", rows=_his(client_notes)),
    Held(
        table=client_tasks, category="tasks", way="deleted",
        rows=lambda who: or_(client_tasks.c.client_id.in_(who.clients), client_tasks.c.number.in_(who.numbers)),
    ),
    Held(table=kept_places, category="tasks", way="deleted", rows=_kept),
    Held(
        table=callback_orders, category="tasks", way="deleted", rows=_ordered,
    ),
    Held(
        table=number_lists, category="work", way="deleted",
        rows=lambda who: number_lists.c.number.in_(who.numbers) & number_lists.c.beginning.is_(False),
    ),
    Held(table=contracts, category="contracts", way="deleted", rows=_his(contracts)),
    Held(table=contact_phones, category="people", way="deleted", rows=_of_people(contact_phones)),
    Held(table=contact_emails, category="people", way="deleted", rows=_of_people(contact_emails)),
    Held(
        table=contact_clients, category="people", way="deleted",
        rows=lambda who: or_(contact_clients.c.client_id.in_(who.clients), _of_people(contact_clients)(who)),
    ),
    Held(
        table=contacts, category="people", way="deleted",
        rows=lambda who: contacts.c.id.in_(who.people) if who.people else false(),
    ),
    Held(table=client_values, category="properties", way="deleted", rows=_his(client_values)),
    Held(table=value_history, category="properties", way="deleted", rows=_his(value_history)),
    Held(table=client_changes, category="changes", way="deleted", rows=_his(client_changes)),
    Held(table=client_places, category="addresses", way="deleted", rows=_his(client_places)),
    Held(table=client_emails, category="emails", way="deleted", rows=_his(client_emails)),
    Held(table=client_phones, category="phones", way="deleted", rows=_his(client_phones)),
    Held(table=clients, category="card", way="deleted", rows=lambda who: clients.c.id.in_(who.clients)),
    Held(table=reach_times, category="calls", way="deleted", rows=_his(reach_times)),  # they come again as nobody's
    Held(  # what goes before leaves marks of its calls
        table=reach_marks, category="calls", way="emptied", emptied={"client_id": None, "number": None},
        rows=lambda who: or_(reach_marks.c.client_id.in_(who.clients), reach_marks.c.number.in_(who.numbers)),
    ),
    Held(table=access_log, category="journal", way="stays", rows=_looked_at),
    Held(table=erasures, category="journal", way="stays", rows=_his(erasures)),
)  # fmt: skip

# Columns of texts that people write, where somebody else's row may name him: found by storage/mentions.py, and masked.
TEXTS: Mapping[Table, tuple[str, ...]] = {
    clients: ("note", "restricted_why"),
    contacts: ("note",),
    contracts: ("note",),
    client_notes: ("text",),
    client_tasks: ("what",),
    client_places: ("value",),
    client_values: ("text",),
    value_history: ("text",),
    client_changes: ("was", "became"),
    client_merges: ("record",),
    duplicate_pairs: ("reasons",),
    sms: ("text",),
    call_notes: ("text",),
    call_marks: ("text",),
    call_answers: ("question", "answer"),
    call_variables: ("name", "value"),
    call_reviews: ("comments", "reply", "verdict"),
    coaching_notes: ("text",),
    missed_marks: ("why",),
    recordings: ("held_why",),
    callback_orders: ("comment",),
    number_lists: ("reason",),
    trace: ("args",),
    calls: ("details",),
    legs: ("leg", "device"),
    desktop_events: ("payload",),
    client_runs: ("title", "faults", "message"),
    grid_views: ("state",),
    call_views: ("state",),
    segments: ("expression",),
    erasures: ("reason",),
}
