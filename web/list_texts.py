"""Words of the black and white lists of numbers."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_ as N_

LISTS: Mapping[str, str] = {"black": N_("black list"), "white": N_("white list")}
REFUSALS: Mapping[str, str] = {
    "bad-beginning": N_("A beginning is written +7 495*, with three digits at least."),
    "no-list-reason": N_("Say why: whoever sees the call reads it."),
    "bad-term": N_("The term ends after now, and within ten years."),
    "too-many-lines": N_("A file has at most 2,000 lines."),
    "bad-list-word": N_("The second column says black or white."),
    "too-many-listed": N_("The lists are full: take off some numbers first."),
}
TERMS: Mapping[str, str] = {
    "1": N_("a day"),
    "7": N_("a week"),
    "30": N_("a month"),
    "365": N_("a year"),
    "": N_("for good"),
}
