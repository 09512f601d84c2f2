"""Texts of alerts: what is watched, by which ways it is told, what became of that, and refusals."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

WATCHED: Mapping[str, str] = {
    "level": N_("service level of the last half hour, %"),
    "longest-wait": N_("longest wait now, s"),
    "waiting": N_("how many wait now"),
    "abandoned": N_("hung up in the last half hour"),
    "nobody-ready": N_("nobody of a queue is ready"),
    "unreachable": N_("telephones of a queue out of reach"),
    "pbx": N_("the link to a PBX is lost"),
    "mailbox": N_("a mailbox is in trouble"),
    "gateway": N_("an SMS gateway is in trouble"),
}
WAYS: Mapping[str, str] = {
    "desk": N_("on the screen"),
    "mail": N_("by letter"),
    "sms": N_("by SMS"),
    "webhook": N_("by webhook"),
}
STATES: Mapping[str, str] = {
    "waiting": N_("waits"),
    "sent": N_("sent"),
    "handed": N_("handed over"),
    "failed": N_("not sent"),
    "canceled": N_("called off"),
}
WHATS: Mapping[str, str] = {"began": N_("began"), "again": N_("again"), "ended": N_("over")}
WHYS: Mapping[str, str] = {
    "gone": N_("the person or the address is gone"),
    "no-address": N_("no e-mail address is known"),
    "no-phone": N_("no telephone number is known"),
    "no-mailbox": N_("the mailbox is gone"),
    "no-secret": N_("the key cannot be read any more: set it anew"),
    "acked": N_("somebody saw to it"),
    "over": N_("it was over"),
    "host": N_("the address may not be reached from here"),
    "lookup": N_("the name server does not answer"),
    "address": N_("this is no address"),
    "unreached": N_("nobody answers at this address"),
    "slow": N_("no answer came in time"),
    "certificate": N_("its certificate is not trusted"),
    "broken": N_("the answer was cut off"),
}
NOTICES: Mapping[str, str] = {
    "alert": N_("{words}"),
    "alert-over": N_("{words}"),
    "alert-taken": N_("{name} sees to it: {words}"),
}
REFUSALS: Mapping[str, str] = {
    "alert-thresholds": N_("The threshold of the end has to be better than that of the beginning."),
    "alert-no-way": N_("Say by which way it is told."),
    "alert-nobody": N_("Say who is told."),
    "alert-no-mailbox": N_("Say from which mailbox the letters go."),
    "alert-quiet": N_("Quiet hours have a beginning and an end."),
    "alert-name": N_("Give the rule a name of its own."),
    "alert-hook": N_("The address of a webhook begins with http:// or https:// and names no user."),
    "alert-many": N_("These are too many rules."),
    "alert-email": N_("This is no e-mail address."),
    "alert-phone": N_("This is no telephone number."),
    "alert-acked": N_("Somebody sees to it already."),
    "no-alert": N_("There is no such warning, or it did not go to you."),
    "alert-values": N_("A number or a time is out of its bounds: see what stands beside the fields."),
    "no-alert-rule": N_("There is no such rule any more."),
}
