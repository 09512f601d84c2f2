"""Edits of what an office has beside the flow of its calls: groups, mailboxes, lines, music, routes (see edits.py)."""

from __future__ import annotations

from dataclasses import replace

from dialplan.edits import NotSo, free, put, unused
from dialplan.office import Box, Group, Music, Trunk
from dialplan.plan import Plan, Route, ToGroup, ToVoicemail


def put_group(plan: Plan, group: Group, was: str = "") -> Plan:
    """Set a group, or add it. was: its id until now, "" for a new one."""
    group = group if group.id else replace(group, id=free("group", {one.id for one in plan.groups}))
    return replace(plan, groups=put(plan.groups, group, lambda one: one.id, was))


def group_users(plan: Plan, id_: str) -> tuple[str, ...]:
    """Ids of the steps that ring a group."""
    return tuple(node.id for node in plan.nodes if isinstance(node, ToGroup) and node.group == id_)


def remove_group(plan: Plan, id_: str) -> Plan:
    """Forget a group that no step rings."""
    unused(group_users(plan, id_))
    return replace(plan, groups=tuple(one for one in plan.groups if one.id != id_))


def put_box(plan: Plan, box: Box, was: str = "") -> Plan:
    """Set a mailbox of several, or add it; the steps that named it name it anew."""
    if was != box.number and any(one.number == box.number for one in plan.boxes):
        raise NotSo("box-twice", box.number)
    nodes = tuple(
        replace(node, box=box.number) if was and isinstance(node, ToVoicemail) and node.box == was else node
        for node in plan.nodes
    )
    return replace(plan, boxes=put(plan.boxes, box, lambda one: one.number, was), nodes=nodes)


def box_users(plan: Plan, number: str) -> tuple[str, ...]:
    """Ids of the steps that end in a mailbox."""
    return tuple(node.id for node in plan.nodes if isinstance(node, ToVoicemail) and node.box == number)


def remove_box(plan: Plan, number: str) -> Plan:
    """Forget a mailbox that no step ends in."""
    unused(box_users(plan, number))
    return replace(plan, boxes=tuple(one for one in plan.boxes if one.number != number))


def put_trunk(plan: Plan, trunk: Trunk, was: str = "") -> Plan:
    """Set a line outside, or add it; the routes that named it name it anew."""
    if was != trunk.name and any(one.name == trunk.name for one in plan.trunks):
        raise NotSo("trunk-twice", trunk.name)
    routes = tuple(replace(one, trunk=trunk.name) if was and one.trunk == was else one for one in plan.routes)
    return replace(plan, trunks=put(plan.trunks, trunk, lambda one: one.name, was), routes=routes)


def trunk_users(plan: Plan, name: str) -> tuple[str, ...]:
    """Routes by a line, by what they begin with."""
    return tuple(one.title or one.prefix or "*" for one in plan.routes if one.trunk == name)


def remove_trunk(plan: Plan, name: str) -> Plan:
    """Forget a line that no route takes."""
    unused(trunk_users(plan, name))
    return replace(plan, trunks=tuple(one for one in plan.trunks if one.name != name))


def put_music(plan: Plan, music: Music, was: str = "") -> Plan:
    """Set music, or add it; the queues that play it play it under its new name."""
    if was != music.name and any(one.name == music.name for one in plan.music):
        raise NotSo("music-twice", music.name)
    queues = tuple(replace(one, music=music.name) if was and one.music == was else one for one in plan.queues)
    return replace(plan, music=put(plan.music, music, lambda one: one.name, was), queues=queues)


def music_users(plan: Plan, name: str) -> tuple[str, ...]:
    """Queues that play it."""
    return tuple(one.title or one.name for one in plan.queues if one.music == name)


def remove_music(plan: Plan, name: str) -> Plan:
    """Forget music that no queue plays."""
    unused(music_users(plan, name))
    return replace(plan, music=tuple(one for one in plan.music if one.name != name))


def put_route(plan: Plan, route: Route, was: str = "") -> Plan:
    """Set a route, or add it. was: its place from 1, "" for a new one."""
    if not was:
        return replace(plan, routes=(*plan.routes, route))
    place = _place(plan, was)
    return replace(plan, routes=(*plan.routes[:place], route, *plan.routes[place + 1 :]))


def remove_route(plan: Plan, was: str) -> Plan:
    """Forget the route of a place."""
    place = _place(plan, was)
    return replace(plan, routes=(*plan.routes[:place], *plan.routes[place + 1 :]))


def _place(plan: Plan, was: str) -> int:
    place = int(was) - 1 if was.isascii() and was.isdecimal() and len(was) < 7 else -1
    if not 0 <= place < len(plan.routes):
        raise NotSo("gone", was)
    return place
