"""Who hears whom: real legs of one bridge, or of bridges that Local channels join; and how long each has talked.

A leg's talk runs while it hears another real party and does not hold it. Hold is time of its own: the two add up to
the conversation.
"""

from __future__ import annotations

from collections.abc import Iterable

from cti.telephony.model import Bridge, Leg


def parties(bridge: Bridge) -> list[Leg]:
    """Real legs that hear each other in this bridge and those that Local channels join to it."""
    found: list[Leg] = []
    known = {bridge.id}
    queue = [bridge]
    for at in queue:
        for leg in at.members.values():
            if leg.real:
                found.append(leg)
            elif leg.half is not None and leg.half.bridge is not None and leg.half.bridge.id not in known:
                known.add(leg.half.bridge.id)
                queue.append(leg.half.bridge)
    return found


def same_person(one: Leg, two: Leg) -> bool:
    """Two legs of one transferring device, for a moment in one bridge: nobody talks with himself."""
    return one.kind == "device" and one.endpoint == two.endpoint and one.talked and two.talked


def recount(bridges: Iterable[Bridge | None], at: float | None) -> None:
    """Start and stop the clocks of those who are in these bridges now."""
    for bridge in bridges:
        if bridge is None:
            continue
        found = [] if bridge.holding else parties(bridge)
        for leg in found:
            if len(found) > 2 or (len(found) == 2 and not same_person(*found)):
                start(leg, at)
            else:
                stop(leg, at)


def start(leg: Leg, at: float | None) -> None:
    """The leg hears somebody."""
    if leg.talking:
        return
    leg.talking, leg.since = True, at
    leg.untimed = leg.untimed or at is None


def stop(leg: Leg, at: float | None) -> None:
    """The leg hears nobody any more."""
    if leg.talking:
        _add(leg, at)
        leg.talking, leg.holding, leg.since = False, False, None  # in another bridge nobody is on hold yet


def turn(leg: Leg, at: float | None, *, held: bool) -> None:
    """The leg puts the other on hold, or takes him back: one clock gives way to the other."""
    if leg.talking:
        _add(leg, at)
        leg.since = at
    leg.held = leg.holding = held


def _add(leg: Leg, at: float | None) -> None:
    if at is None or leg.since is None:
        leg.untimed = True
        return
    seconds = max(0.0, at - leg.since)
    if leg.holding:
        leg.hold += seconds
    else:
        leg.talk += seconds
