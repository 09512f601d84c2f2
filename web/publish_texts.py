"""Words of drafts and of publishing: what is refused, what is being done, why a publish was taken back."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "no-pbx-named": N_("There is no PBX of this name in the settings."),
    "no-calendar": N_("The moved days of that year are not known here yet."),
    "bad-plan": N_("This is no plan that can be read."),
    "bad-secret": N_("A password has 1 to 80 plain signs, without spaces."),
    "draft-changed": N_("Somebody changed the draft meanwhile: look at it as it is now."),
    "nothing-to-undo": N_("There is no change to take back."),
    "publishing": N_("Somebody is publishing just now: wait until that is over."),
    "cut-off": N_("A publish was cut off and its files could not be put back: the server's log says which."),
    "a-guest": N_("The dialplan of this PBX is not ours: choose so first."),
    "plan-faults": N_("The plan has faults: {where}"),
    "plan-unwritten": N_("The plan cannot be written: {where}"),
    "pbx-without-voicemail": N_(
        "The plan has mailboxes, and this PBX has no voicemail (app_voicemail): install it first."
    ),
    "no-includes": N_("The PBX does not read our files yet. Paste these lines: {where}"),
    "traces-changed": N_("Saved calls take another way: {where}. Accept it, or change the draft."),
    "no-version": N_("There is no such version."),
    "nothing-runs": N_("Nothing was published for this PBX yet."),
    "no-trace": N_("There is no such saved call."),
    "too-many-traces": N_("There are 500 saved calls: remove some first."),
    "bad-time": N_("Write a time as 2026-11-29 19:30."),
    "no-owner-folder": N_("The settings do not say where the files of this PBX are: [pbx.NAME.owner] folder."),
}
STAGES: Mapping[str, str] = {  # what a publish is doing
    "waiting": N_("begins"),
    "writing": N_("writes the files"),
    "reading": N_("the PBX reads them"),
    "looking": N_("looks at what the PBX has"),
    "going-back": N_("puts the files before it back"),
    "running": N_("runs"),
    "replaced": N_("ran before"),
    "publishing": N_("is being published"),
    "undone": N_("taken back"),
}
WHYS: Mapping[str, str] = {  # why a publish was taken back; all is as it was before
    "disk": N_("the files could not be written: {said}. The ones before are in place"),
    "not-read": N_("the PBX did not read them: {said}. The files before them are back"),
    "pbx-gone": N_("the PBX went away meanwhile: {said}. The files before are back: it reads them when it starts"),
    "missing": N_("the PBX has not what was written: {said}. The files before are back"),
    "no-context": N_("the PBX has not the context {said}. The files before are back"),
    "otherwise": N_(
        "the PBX has otherwise than written (what was written stands in brackets): {said}. Does a file of the admin's "
        "own say it too? The files before are back"
    ),
    "not-told": N_("the PBX did not say what it has: {said}. The files before are back"),
    "locked-out": N_("the published account no longer lets the server in: {said}. The files before are back"),
    "changed": N_("somebody else wrote to the files meanwhile: {said}. The files before are back"),
    "strange": N_("in contexts of ours the PBX has what is not of ours: {said}. Rename it, or put it into -custom"),
    "no-queue": N_("the PBX has not the queue {said}. The files before are back"),
    "no-music": N_(
        "the PBX has not the music {said}: its folder must be there and hold a sound. The files before are back"
    ),
    "no-line": N_(
        "the PBX knows no calls of the line {said}: is its address found from there (DNS)? The files before are back"
    ),
    "no-phone": N_("the PBX has not the phone {said}. The files before are back"),
    "storage": N_("it could not be written down: {said}. The files before are back"),
    "cut-off": N_("the server, or the command, was ended in the middle of it. The files before are back"),
    "cut-off-unread": N_(
        "it was ended in the middle. The files before are back, but the PBX did not read them: {said}"
    ),
}
