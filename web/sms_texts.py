"""Words of SMS: their states, why one was refused or did not arrive, what is told on a desk."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

STATES: Mapping[str, tuple[str, str]] = {  # in words, and the tag's colour
    "queued": (N_("goes out"), "ring"),
    "sending": (N_("is going out"), "ring"),
    "accepted": (N_("the gateway has it"), "ring"),
    "sent": (N_("on its way to the phone"), "ring"),
    "delivered": (N_("delivered"), "talk"),
    "undeliverable": (N_("not delivered"), "miss"),
    "expired": (N_("not delivered in time"), "miss"),
    "rejected": (N_("refused"), "miss"),
    "unknown": (N_("not known whether it arrived"), "miss"),
    "canceled": (N_("not sent"), "hold"),
    "received": (N_("came"), ""),
}
# why it waits, or did not arrive
WHYS: Mapping[str, str] = {
    "no-gateway": N_("no SMS gateway can be reached now: it waits for one"),
    "other-gateway": N_("one gateway did not deliver it: another is tried"),
    "gave-up": N_("no gateway took it for a day"),
    "no-answer": N_("the gateway did not answer; it is not sent again by itself"),
    "cut-off": N_("the server was stopped meanwhile; it is not sent again by itself"),
    "no-receipt": N_("the gateway never told what became of it"),
    "restricted": N_("processing of the client's data is restricted"),
    "withdrawn": N_("the client wants no messages"),
    "no-consent": N_("the client has not agreed to such messages"),
    "too-often": N_("an automatic answer went to this number a moment ago"),
    "quiet": N_("quiet hours of the client: it waits for their end"),
    "a-day": N_("enough was sent to this number today"),
    "budget": N_("the budget of the day is spent: it waits for tomorrow"),
    "too-late": N_("it would come too late"),
    "landline": N_("this is a landline: it takes no SMS"),
    "talked": N_("somebody has talked with him since"),
    "called-back": N_("the author took it back"),
    "down": N_("the gateway is away"),
    "host": N_("the gateway is not found"),
    "lookup": N_("the name server does not answer"),
    "closed": N_("the gateway closed the connection"),
    "silent": N_("the gateway is silent"),
    "refused-bind": N_("the gateway does not let us in"),
    "throttled": N_("the gateway asks to send more slowly"),
    "full": N_("the gateway's queue is full"),
    "balance": N_("the account with the gateway is empty"),
    "bad-number": N_("the gateway does not know this number"),
    "bad-sender": N_("the gateway does not know the sender's name"),
    "bad-text": N_("the gateway does not take this text"),
    "unsure-words": N_("the gateway answered something that is not understood"),
    "http": N_("the gateway answered with an error"),
    "not-ours": N_("the gateway says that this message is not ours"),
    "no-right": N_("the PBX's account may not send SMS: it needs write=call"),
    "no-driver": N_("the PBX has no driver of modems (chan_quectel, chan_dongle)"),
    "no-pbx": N_("there is no such PBX"),
    "certificate": N_("the gateway's certificate is not good for its name"),
    "other": N_("the gateway refused it"),
}
REFUSALS: Mapping[str, str] = {
    "no-sms": N_("There is no such message any more."),
    "sms-left": N_("The message has left already."),
    "not-stopped-sms": N_("This message is not one that waits for you."),
    "bad-number": N_("This is no telephone number that an SMS can go to."),
    "landline": N_("This is a landline: it takes no SMS. Choose a mobile number."),
    "empty-sms": N_("The message is empty."),
    "long-sms": N_("The message is too long: an SMS has ten parts at most."),
    "sms-withdrawn": N_("The client has asked for no more messages (STOP). Call, or let him write START."),
    "sms-no-consent": N_("The client has not agreed to such messages."),
}
NOTICES: Mapping[str, str] = {
    "sms-in": N_("SMS from {name}"),
    "sms-undeliverable": N_("An SMS of yours was not delivered."),
    "sms-expired": N_("An SMS of yours was not delivered in time."),
    "sms-rejected": N_("An SMS of yours was refused by the gateway."),
    "sms-unknown": N_("Whether an SMS of yours arrived is not known. It is not sent again by itself."),
    "sms-canceled": N_("An SMS of yours was not sent: the client may not be written to."),
}
