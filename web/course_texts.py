"""Words of a call's course: what happened, when somebody left, who hung up and with which cause."""

from __future__ import annotations

from collections.abc import Mapping

from web.texts import N_

COURSE: Mapping[str, str] = {
    "began": N_("The call began: {who}"),
    "hidden": N_("a hidden number"),
    "queued": N_("Waits in the queue “{queue}”"),
    "rang": N_("Rings at {who}"),
    "answered": N_("{who} answered"),
    "left": N_("{who}: {result}"),
    "ended": N_("The call is over: {outcome}"),
    "dequeued": N_("Left the queue “{queue}”: {how}"),
    "spoke": N_("{who} talked {length}"),
    "talk": N_(", talked {length}"),
    "hold": N_(", held {length}"),
    "together": N_("Talk together: {who}"),
    "for": N_("; {length}"),
    "unseen-between": N_("The call ended unseen, between {since} and {until}"),
    "unseen-after": N_("The call ended unseen, after {since}"),
    "corrected-outcome": N_("Corrected: the outcome was “{was}”, is “{became}”"),
    "corrected-client": N_("{who} said whose call it is: was “{was}”, is “{became}”"),
    "nothing": N_("not known"),
}
LENGTHS: Mapping[str, str] = {"seconds": N_("{s} s"), "minutes": N_("{m} min {s} s")}
WAITS: Mapping[str, str] = {
    "abandoned": N_("the caller gave up"),
    "diverted": N_("taken out to somebody"),
    "timeout": N_("nobody answered in time"),
    "leaveempty": N_("nobody was left in it"),
    "joinempty": N_("nobody is in it"),
    "full": N_("it is full"),
    "closed": N_("it is closed"),
    "other": N_("led on"),
}
RELEASES: Mapping[str, str] = {
    "caller": N_("; the caller hung up"),
    "called": N_("; the called side hung up"),
    "pbx": N_("; the PBX ended it"),
}
PLAIN_CAUSES = frozenset({0, 16, 127})  # an ordinary end
CAUSE = N_(" (code {code})")
CAUSES: Mapping[int, str] = {  # Q.850
    1: N_(" (no such number)"),
    2: N_(" (no way to this network)"),
    3: N_(" (no way to this number)"),
    17: N_(" (busy)"),
    18: N_(" (the phone did not respond)"),
    19: N_(" (not picked up)"),
    20: N_(" (the phone is not registered)"),
    21: N_(" (rejected)"),
    22: N_(" (the number has changed)"),
    26: N_(" (answered elsewhere)"),
    27: N_(" (the phone cannot be reached)"),
    28: N_(" (the number is not complete)"),
    34: N_(" (no free line)"),
    38: N_(" (the network is out of order)"),
    41: N_(" (a passing fault)"),
    42: N_(" (the exchange is overloaded)"),
    58: N_(" (no common codec)"),
    102: N_(" (no answer from the other side in time)"),
}
TRANSFERS: Mapping[str, str] = {
    "blind": N_("Passed on without asking"),
    "attended": N_("Passed on after a consultation"),
    "blonde": N_("Passed on while it still rang"),
}
