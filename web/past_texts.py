"""What the panel says of imports, of clients and of the past."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "import-runs": N_("Another import is running: wait until it is over, or cancel it."),
    "no-columns": N_("Say of at least one column what it is."),
    "no-rows": N_("The file has headings and no rows under them."),
    "no-upload": N_("The file is not here any more: choose it again."),
    "bad-columns": N_("The columns are not those of the file: choose it again."),
    "bad-keys": N_("Say by what a client is known again."),
    "past-file": N_("The file cannot be read: it is damaged, or this server may not read it."),
    "past-unknown": N_("This is neither a queue log nor call detail records: no line of it can be read."),
    "past-bomb": N_("The file unpacks to more than a hundred times its size: this is no log, and it is not read."),
    "past-pbx": N_("The settings name no such PBX."),
    "past-disk": N_("The server's disk has too little room for this file: make room first."),
    "past-none": N_("Choose at least one file."),
    "past-many": N_("Too many files: 60 at most at once. Take some in first, or put them away."),
    "past-places": N_("Choose files that were sent, or files of the server, not both at once."),
    "past-kinds": N_("Take queue logs and call detail records in one after the other, not both at once."),
    "past-not-looked": N_("Look first what would come of it."),
    "past-runs": N_("An import of the past is under way: wait until it is over, or stop it."),
    "past-not-stopped": N_("This import is not one that can go on."),
    "past-no-table": N_("No such table is named: set the PBX's database first."),
    "past-database": N_(
        "The PBX's database cannot be read: check its address, name, password and tables, and the right to read."
    ),
    "past-table-missing": N_(
        "The PBX's database has no such table, or this account may not read it: name another, or ask for the right."
    ),
    "past-table-columns": N_("This table has not the columns of such a log: name another."),
    "past-database-bad": N_("Give a host, a port from 1 to 65535, and the name of the database."),
    "past-database-tables": N_("Name at least one table: letters, digits and _ alone."),
    "past-database-host": N_(
        "This host may not be reached: take the PBX's own as the settings file names it, or let its network be named"
        " there (“inside” in the section “past” of the PBX)."
    ),
    "past-database-secret": N_("The password of the PBX's database cannot be read any more: type it again."),
    "past-name-bad": N_("A name has 1 to 80 letters; 500 names at most at once."),
    "past-name-nobody": N_("There is no such person here any more: choose another."),
    "past-lost": N_("The work was interrupted: go on with it, or begin anew."),
    "cut-off": N_("The server ended several times while it ran: begin anew with a smaller part."),
    "bad-since": N_("A day is written 23.11.2026 or 2026-11-23."),
}
KINDS: Mapping[str, str] = {"queue-log": N_("Queue log"), "cdr": N_("Call detail records")}
STATES: Mapping[str, str] = {
    "running": N_("under way"),
    "done": N_("taken in"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "undoing": N_("is being taken back"),
    "undone": N_("taken back"),
}
