"""Words of personal data: notices to admins, what the access journal holds."""

from __future__ import annotations

from collections.abc import Mapping

from cti.storage.access_log import Action, How
from web.i18n import say
from web.texts import N_

NOTICES: Mapping[str, str] = {
    "large-export": N_("{login} took out {count} clients in a file, {day} in files of that day."),
}
ACTIONS: Mapping[Action, str] = {
    "view": N_("looked"),
    "search": N_("searched"),
    "export": N_("took out in a file"),
    "print": N_("printed"),
    "spy": N_("listened to"),
    "change": N_("imported or took back"),
    "log": N_("read this journal"),
}
THINGS: Mapping[str, str] = {
    "client": N_("card"),
    "clients": N_("list of clients"),
    "contact": N_("contact person"),
    "contract": N_("contract"),
    "file": N_("file"),
    "call": N_("call"),
    "calls": N_("list of calls"),
    "recording": N_("recording of the call"),
    "missed": N_("missed calls"),
    "letters": N_("letters"),
    "desk": N_("desk"),
    "addressees": N_("whom to write to"),
    "campaign": N_("mailing or call list"),
    "letter": N_("letter"),
    "letter-file": N_("file of a letter"),
    "missing recordings": N_("talks without a recording"),
    "number-lists": N_("black and white lists"),
    "outbox": N_("letters that wait to be sent"),
    "rule": N_("rule"),
    "sms": N_("SMS"),
    "tasks": N_("tasks"),
    "work": N_("work list"),
    "board": N_("live board"),
    "board-link": N_("board on a screen"),
    "reminders": N_("reminders"),
    "import": N_("import"),
    "change": N_("change of many"),
    "access-log": N_("access journal"),
    "base": N_("the whole database, copied"),
    "backup": N_("a backup of the database"),
}
SPIED: Mapping[str, str] = {
    "listen": N_("{login}: listened"),
    "whisper": N_("{login}: whispered"),
    "barge": N_("{login}: joined the talk"),
    "code": N_("{login}: by a code at the phone"),
}
BROKEN: Mapping[How, str] = {
    "changed": N_("Line {line} was changed since it was written."),
    "missing": N_("Line {line} is missing."),
    "cut-off": N_("The lines from {line} on are missing."),
    "put-in": N_("Line {line} was put in from outside."),
    "not-as-noted": N_("Line {line} is not the one that was noted: the journal was written anew."),
}
SEARCHED = N_("{thing}, searched by: {fields}")
ASKED: Mapping[str, str] = {
    "q": N_("the search box"),
    "filter": N_("filter"),
    "number": N_("number"),
    "contact": N_("contact person"),
    "mine": N_("one's own"),
    "since": N_("period"),
    "until": N_("period"),
    "outcome": N_("outcome"),
    "login": N_("who"),
    "action": N_("action"),
    "client": N_("client"),
}


def thing_text(language: str, thing: str, fields: Mapping[str, str]) -> str:
    """What a line of the journal is about, in words: `client:12`, `clients by q, region`. fields: names of columns."""
    what, _, asked = thing.partition(" by ")
    kind, _, id_ = what.partition(":")
    id_, _, heard = id_.partition(" ")  # `call:17.1 whisper, anna`
    how, _, login = heard.partition(", ")
    if how in SPIED:
        id_ += f"; {say(language, SPIED[how], login=login)}"
    named = say(language, THINGS.get(kind, kind)) + (f" {id_}" if id_ and kind not in ("client", "clients") else "")
    if not asked:
        return named
    words = [say(language, ASKED[one]) if one in ASKED else fields.get(one, one) for one in asked.split(", ")]
    return say(language, SEARCHED, thing=named, fields=", ".join(dict.fromkeys(words)))
