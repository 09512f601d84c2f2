"""Words of campaigns: channels, states, why one stands, why somebody was left out, what is refused."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "no-campaign": N_("There is no such campaign any more."),
    "no-campaign-name": N_("A campaign needs a name."),
    "no-whom": N_("Say whom it goes to: choose a segment."),
    "no-text": N_("Choose the text: a template."),
    "campaign-name-taken": N_("There is a campaign of this name already."),
    "campaign-began": N_("It has begun: it can be paused or stopped, not changed."),
    "campaign-moved": N_("This cannot be done now: look at the state of the campaign."),
    "nobody-there": N_("Nobody is left whom it could reach."),
    "needs-second": N_("So many people: a second person has to agree first."),
    "nothing-to-try": N_("There is no text for such an address: choose the people first."),
    "not-a-number": N_("This is not a telephone number."),
    "no-mailbox": N_("Say from which mailbox the letters go."),
    "no-sms-template": N_("Choose the text of the SMS for those whose letter comes back."),
    "bad-link": N_("The link has to be a whole address: https://..."),
    "no-link": N_("The text has a link: say where it leads; and the settings have to name http.public_url."),
    "no-label": N_("Say who calls: the label of the caller."),
    "no-call-list": N_("This person is not on your desk any more: take the next one."),
    "desk-full": N_("Call those first whom you have on your desk."),
    "nobody-to-take": N_("Nobody is to be called now: all are called, or it is not their hour."),
    "no-calls-consent": N_("He has not agreed to be called, or has taken it back: he is not dialled."),
}
NOTICES: Mapping[str, str] = {
    "campaign-asked": N_("{by} asks you to agree to the campaign “{name}”: {count} people."),
    "campaign-agreed": N_("{by} agreed to the campaign “{name}”: it can be started."),
    "campaign-refused": N_("{by} did not agree to the campaign “{name}”."),
    "campaign-stands": N_("The campaign “{name}” stands still: look at why, and start it again."),
}
CHANNELS: Mapping[str, str] = {
    "sms": N_("SMS"),
    "email": N_("Letters"),
    "sms-bounced": N_("Letters, and SMS where one comes back"),
    "calls": N_("Call list"),
}
PURPOSES: Mapping[str, str] = {
    "service": N_("service: of an order, an appointment, a contract"),
    "marketing": N_("advertising and congratulations"),
    "survey": N_("survey"),
    "calls": N_("calls"),
}
STATES: Mapping[str, tuple[str, str]] = {
    "draft": (N_("draft"), ""),
    "building": (N_("choosing people"), "ring"),
    "asked": (N_("waits for the second person"), "hold"),
    "ready": (N_("ready to start"), "idle"),
    "running": (N_("running"), "talk"),
    "paused": (N_("paused for now"), "hold"),
    "stopped": (N_("stopped for good"), "miss"),
    "done": (N_("over"), "idle"),
}
PEOPLE: Mapping[str, str] = {
    "waiting": N_("not their turn yet"),
    "queued": N_("in the queue"),
    "accepted": N_("taken by the gateway"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "failed": N_("not delivered"),
    "bounced": N_("came back"),
    "unknown": N_("not known"),
    "reached": N_("talked with"),
    "skipped": N_("passed over"),
    "canceled": N_("taken back"),
    "excluded": N_("left out"),
}
MARKS: Mapping[str, str] = {
    "replied": N_("wrote back"),
    "called": N_("called back"),
    "unsubscribed": N_("unsubscribed"),
    "opened": N_("opened a link"),
}
WHYS: Mapping[str, str] = {
    "restricted": N_("processing of their data is restricted"),
    "no-address": N_("no number or address"),
    "landline": N_("only landline numbers"),
    "own-address": N_("an address of our own"),
    "withdrawn": N_("unsubscribed, or took the consent back"),
    "no-consent": N_("without consent"),
    "bounced": N_("letters come back from the address"),
    "recent": N_("another campaign wrote lately"),
    "duplicate": N_("another client has the same number or address"),
    "missing-field": N_("a field of the template has no value"),
    "long": N_("the SMS is longer than ten parts"),
    "left": N_("left the segment"),
    "no-client": N_("the client is gone"),
    "too-late": N_("its time is over"),
    "quiet": N_("quiet hours"),
    "a-day": N_("enough SMS today"),
    "budget": N_("the budget of the day is used up"),
    "too-often": N_("written to too often"),
    "refused": N_("the mail server refused it"),
    "returned": N_("the letter came back"),
    "no-answer": N_("nobody answered"),
    "busy": N_("busy"),
    "failed": N_("could not be done"),
    "closed": N_("closed by the agent"),
}
STANDS: Mapping[str, str] = {
    "no-template": N_("Its template is not there any more: bring it back, then start again."),
    "no-mailbox": N_("Its mailbox is paused or gone: resume the mailbox, then start again."),
    "no-segment": N_("Its segment is not there any more."),
    "no-link": N_("Its text has a link, and it is not said where it leads, or the server has no address of its own."),
    "bad-filter": N_("The segment asks for something that is gone: look at it, then choose people again."),
    "failed": N_("Choosing people failed: try again, and tell an admin if it fails anew."),
}
