"""Words of letters: what their states are, why a letter stands where it does, whose it is and who has it."""

from __future__ import annotations

from collections.abc import Mapping

from cti.storage.letter_reading import Told
from web.i18n import say
from web.texts import N_

NOTICES: Mapping[str, str] = {
    "letter": N_("New letter from {name}: {subject}"),
    "letter-bare": N_("New letter from {name}"),
}
STATES: Mapping[str, str] = {
    "new": N_("new"),
    "work": N_("in work"),
    "waiting": N_("waits for the client"),
    "done": N_("settled"),
}
FOLDERS: Mapping[str, str] = {
    "inbox": N_("Inbox"),
    "sent": N_("Sent"),
    "drafts": N_("Drafts"),
    "junk": N_("Junk"),
    "trash": N_("Trash"),
    "archive": N_("Archive"),
}
CONVERSATION_WHYS: Mapping[str, str] = {
    "new": N_("It began this conversation."),
    "reply": N_("It answers a letter of this conversation."),
    "named": N_("A letter of this conversation answers it."),
    "sibling": N_("It answers the same letter as another one here."),
    "outlook": N_("Outlook counts it to this conversation."),
    "subject": N_("The same address wrote under this subject within 14 days."),
    "split": N_("{name} made a conversation of its own of it."),
}
CLIENT_WHYS: Mapping[str, str] = {
    "address": N_("The address {address} stands on the client's card."),
    "contact": N_("{address} is the address of {contact}."),
    "domain": N_("The company writes from {domain}."),
    "conversation": N_("The conversation is with this client."),
    "several-conversation": N_("Several clients have this address; the conversation is with this one."),
    "by-hand": N_("{name} said so."),
    "several": N_("Several clients have this address: choose one."),
    "unknown": N_("Nobody has the address {address}."),
    "own": N_("A letter among ourselves."),
}
OWNER_WHYS: Mapping[str, str] = {
    "mailbox": N_("It came to his own mailbox."),
    "responsible": N_("He is the client's manager."),
    "least-loaded": N_("He was there and had the least to answer ({count})."),
    "answered": N_("He answered first."),
    "by-hand": N_("{name} gave it."),
}
AUTOMATIC: Mapping[str, str] = {
    "reply": N_("automatic reply"),
    "list": N_("mailing"),
    "bounce": N_("not delivered"),
}


def tell(language: str, words: Mapping[str, str], one: Told) -> str:
    """A decision in words; "" for none."""
    text = words.get(one.code, "")
    return say(language, text, **one.names) if text else ""
