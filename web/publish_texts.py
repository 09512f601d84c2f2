"""Words of drafts and of publishing: what is refused, what is being done, why a publish was taken back."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "no-pbx-named": N_("There is no PBX of this name in the settings."),
    "bad-plan": N_("This is no plan that can be read."),
    "bad-secret": N_("A password has 1 to 80 plain signs, without spaces."),
    "draft-changed": N_("Somebody changed the draft meanwhile: look at it as it is now."),
    "nothing-to-undo": N_("There is no change to take back."),
    "no-owner-folder": N_("The settings do not say where the files of this PBX are: [pbx.NAME.owner] folder."),
}
