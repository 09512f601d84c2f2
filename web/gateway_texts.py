"""What the panel says of SMS gateways: what is wrong and what to do about it, kinds, services, refusals."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_, say

TROUBLES: Mapping[str, str] = {
    "down": N_("It is away. It is tried again by itself."),
    "host": N_(
        "This host cannot be reached. Check its name. A gateway inside the house's network has to be allowed in the"
        " settings file: [sms] inside."
    ),
    "lookup": N_("The name server does not answer, so the host cannot be found now. It is tried again by itself."),
    "closed": N_("Nothing listens there. Check the address and the port."),
    "silent": N_("It does not answer in time. If that stays so, check the address, or ask the company."),
    "refused-bind": N_("It does not let us in: check the login and the password or key."),
    "throttled": N_("It asks to send more slowly: set fewer messages in a second."),
    "full": N_("Its queue is full. It is tried again by itself."),
    "balance": N_("The account with it is empty: top it up."),
    "bad-number": N_("It does not take this number."),
    "bad-sender": N_("It does not take this sender: agree the name with the company."),
    "bad-text": N_("It does not take this text."),
    "unsure-words": N_("It answered something that is not described, so it is not known whether it took the message."),
    "http": N_("It answers with an error of its own. It is tried again by itself."),
    "not-ours": N_("It does not serve this direction."),
    "certificate": N_(
        "Its certificate is not good for this name, so no password was sent. Check the name of the host."
    ),
    "no-right": N_("The PBX's account may not send SMS: give it write=call in manager.conf."),
    "no-driver": N_("The PBX has no driver of modems: it needs chan_quectel or chan_dongle."),
    "no-pbx": N_("There is no such PBX in the settings."),
    "other": N_("It refuses messages."),
}
SAID = N_("It said: “{said}”")
NOTICES: Mapping[str, str] = {"sms-gateway": N_("SMS gateway “{gateway}”: {trouble}")}
KINDS: Mapping[str, str] = {
    "http": N_("by the web"),
    "smpp": N_("by SMPP"),
    "modem": N_("a modem on the PBX"),
}
STATES: Mapping[str, tuple[str, str]] = {  # in words, and the tag's colour
    "up": (N_("sends"), "talk"),
    "starting": (N_("is being connected"), "ring"),
    "down": (N_("does not send"), "miss"),
    "paused": (N_("paused"), "hold"),
}
# What a service wants for a login and a password, and where its address for call-backs is given
LOGINS: Mapping[str, str] = {
    "smsaero": N_("E-mail of the account"),
    "": N_("Login"),
}
PASSWORDS: Mapping[str, str] = {
    "smsru": N_("api_id, from the account's settings"),
    "smsaero": N_("API key, from the account's settings"),
    "exolve": N_("API key of the application"),
    "": N_("Password or key"),
}
REFUSALS: Mapping[str, str] = {
    "too-many-gateways": N_("There are 50 gateways: remove one first."),
    "gateway-taken": N_("There is a gateway of this name, or one was removed today."),
    "gateway-changed": N_("Somebody changed it meanwhile: open it again."),
    "gateway-secret": N_("Type the password again: the gateway is another one now."),
    "gateway-paused": N_("Nothing is sent by this gateway now: resume it first."),
    "empty-gateway": N_("Give the gateway a name."),
    "bad-sms-sender": N_("A sender is up to 11 Latin letters and digits, or a number."),
    "bad-gateway-number": N_("Messages in a second are from 1 to 1000, a price is up to 1000."),
    "bad-prefix": N_("A prefix is written +7 or +7495; empty: all numbers."),
    "bad-route": N_("Order is from 1 to 99, a share from 1 to 100, a price up to 1000."),
    "route-twice": N_("A gateway stands once for a prefix."),
    "bad-given": N_("The gateway is not filled in as it should be."),
    "bad-kind": N_("There is no such kind of gateway."),
}
BAD_GIVEN = N_("This is not filled in as it should be: {what}")


def trouble(language: str, stored: str) -> str:
    """A stored trouble as a sentence that says what to do; "" for none."""
    code, _, said = stored.partition("|")
    if not code:
        return ""
    text = say(language, TROUBLES.get(code, TROUBLES["other"]))
    return f"{text} {say(language, SAID, said=said)}" if said else text
