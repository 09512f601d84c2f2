"""Codes of the server -> English texts (their Russian is in the catalogue). {fields} are filled from the arguments."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from cti.errors import Refused
from cti.telephony.numbering import show
from web.i18n import language_of, say, translate


def N_(text: str) -> str:
    """Marks a text for the catalogue."""
    return text


REFUSALS: Mapping[str, str] = {
    "pbx-down": N_("No link to the PBX: calls cannot be placed now."),
    "no-pbx": N_("No PBX is set up for your phone: an admin looks at the settings and at the phone's name."),
    "pbx": N_("The PBX did not do it. Look at the call and try again."),
    "bad-state": N_("This is no state that can be chosen."),
    "bad-reason": N_("Choose a reason from the list."),
    "no-after-call": N_("The work after the call is over already."),
    "why-needed": N_("Say why you correct this."),
    "bad-reasons": N_("Each reason needs a name of its own, and there may be 50 of them."),
    "own-reason": N_("DEVICE, MISSED, LAGGED, WRAPUP and PHONE are the server's own reasons: take another name."),
    "bad-result": N_("This result is no longer offered: choose another."),
    "bad-rule": N_("Choose from the lists."),
    "too-many-marks": N_("A call has at most 100 marks."),
    "bad-results": N_("Each result needs a name of its own, and there may be 60 of them."),
    "nobody-to-call": N_("The caller hid the number and is no client: nothing can follow the call."),
    "no-call": N_("There is no such call."),
    "bad-answer": N_("Say when to remind of it again, or by which click it was dialled."),
    "bad-delay": N_("Put it off for a minute to a day."),
    "result-needed": N_("Say first what came of the call."),
    "bad-wrap-up": N_("Give seconds from 0 to 3600."),
    "no-device": N_("You have no phone. An admin adds one under Settings."),
    "not-your-phone": N_("You have no such phone (any more): choose another one."),
    "no-desk": N_("There is no such shared phone (any more)."),
    "desk-in-use": N_("Somebody talks at this phone now: wait until he is done."),
    "bad-pin": N_("A PIN has 4 to 8 digits."),
    "other-pbx": N_("That phone is on another PBX: a call cannot go over to it."),
    "no-conference": N_("This PBX has no conferences: an admin adds the recipe of docs/pbx-admin.md."),
    "no-browser-phone": N_("You have no phone in the browser. An admin adds one under Settings."),
    "no-phone-password": N_("Your phone in the browser has no password on the server: an admin runs “cti check”."),
    "unregistered": N_("Your phone is not registered on the PBX: switch it on."),
    "forbidden-number": N_("This number may not be dialled from here. An admin can allow it."),
    "restricted": N_(
        "Processing is restricted: {where}. Do not call, do not write; a supervisor can lift it on the card."
    ),
    "no-restriction-reason": N_("Say why the client is restricted: whoever wants to call reads it."),
    "not-a-number": N_("This is not a telephone number."),
    "own-number": N_("This is your own number."),
    "too-often": N_("Too many calls in a short time; wait a minute."),
    "too-many": N_("You have too many calls at once; end one first."),
    "not-talking": N_("This is done during a conversation; wait until the call is answered."),
    "not-your-call": N_("You are not in this call any more."),
    "changed-meanwhile": N_("Somebody changed this meanwhile: look at the new state and save again."),
    "no-name": N_("A name is needed."),
    "masked-number": N_("A number with dots is hidden and cannot be used: enter it whole."),
    "whole-number": N_("Numbers are hidden from you: search by a whole one, in the search box."),
    "hidden-file": N_("This file has whole numbers in it, which are hidden from you."),
    "hidden-key": N_("Numbers are hidden from you: let clients be known by something else."),
    "long-name": N_("The name is too long: 200 characters at most."),
    "long-full_name": N_("The full name is too long: 400 characters at most."),
    "long-note": N_("This is too long: 20,000 characters at most."),
    "no-client": N_("There is no such client."),
    "same-client": N_("These are one client already."),
    "no-merge": N_("This merge cannot be taken back any more."),
    "merged-since": N_("The kept client was merged with another one since: take that back first."),
    "moved": N_("This client was merged into another one: open that card."),
    "no-contact": N_("There is no such contact person any more."),
    "no-contact-name": N_("A contact person needs a name."),
    "no-contract": N_("There is no such contract any more."),
    "no-number": N_("A contract needs a number."),
    "no-person": N_("There is no such person."),
    "no-file": N_("There is no such file any more."),
    "no-note": N_("There is no such note any more."),
    "no-task": N_("There is no such task any more."),
    "empty-note": N_("A note needs a text."),
    "empty-task": N_("Say what is to be done."),
    "bad-time": N_("A time is written 2026-11-23 15:00."),
    "bad-day": N_("A day is written 2026-11-23."),
    "ends-before-it-begins": N_("The contract ends before it begins."),
    "bad-amount": N_("The sum is a number like 1 250 000,50."),
    "bad-currency": N_("There is no such currency here."),
    "empty-file": N_("The file is empty or has no name."),
    "too-many-files": N_("The files of one client take at most 500 MiB: delete some first."),
    "no-run": N_("There is no such change."),
    "bad-inn": N_("This INN is wrong: a company has 10 digits, and the last one checks the rest."),
    "bad-inn-of-a-person": N_("This INN is wrong: a person has 12 digits, and the last two check the rest."),
    "bad-kpp": N_("This KPP is wrong: it has nine characters."),
    "kpp-of-a-company": N_("Only a company has a KPP."),
    "bad-ogrn": N_("This OGRN is wrong: a company has 13 digits, and the last one checks the rest."),
    "bad-ogrnip": N_("This OGRNIP is wrong: it has 15 digits, and the last one checks the rest."),
    "ogrn-of-a-company": N_("A person has no OGRN: choose another kind of client."),
    "bad-zone": N_("There is no such time zone: name it like Europe/Moscow."),
    "required": N_("this is required: it cannot be left empty."),
    "not-of-this-kind": N_("clients of this kind do not have it."),
    "bad-directory": N_("There is no such entry in this directory."),
    "bad-property": N_("There is no such property."),
    "bad-list": N_("There is no such value in this property's list."),
    "bad-several": N_("There is no such value in this property's list."),
    "bad-number": N_("This is not a number."),
    "bad-rating": N_("A rating is a whole number from 1 to 5."),
    "bad-date": N_("A date is written 23.11.2026 or 2026-11-23."),
    "bad-yes-no": N_("This is neither yes nor no."),
    "bad-text": N_("The text is too long: 400 characters at most."),
    "no-kinds": N_("Choose at least one form of ownership."),
    "value-in-use": N_("clients have or had this value: it can be retired, not deleted."),
    "part-of-itself": N_("An entry cannot be a part of itself."),
    "no-values": N_("A list needs at least one value."),
    "bad-values": N_("Each value stands once, and a list has at most 200."),
    "bad-filter": N_("This filter cannot be asked: take it off and set it anew."),
    "bad-column": N_("There is no such column: open the list again."),
    "bad-columns": N_("The columns are not those of the file: choose it again."),
    "bad-keys": N_("Say by what a client is known again."),
    "export-too-long": N_("This export takes too long: narrow the selection."),
    "file-changed": N_("The file is another one now: choose it again."),
    "property-changed": N_("A property that the import uses was changed while it ran."),
    "no-reason": N_("Say why this person is erased: the act needs the reason."),
    "other-name": N_("The name is not this one's: nothing was erased."),
    "is-calling": N_("A call with this person is going on: erase him when it is over."),
    "erasure-runs": N_("Somebody is being erased just now: try again in a minute."),
    "saving-late": N_("The database is late: try again when it is in time."),
    "export-stale": N_("Somebody was erased meanwhile: export anew."),
    "import-runs": N_("Another import is running: wait until it is over, or cancel it."),
    "stopped": N_("It was stopped."),
    "no-columns": N_("Say of at least one column what it is."),
    "no-rows": N_("The file has headings and no rows under them."),
    "no-upload": N_("The file is not here any more: choose it again."),
    "not-running": N_("This does not run any more."),
    "nothing-to-undo": N_("There is nothing to take back here."),
    "journal-is-read": N_("Others are counting in the journal just now: try again in a minute."),
    "journal-too-long": N_("The journal is too long for this: ask for a shorter period."),
    "reason-needed": N_("Your files of today hold many clients: say why you take them."),
    "too-many-exports": N_("Several exports are being made just now: try again in a minute."),
    "wrong": N_("The login or the password is wrong."),
    "code-needed": N_("Enter the code from your authenticator app."),
    "wrong-code": N_("The code is wrong, used or too old."),
    "wait": N_("Too many attempts; wait a minute and try again."),
    "short-password": N_("A password has at least 10 characters."),
    "taken": N_("This name is taken."),
    "device-taken": N_("One of these phones belongs to somebody else, or stands here twice."),
    "bad-device": N_("A phone is named as on the PBX, like PJSIP/101, and has an extension of digits."),
    "no-such-pbx": N_("There are several PBXes: begin the phone's name with its own, like spb:PJSIP/101."),
    "bad-queue": N_("A queue is named as on the PBX; its penalty is a number from 0 to 1000."),
    "team-in-use": N_("Somebody is in this team: give him another one first."),
    "too-many-tokens": N_("These are too many tokens: revoke one first."),
    "wrong-password": N_("The present password is wrong."),
    "totp-unreadable": N_("The second factor cannot be read: ask an admin to switch it off."),
    "directory-password": N_("Your password is your company's: change it there."),
    "directory-away": N_("The directory of your company does not answer; try again later, or tell an admin."),
    "crowd": N_("Many people sign in just now; try again in some seconds."),
    "last-admin": N_("This is the last admin: make another one first."),
    "bad-login": N_("A login has letters, digits and . _ - @ only."),
    "no-role": N_("There is no such role."),
    "bad-scope": N_("This right does not reach so far: choose another."),
    "fixed-right": N_("An admin keeps people and settings: else nobody could give them back."),
    "unknown": N_("There is no such thing here."),
    "not-allowed": N_("You may not do this; ask an admin."),
    "storage": N_("Not saved: the database is busy. Nothing is lost here, try again."),
    "no-test-call": N_("No test call is set up there: see [sip.main.test] in the settings file."),
    "test-call-under-way": N_("A test call is under way; wait for its end."),
    "no-segment": N_("There is no such segment."),
    "segment-name-taken": N_("There is a segment of this name already."),
    "no-segment-name": N_("A segment needs a name."),
    "empty-segment": N_("Say at least one condition."),
    "too-deep": N_("Groups stand at most four deep."),
    "too-many-conditions": N_("A segment has at most 30 conditions."),
    "segment-of-itself": N_("A segment cannot ask for itself, nor for one that asks for it."),
    "bad-tag": N_("A word of small Latin letters, digits, - and _ that begins with a letter; a priority of 0 to 100."),
    "segment-in-use": N_("this segment asks for the one you delete."),
    "too-long-to-count": N_("This takes too long to count live: save it and open the list."),
    "too-many-segments": N_("These are too many segments to count side by side: at most 40."),
    "no-axis": N_("There is no such row or column to count by, or both are the same."),
    "no-measure": N_("This cannot be counted."),
    "no-average": N_("An average is of a rating or a number: choose one."),
    "no-period": N_("To count by months, say from which day to which."),
    "too-many-months": N_("At most 36 months are shown at once: make the period shorter."),
    "bad-sort": N_("This list cannot be sorted so."),
    "bad-cursor": N_("This page address is not complete: open the list again."),
    "401": N_("Sign in first."),
    "403": N_("You may not see this; ask an admin."),
    "404": N_("There is no such page."),
    "405": N_("There is no such page."),
    "429": N_("Too many requests; wait some seconds."),
    "too-many-numbers": N_("Too many numbers; wait some minutes."),
    "413": N_("This is too large."),
}
BUG = N_("Something is wrong here. Tell an admin this mark: {mark}.")
OUTCOMES: Mapping[str, str] = {
    "answered": N_("answered"),
    "no-answer": N_("no answer"),
    "busy": N_("busy"),
    "rejected": N_("declined"),
    "cancelled": N_("caller hung up"),
    "abandoned": N_("left the queue"),
    "diverted": N_("picked by a supervisor"),
    "voicemail": N_("voicemail"),
    "self-service": N_("self-service"),
    "callback-requested": N_("call-back requested"),
    "failed": N_("did not come about"),
    "unfinished": N_("end not seen"),
    "talked": N_("talked"),
    "answered-elsewhere": N_("somebody else answered"),
    "unreachable": N_("phone out of reach"),
    "transferred": N_("transferred"),
    "not-taken": N_("transferred, and nobody answered"),
}
DEVICES: Mapping[str, str] = {
    "unknown": N_("not known"),
    "idle": N_("free"),
    "ringing": N_("ringing"),
    "in-call": N_("in a call"),
    "on-hold": N_("on hold"),
    "busy": N_("busy"),
    "unreachable": N_("phone not registered"),
}
DIRECTIONS: Mapping[str, str] = {
    "inbound": N_("incoming"),
    "outbound": N_("outgoing"),
    "internal": N_("internal"),
}
DESK_NOTICES: Mapping[str, str] = {
    "desk-taken": N_("{name} sat down at desk {desk}: you are rung at your own phone again."),
    "desk-freed": N_("Desk {desk} is free again: you are rung at your own phone."),
}
PHONE_MODELS: Mapping[str, str] = {  # how a desk phone picks up by itself on a click of its owner
    "auto": N_("by what it says it is"),
    "off": N_("never"),
    "yealink": "Yealink",
    "fanvil": "Fanvil",
    "grandstream": "Grandstream",
    "snom": "Snom",
    "cisco": "Cisco",
    "polycom": "Polycom",
    "other": N_("another model"),
}
ROLES: Mapping[str, str] = {
    "agent": N_("agent"),
    "supervisor": N_("supervisor"),
    "admin": N_("admin"),
}
WHYS: Mapping[str, str] = {
    "exact-phone": N_("{number} is the phone “{label}” of the card, exactly."),
    "exact-phone-unlabelled": N_("{number} is a phone of the card, exactly."),
    "exact-phone-with-extension": N_("{number} is the phone “{label}” of the card, extension included."),
    "same-subscriber": N_("{number} is a phone of the card; the extension is another or not known."),
    "local-form": N_("{number} is how a phone of the card is dialled here."),
    "contact-phone": N_("{number} is the phone of {contact}."),
    "contact-phone-role": N_("{number} is the phone of {contact}, {role}."),
    "shared-phone": N_("{number} is a shared number of {count} clients."),
    "chosen-before": N_("You chose this client for the number on {date}."),
    "handed-over": N_("{name} says that it is this client."),
    "chosen-by-colleague": N_("A colleague chose this client for the number on {date}."),
}
STEPS: Mapping[str, str] = {
    "device-without-person": N_("{device} rang, and belongs to nobody: give it to a person under Settings, Users."),
    "number-hidden": N_("The caller hid the number: nobody is looked up."),
    "number-unreadable": N_("“{number}” cannot be read as a telephone number."),
    "number-read": N_("The caller's number is {number} (rule: {rule})."),
    "internal-call": N_("A colleague calls: {name} ({number})."),
    "matched-client": N_("One client has this number."),
    "matched-several": N_("{count} clients have this number: the agent picks."),
    "matched-unknown": N_("No client has this number."),
    "hand-over-asks": N_("{name} asks about a client: the client's card is shown."),
    "hand-over-given": N_("{name} hands the client over."),
    "card-in-talk": N_("The person talks with the client and was not given the card yet."),
    "seen-by-sip": N_("The watch line “{line}” rang: the PBX was seen by SIP only."),
    "seen-by-nobody": N_("Nobody with a phone is named for the line “{line}”: no card was sent."),
    "route-no-number": N_("The dialplan asked where to: the caller has no number to look up, it went its own way."),
    "route-unknown": N_("The dialplan asked where to: no client has {number}, it went its own way."),
    "route-restricted": N_("The dialplan asked where to: the client's data may not be used, it was told nothing."),
    "route-client": N_("The dialplan asked where to: one client has this number."),
    "route-several": N_("The dialplan asked where to: {count} clients have this number, no name was told."),
    "route-no-manager": N_("There is no one manager to ring."),
    "route-manager": N_("The dialplan was told to ring the manager {name} ({extension})."),
    "route-manager-away": N_("The manager {name} is not free (in a call, paused or not registered): not told."),
    "route-manager-elsewhere": N_("The manager {name} sits at another PBX: not told."),
    "route-tags": N_("The dialplan was told: {tags}; priority {priority}."),
    "route-late": N_("The dialplan asked where to and had no answer in time: it went its own way."),
    "pop-waits-answer": N_("Cards of this queue come with the answer: {name} is not shown it yet."),
    "pop-waits-hand": N_("Cards of this queue come when {name} asks for them."),
    "pop-not-wanted": N_("The queue's rule shows nothing for so many clients; the card comes when it is asked for."),
    "pop-by-hand": N_("The person asked for the card."),
    "pop-sent": N_("The card was sent to {name} ({device})."),
    "pop-shown": N_("The card was painted {ms} ms after the ring."),
}
LINKS: Mapping[str, str] = {
    "off": N_("No PBX is set up: the panel works without calls."),
    "connecting": N_("Connecting to the PBX…"),
    "up": "",
    "down": N_("No link to the PBX. Calls go on, the panel does not see them."),
    "refused": N_("The PBX refuses our account: an admin runs “cti check”."),
}
LINES: Mapping[str, str] = {
    "off": N_("stopped"),
    "connecting": N_("starting"),
    "up": N_("registered"),
    "down": N_("not registered"),
    "refused": N_("refused by the PBX"),
}
TEST_CALLS: Mapping[str, str] = {
    "test-card-shown": N_("The card came and was painted."),
    "test-card-sent": N_("The card was sent; no panel of the test agent was open to paint it."),
    "test-no-card": N_("The phone was called, and no card came: look at the call in the journal, “Why this card”."),
    "test-refused": N_("The PBX did not put the call through."),
    "test-not-placed": N_("The call could not be placed."),
    "test-no-agent": N_("The test agent of the settings is nobody here, or blocked."),
}
LINKS_BY_NAME: Mapping[str, str] = {
    "off": N_("The link to the PBX “{name}” is stopped."),
    "connecting": N_("Connecting to the PBX “{name}”…"),
    "down": N_("No link to the PBX “{name}”. Its calls go on, the panel does not see them."),
    "refused": N_("The PBX “{name}” refuses our account: an admin runs “cti check”."),
}
REASONS: Mapping[str, str] = {
    "gap": N_("the link to the PBX was down for a part of the call"),
    "lost": N_("the end was not seen"),
    "pbx-restart": N_("the PBX restarted"),
    "sip": N_("a watch line saw the call, and SIP does not tell how it ended"),
}
RULES: Mapping[str, str] = {
    "plus": N_("written with +"),
    "national": N_("written the country's way"),
    "area-code": N_("local, the area code added"),
    "double-zero": N_("written with 00"),
    "prefix-810": N_("written with 8 10"),
    "without-plus": N_("a foreign number without +"),
    "internal": N_("an internal number"),
    "letters": N_("there are letters in it"),
    "too-long": N_("it is too long"),
    "too-short": N_("it is too short"),
    "impossible": N_("there is no such number"),
}


def step(language: str, code: str, args: Mapping[str, str]) -> str:
    """A step of the trace as a sentence; numbers as people write them."""
    told = dict(args)
    if "number" in told:
        told["number"] = show(told["number"])
    if "rule" in told:
        told["rule"] = say(language, RULES.get(told["rule"], told["rule"]))
    return say(language, STEPS.get(code, code), **told)


def told(request: web.Request, error: Refused) -> str:
    """Why something was refused, in the reader's language, and of which field."""
    text = REFUSALS.get(error.code)
    if text is None:
        return translate(request, str(error))
    if "{where}" in text:
        return say(language_of(request), text, where=error.where)
    return (f"{error.where}: " if error.where else "") + translate(request, text)
