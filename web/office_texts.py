"""Words of what stands beside the flow: its faults, why a colleague's call went where it went, what is pasted.

{at} and {what} are filled; dialplan_texts.py has the flow's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

FAULTS: Mapping[str, str] = {
    "bad-step": N_("“{at}” cannot be a step's id: letters and digits only, and none of Asterisk's own (s, t, i, h…)."),
    "no-group": N_("“{at}” rings the group “{what}”, which is not there. Choose another."),
    "group-twice": N_("Two groups have the id “{at}”."),
    "box-twice": N_("Two mailboxes have the number {at}."),
    "bad-box": N_("A mailbox has a number of digits: “{at}”."),
    "no-box": N_("“{at}” takes messages into the mailbox {what}, which is not there. Choose another."),
    "no-music": N_("The queue “{at}” plays the music “{what}”, which is not there. Choose another."),
    "music-twice": N_("Two kinds of music are called “{at}”."),
    "bad-figure": N_("“{at}”: {what} is too little or too much."),
    "bad-penalty": N_("The queue “{at}”: from {what} is no range of penalties."),
    "penalty-twice": N_("The queue “{at}” has two rules after {what} s of waiting."),
    "bad-code": N_("“{at}” cannot be dialled as a code: *, # and digits; a key in a call begins with * or #."),
    "code-clash": N_("The codes {at} and {what} are the same, or one is hidden by the other."),
    "key-clash": N_("In a call {at} and {what} begin alike: one of them would never be heard."),
    "code-inside": N_("The number {at} inside is taken by the code {what}. Change one of them."),
    "slot-inside": N_("The number {at} is a place for parked calls as well. Change one of them."),
    "bad-slots": N_("Places for parked calls {what}: from the lower to the higher, and {at} not among them."),
    "unannounced": N_("Calls of “{at}” are recorded and nobody says so. Choose the sound that announces it."),
    "no-untold": N_("The key {what} says no to a recording, and nothing is said before one: nobody would press it."),
    "bad-caller-id": N_("“{at}” shows “{what}” to those who are called: a number is of digits."),
    "spy-nobody": N_("{at} may listen to calls, but nobody has that extension."),
    "who-many": N_("The route of “{at}” names {what} people; more than 500 are not looked through."),
    "trunk-elsewhere": N_(
        "The route of “{at}” goes by the line “{what}”, which is not of this plan: is it the PBX's own?"
    ),
    "bad-add": N_("The route of “{at}” puts “{what}” before the number: digits only."),
    "bad-host": N_("The line “{at}”: {what} is no address of a carrier."),
    "bad-user": N_("The line “{at}” needs a name to sign in by: “{what}” is none."),
    "trunk-twice": N_("“{at}” is the name of two lines, or of a line and a device."),
    "bad-zone": N_("“{at}”: “{what}” is no time zone, as Europe/Moscow is."),
    "bad-date": N_("In the hours “{at}”: {what} is no date."),
    "bad-days": N_("In the hours “{at}” the time {what} is of no day of the week."),
    "no-secret": N_("“{at}” has no password yet."),
    "no-pin": N_("The mailbox {at} has no PIN of four digits or more."),
    "no-voicemail": N_("The plan has mailboxes, and this PBX has no voicemail (app_voicemail): install it first."),
    "no-context": N_("The context {at} includes {what}, which is not there."),
    "include-circle": N_("The contexts {at} and {what} include each other."),
    "no-target": N_("{at} jumps to {what}, where nothing is."),
}
WHYS: Mapping[str, str] = {
    "no-group": N_("there is no such group"),
    "park": N_("the call is parked"),
    "parked": N_("the call parked at {slot} is taken back"),
    "code-refused": N_("not among those who may listen to calls"),
    "no-mailbox": N_("has no mailbox"),
    "code-pick": N_("takes the call that rings at {number}"),
    "code-pickup": N_("takes a call that rings in the group"),
    "code-sit": N_("sits down at this phone as {number}"),
    "code-leave": N_("leaves this phone"),
    "code-log-in": N_("comes into the queues"),
    "code-log-out": N_("leaves the queues"),
    "code-pause": N_("pause, reason {number}"),
    "code-ready": N_("back on the line"),
    "code-listen": N_("listens to {number}"),
    "code-whisper": N_("whispers to {number}"),
    "code-barge": N_("joins the call of {number}"),
    "code-mailbox": N_("own mailbox"),
    "code-echo": N_("hears himself"),
    "route": N_("the route of {prefix}: by {trunk} as {sent}"),
    "blocked-route": N_("the route of {prefix} refuses all calls"),
    "blocked-who": N_("not among those whom the route of {prefix} lets through"),
    "blocked-hours": N_("outside of the hours in which the route of {prefix} lets calls through"),
}
INSIDE: Mapping[str, tuple[str, str]] = {  # kinds of steps of a colleague's call: name and icon
    "number": (N_("Number"), "phone"),
    "person": (N_("Colleague"), "user"),
    "queue": (N_("Queue"), "headphones"),
    "group": (N_("Group"), "users"),
    "code": (N_("Feature code"), "keyboard"),
    "route": (N_("Way outside"), "phone-outgoing"),
    "voicemail": (N_("Voicemail"), "sticky-note"),
    "custom": (N_("The admin's own extension"), "pencil"),
}
PASTED: Mapping[str, str] = {  # why a setting is needed in Asterisk's own files
    "voicemail-format": N_("messages are played in the panel as WAV"),
    "voicemail-passwords": N_("a PIN that somebody changes at the phone is kept apart from our file"),
    "members-kept": N_("who is in a queue stays there over a restart"),
    "wrapup-shared": N_("the rest after a call holds in all queues"),
    "music-default": N_("what is heard on hold where nothing else is said"),
    "manager-on": N_("the server speaks with the PBX by this interface"),
    "manager-address": N_("on this machine only, unless the server is on another"),
    "phones-by-name": N_("a phone is known by its name first, else all phones on the line's address were the line"),
    "transport": N_("where desk phones sign in"),
    "browsers": N_("phones in the browser"),
    "conferences": N_("calls of three need this file to be there"),
}
