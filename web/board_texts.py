"""Words of the live board's actions: why one was not done."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "not-waiting": N_("This caller does not wait any more."),
    "agent-busy": N_("This person's phone is not free: choose another one."),
    "unknown-queue": N_("Nobody works in such a queue yet: an admin sets the first one."),
    "bad-days": N_("Choose how long the link is to last."),
    "many-links": N_("You have 50 links: revoke one that is not used."),
    "no-link": N_("There is no such link any more."),
    "no-tiles": N_("A board shows one part at least."),
    "no-words": N_("Write what is to be said."),
    "nobody": N_("There is nobody there who has a phone."),
    "why-needed-to-spy": N_("Say why you listen: it stands in the access journal."),
    "not-in-talk": N_("This person does not talk now."),
    "hears-nobody": N_("You hear nobody's talk now: it is over."),
    "spy-no-switch": N_("This PBX is too old to change it: end it, and begin anew in the other way."),
    "spy-other-pbx": N_("This conversation is on another PBX than your phone."),
    "own-phone-busy": N_("Your phone is not free on the PBX: free it, or choose another one on the right."),
}
