"""Words for the way of a call: what a dialplan was told when it asked, and the steps of a generated one."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_ as N_

STEPS: Mapping[str, str] = {
    "way-ByHours": N_("The way of the call: opening hours “{title}”."),
    "way-hours-open": N_("It is open at this time."),
    "way-hours-closed": N_("It is closed at this time."),
    "way-hours-holiday": N_("It is a holiday."),
    "way-Menu": N_("The way of the call: menu “{title}”."),
    "way-key": N_("The caller pressed {key}."),
    "way-Say": N_("The way of the call: announcement “{title}”."),
    "way-ToQueue": N_("The way of the call: queue “{title}”."),
    "way-ToPeople": N_("The way of the call: people are rung, “{title}”."),
    "way-ToGroup": N_("The way of the call: a group is rung, “{title}”."),
    "way-ToManager": N_("The way of the call: the client's manager is rung, “{title}”."),
    "way-ByClient": N_("The way of the call: it depends on the client, “{title}”."),
    "way-ByList": N_("The way of the call: the black and white lists are asked, “{title}”."),
    "way-ToOutside": N_("The way of the call: a number outside, “{title}”."),
    "way-ToVoicemail": N_("The way of the call: voicemail “{title}”."),
    "way-CallBack": N_("The way of the call: a call-back is offered, “{title}”."),
    "way-Score": N_("The way of the call: the client is asked for a mark, “{title}”."),
    "way-End": N_("The way of the call: its end, “{title}”."),
    "way-step": N_("The way of the call: step “{title}”."),
    "route-no-number": N_("The dialplan asked where to: the caller has no number to look up, it went its own way."),
    "route-unknown": N_("The dialplan asked where to: no client has {number}, it went its own way."),
    "route-restricted": N_("The dialplan asked where to: the client's data may not be used, it was told nothing."),
    "route-client": N_("The dialplan asked where to: one client has this number."),
    "route-several": N_("The dialplan asked where to: {count} clients have this number, no name was told."),
    "route-no-manager": N_("There is no one manager to ring."),
    "route-manager": N_("The dialplan was told to ring the manager {name} ({extension})."),
    "route-manager-away": N_("The manager {name} is not free (in a call, paused or not registered): not told."),
    "route-manager-elsewhere": N_("The manager {name} sits at another PBX: not told."),
    "route-tags": N_("The dialplan was told: {tags}; priority {priority}."),
    "route-late": N_("The dialplan asked where to and had no answer in time: it went its own way."),
    "route-black": N_("The number is on the black list: {reason}."),
    "route-black-until": N_("The number is on the black list until {until}: {reason}."),
    "route-white": N_("The number is on the white list: {reason}."),
    "route-white-until": N_("The number is on the white list until {until}: {reason}."),
    "way-long": N_("The call took more steps than are kept."),
}
