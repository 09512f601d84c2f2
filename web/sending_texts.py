"""Words of what is sent: why a letter, a template or a rule is refused, and why a letter did not go."""

from __future__ import annotations

from collections.abc import Mapping

from cti.messages.consent import Purpose
from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "no-letter": N_("There is no such letter any more."),
    "letter-gone": N_("This letter lies on no mail server any more: it was deleted there, or its mailbox was removed."),
    "mail-away": N_("The letter's mail server does not answer now: try again in a few minutes."),
    "not-a-draft": N_("This letter is no draft any more."),
    "no-mailbox-yet": N_(
        "You have no mailbox to write from: connect yours in “My profile”, or ask an admin for a shared one."
    ),
    "mailboxes-paused": N_("All your mailboxes are paused: resume one in its settings, then answer."),
    "mailbox-paused": N_("This mailbox is paused: choose another, or have it resumed."),
    "no-addressee": N_("Say to whom the letter goes."),
    "bad-address": N_("This is no e-mail address."),
    "restricted-mail": N_("Nothing may be sent to this client: processing of his data is restricted."),
    "empty-letter": N_("The letter is empty."),
    "empty-fields": N_("This field of the template has no value: fill it in, or take it out."),
    "too-large": N_("The files of a letter take at most 25 MiB."),
    "too-late": N_("A letter is kept for a year at most."),
    "left": N_("The letter has left already."),
    "not-stopped": N_("This letter is not one that waits for you."),
    "no-picture": N_("In the text stand pictures alone: PNG, JPEG, GIF or WebP."),
    "no-template": N_("There is no such template any more."),
    "no-template-name": N_("A template needs a name."),
    "empty-template": N_("A template needs a text."),
    "template-name-taken": N_("There is a template of this name already."),
    "too-many-library": N_("A letter takes 20 files of the library, an SMS none."),
    "no-field": N_("There is no such field."),
    "no-rule": N_("There is no such rule any more."),
    "no-rule-name": N_("A rule needs a name."),
    "rule-name-taken": N_("There is a rule of this name already."),
    "empty-rule": N_("Say what the rule does: a letter or an SMS by a template, a task, or both."),
    "no-rule-hours": N_("Say how many hours before it is."),
    "field-not-here": N_("This field has no value in such a rule."),
    "no-rule-mailbox": N_("Say from which mailbox the letter goes."),
    "no-rule-field": N_("Say which field has to change."),
    "bad-rule-value": N_("Say what the field has to become."),
    "no-rule-date": N_("Say which date of the client it is."),
    "bad-hours": N_("The hours end before they begin."),
    "no-purpose": N_("A consent is given for one purpose."),
    "no-talk": N_("You have not talked with this client within the last hour."),
    "empty-consent": N_("The text of the consent is empty."),
    "no-stop-words": N_("Without a word to stop nobody could end it."),
    "no-title": N_("A file of the library needs a title."),
}
# of a letter: why it waits for a person, or did not go; told to its author as a notice, too
FAILURES: Mapping[str, str] = {
    "refused": N_("The mail server of the addressee refused the letter."),
    "partly": N_("The letter went, but not to everybody: some addressees were refused."),
    "gave-up": N_("The letter could not be delivered for two days; it is not tried any more."),
    "no-answer": N_("Whether the letter went is not known: the mail server did not answer. It is not sent again."),
    "cut-off": N_("Whether the letter went is not known: the server was stopped meanwhile. It is not sent again."),
    "restricted": N_("The letter was not sent: processing of the client's data is restricted."),
    "withdrawn": N_("The letter was not sent: the client has withdrawn his consent."),
    "no-consent": N_("The letter was not sent: the client has not consented to such letters."),
    "no-mailbox": N_("The letter was not sent: its mailbox was removed."),
    "unmakeable": N_("The letter could not be made: a file of it is gone, or an address is none."),
    "too-often": N_("Held: this address was written to automatically often enough."),
    "same-again": N_("Held: the same automatic text goes out too often."),
    "answers-machine": N_("Held: it would answer a letter that a machine wrote."),
    "mailbox-trouble": N_(
        "The letter waits: the mail server does not let this mailbox in. Was the password changed? Type the new one in"
        " the mailbox's settings: then the letter goes by itself."
    ),
    "mailbox-shut": N_(
        "The letter did not go: the mail server did not let its mailbox in. Was the password changed? Type the new one"
        " in the mailbox's settings, then send the letter once more."
    ),
    "two-drafts": N_("This draft was changed here and in another mail program: both are kept, each as one of its own."),
    "returned": N_("The letter came back: it was not delivered."),
}
NOTICES: Mapping[str, str] = {f"letter-{code}": text for code, text in FAILURES.items()} | {
    "sms-budget": N_("The day's budget for SMS is used up: those of rules and campaigns wait until tomorrow."),
}
EVENTS: Mapping[str, str] = {
    "missed-call": N_("A call was missed"),
    "contract-ends": N_("A contract ends soon"),
    "changed": N_("A field of a client changed"),
    "task-due": N_("An appointment or a call-back comes near"),
    "new-client": N_("A new client"),
    "date": N_("A birthday, or another date of a client"),
}
# why a rule did nothing, or wrote no letter
SKIPPED: Mapping[str, str] = {
    "no-client": N_("there is no such client any more"),
    "restricted": N_("processing of his data is restricted"),
    "called-back": N_("somebody has talked with him since"),
    "already-written": N_("this rule has written to him already"),
    "no-template": N_("the template is not offered any more"),
    "no-mailbox": N_("the mailbox is paused or removed"),
    "no-address": N_("he has no e-mail address"),
    "own-address": N_("his address is one of our own mailboxes"),
    "bounced": N_("letters to his address came back"),
    "missing-field": N_("a field of the template has no value"),
    "too-late": N_("it should have happened more than two days ago"),
    "no-number": N_("he has no telephone number"),
    "landline": N_("a landline takes no SMS"),
    "no-consent": N_("he has given no consent for it"),
    "withdrawn": N_("he has withdrawn his consent"),
    "too-long": N_("the text is longer than 10 parts of an SMS"),
}
# for what one writes: each but the first needs a consent
PURPOSES: Mapping[Purpose, str] = {
    "service": N_("What concerns his orders and calls"),
    "marketing": N_("Advertising"),
    "survey": N_("Surveys"),
    "calls": N_("Calls with offers"),
}
# how a consent, or its end, came to us
CONSENT_SOURCES: Mapping[str, str] = {
    "card": N_("on the card"),
    "import": N_("in an imported file"),
    "api": N_("by a program"),
    "page": N_("on the page of a letter"),
    "letter": N_("by a letter"),
    "sms": N_("by an SMS"),
    "call": N_("in a call"),
}
# what became of what a rule sent: states of SMS and of letters
RUN_STATES: Mapping[str, tuple[str, str]] = {
    "queued": (N_("waits"), "hold"),
    "waiting": (N_("waits"), "hold"),
    "sending": (N_("on its way"), "hold"),
    "accepted": (N_("with the gateway"), "hold"),
    "sent": (N_("sent"), "talk"),
    "delivered": (N_("delivered"), "talk"),
    "undeliverable": (N_("not delivered"), "miss"),
    "expired": (N_("not delivered in time"), "miss"),
    "rejected": (N_("refused"), "miss"),
    "failed": (N_("not sent"), "miss"),
    "held": (N_("waits for a person"), "miss"),
    "unknown": (N_("not known"), "miss"),
    "canceled": (N_("taken back"), ""),
}
