"""Words of recordings: why one cannot be heard, and why something was refused."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

STATES: Mapping[str, str] = {  # state, or state and why
    "preparing": N_("The recording is being prepared: it can be heard when the call is over."),
    "absent": N_("The recording is not there."),
    "absent-missing": N_("The recording is not there: the PBX has made no file."),
    "absent-empty": N_("Nobody talked while it was recorded: there is nothing to hear."),
    "absent-no-folder": N_("The PBX has recorded the call; its folder is not named in the settings (recordings)."),
    "absent-lost": N_("The recording was here and its file is gone: an admin looks at the disk of the PBX."),
    "deleted": N_("The recording was deleted."),
    "deleted-refused": N_("The client did not want to be recorded: nothing is kept."),
    "deleted-erased": N_("The recording was deleted with the client's data."),
    "deleted-old": N_("The recording was deleted: its time was over."),
}
MISSING: Mapping[str, str] = {  # why a talk has no recording
    "none": N_("nothing recorded it"),
    "missing": N_("the PBX has made no file"),
    "empty": N_("the file is empty"),
    "no-folder": N_("the folder of this PBX is not in the settings"),
    "lost": N_("the file was there and is gone"),
}
REFUSALS: Mapping[str, str] = {
    "not-recorded": N_("This call is not recorded now."),
    "no-recording": N_("There is no such recording."),
    "recording-gone": N_("The recording is not there any more."),
    "recording-late": N_("The recording is being prepared: try again in a minute."),
    "recording-closed": N_("This player was opened too long ago: press Play again."),
    "no-why-held": N_("Say why it is held: a dispute, a court, a claim."),
    "no-archive": N_("The recording lies in an archive that the settings do not name any more: an admin looks."),
    "archive-away": N_("The archive does not give the recording now: try again in a while."),
    "bad-keep-days": N_("Give whole days from 1 to 36 500, or nothing to keep them for good."),
    "many-heard": N_("Too many recordings are being heard now: try again in a while."),
}


def state(row_state: str, why: str) -> str:
    """Why a recording cannot be heard."""
    return STATES.get(f"{row_state}-{why}") or STATES.get(row_state, row_state)
