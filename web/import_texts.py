"""What the panel says of imports: why a row is refused, what is wrong with a file, what became of a run.

Sentences of the server that have a value in them are known by their form, so that each is said in the reader's
language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from cti.clients.importing import Fault
from web.client_texts import FIELDS
from web.i18n import say
from web.texts import N_

ERASED = N_("was erased before: make sure that there is a new consent")
RESTRICTED = N_("processing is restricted and stays so")
ROW_FAULTS: Mapping[str, str] = {
    "nothing": N_("says nothing of the chosen columns"),
    "masked": N_("a number in it is hidden by dots: write it whole or empty the cell"),
    "no-name": N_("a client needs a name"),
    "twice": N_("the same client stands in row {row}"),
    "gone": N_("there is no client {value}"),
    "no-email": N_("“{value}” is not an e-mail"),
    "no-contact": N_("a contact person needs a name"),
    "no-phone": N_("“{value}” is not a telephone number"),
    "not-listed": N_("“{value}” is not in the directory"),
    "no-kind": N_("“{value}” is no kind of client"),
    "no-id": N_("an id is a number"),
    "check-digit": N_("“{value}” has a wrong check digit"),
    "form": N_("“{value}” has a wrong form"),
    "not-of-kind": N_("“{value}” is not of a client of this kind"),
    "too-long": N_("longer than {most} characters"),
    "too-many": N_("a client has at most {most} of them"),
    "value": N_("“{value}” does not fit this property"),
    "no-yes": N_("“{value}” is neither yes nor no"),
}
SENTENCES = (
    N_("The property “{name}” was changed while the import ran."),
    N_("The work was interrupted: try again."),
    N_("interrupted"),
    N_("The file is too large or damaged: save it again, or cut it into several files."),
    N_("The file is empty: choose one that has a row of headings and the rows under it."),
    N_("The table has more than {columns} columns: leave only those that are needed."),
    N_(
        "The table has more than {rows} rows or {columns} columns: leave only those that are needed,"
        " or cut it into several files."
    ),
    N_(
        "A cell of row {row} is longer than {most} characters: look there for a quotation mark that is never closed,"
        " or shorten the text."
    ),
    N_("The file “{name}” cannot be opened ({why}): choose it again."),
    N_("The file “{name}” is of an old Excel, or has a password: save it as .xlsx without one."),
    N_("The file “{name}” is not a table: choose an .xlsx, .csv or .vcf file."),
    N_("The file is of an old Excel, or has a password: save it as .xlsx without one."),
    N_("The file is not a table: choose an .xlsx, .csv or .vcf file."),
    N_("The file is an archive, but not of Excel: choose an .xlsx, .csv or .vcf file."),
    N_("The Excel file is damaged: open it in Excel, save it again and choose the new file."),
    N_("The Excel file is too large when unpacked: save the table as csv, or cut it into several files."),
    N_("The Excel file has a password: save it without one and choose it again."),
    N_("The Excel file has no sheet with cells: choose another one."),
    N_("A line of the file is too long for a table: save the table as csv or xlsx again."),
    N_("A vCard of the file is too long: export the address book again, without photographs."),
    N_("Excel holds {most} rows: choose fewer, or write them as csv."),
)
STATES: Mapping[str, str] = {
    "running": N_("is running"),
    "undoing": N_("is being taken back"),
    "done": N_("done"),
    "cancelled": N_("cancelled"),
    "failed": N_("failed"),
    "undone": N_("taken back"),
}
KEYS: Mapping[str, str] = {
    "id": N_("Client's number"),
    "inn": N_("INN"),
    "phone": N_("Phone"),
    "email": N_("E-mail"),
}
COLUMNS: Mapping[str, str] = {
    "id": N_("Client's number"),
    "responsible": N_("Manager"),
    "relation": N_("Relation"),
    "region": N_("Region"),
    "industry": N_("Industry"),
    "source": N_("Source"),
    "address": N_("Address"),
    "site": N_("Web site"),
    "contact": N_("Contact person"),
    "contact_phone": N_("Contact person's phone"),
    "contact_email": N_("Contact person's e-mail"),
    "contact_role": N_("Contact person's role"),
    "consent_marketing": N_("Consent to advertising"),
    "consent_survey": N_("Consent to surveys"),
    "consent_calls": N_("Consent to calls with offers"),
    "row": N_("Row"),
    **{name: FIELDS[name] for name in ("name", "full_name", "kind", "phones", "emails", "inn", "kpp", "ogrn")},
    **{name: FIELDS[name] for name in ("time_zone", "note", "places")},
}


def column_name(language: str, field: str) -> str:
    """A standard field as a heading; a property is named already."""
    return say(language, COLUMNS.get(field, field))


def row_fault(language: str, fault: Fault) -> str:
    """A refused row's reason, with its field."""
    told = say(language, ROW_FAULTS.get(fault.code, fault.code), **fault.args)
    return f"{column_name(language, fault.field)}: {told}"


def sentence(language: str, text: str) -> str:
    """A sentence of the server in the reader's language; an unknown one as it is."""
    for known, form in _forms().items():
        if found := form.fullmatch(text):
            return say(language, known, **found.groupdict())
    return say(language, text)


@cache
def _forms() -> Mapping[str, re.Pattern[str]]:
    return {
        known: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(known)), re.DOTALL) for known in SENTENCES
    }
