"""Things of a plan that are lists of forms (queues, groups, routes...): which fields each has, and what uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dialplan import edits, office_edits
from dialplan.office import Box, Group, Music, Trunk
from dialplan.plan import Plan, Queue, Route
from web.dialplan_texts import ENDS, STRATEGIES
from web.i18n import N_, say
from web.step_forms import KEYS, PEOPLE_HINT, Field, Form, value


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A list. part: its address and the plan's field; key: the field that names one, "" where the place does.

    groups: fields under a heading each; columns: fields of the table. used: ids of steps, or names of others, that name
    one; codes: how its faults begin. sealed_as: with what the name of its password begins, "" where it has none.
    """

    part: str
    make: type[Any]
    key: str
    title: str
    one: str
    new: str
    none: str
    icon: str
    groups: tuple[tuple[str, tuple[Field, ...]], ...]
    columns: tuple[Field, ...]
    put: Callable[[Plan, Any, str], Plan]
    drop: Callable[[Plan, str], Plan]
    codes: tuple[str, ...]
    used: Callable[[Plan, str], tuple[str, ...]] = lambda plan, key: ()
    sealed_as: str = ""

    def keyed(self, plan: Plan) -> list[tuple[str, Any]]:
        """All of the plan with what names each in an address."""
        every = getattr(plan, self.part)
        return [(getattr(one, self.key) if self.key else str(place), one) for place, one in enumerate(every, 1)]

    def read(self, form: Form, old: Any) -> Any:
        """One as the form says. Raises NotSo."""
        return replace(old, **{field.name: value(form, field) for _, fields in self.groups for field in fields})


def picks(plan: Plan, language: str) -> dict[str, list[tuple[str, str]]]:
    """What fields choose from: values and words."""
    return {
        "hours": [(one.id, one.title or one.id) for one in plan.hours],
        "queues": [(one.name, one.title or one.name) for one in plan.queues],
        "groups": [(one.id, one.title or one.id) for one in plan.groups],
        "sounds": [(one.name, one.title or one.name) for one in plan.sounds],
        "trunks": [(one.name, one.title or one.name) for one in plan.trunks],
        "music": [("default", say(language, N_("the PBX's own")))]
        + [(one.name, one.title or one.name) for one in plan.music],
        "keys": [(key, key) for key in KEYS],
        "refusals": [(key, key) for key in KEYS],
        "ends": [(code, say(language, words)) for code, words in ENDS.items()],
        "strategies": [(code, say(language, words)) for code, words in STRATEGIES.items()],
    }


_NAME = Field("name", N_("Name on the PBX"), hint=N_("Latin letters, digits, dash."))
_TITLE = Field("title", N_("Title"))
_INSIDE = Field("number", N_("Number inside"), "digits", N_("What colleagues dial; empty: none."))
_ANY = N_("0: any number.")
_RECORD = Field("record", N_("talks are recorded, and the announcement says so"), "yes")
Groups = tuple[tuple[str, tuple[Field, ...]], ...]
_QUEUE: Groups = (
    (N_("Name"), (_TITLE, _NAME, _INSIDE)),
    (
        N_("Whom it rings"),
        (
            Field("strategy", N_("Strategy"), "pick", of="strategies"),
            Field("ring_s", N_("Rings one agent, seconds"), "number"),
            Field("retry_s", N_("Pause before the next, seconds"), "number"),
            Field("wrapup_s", N_("Wrap-up after a call, seconds"), "number"),
            Field("weight", N_("Weight"), "number", N_("Of two queues an agent is in, the heavier is served first.")),
            Field("join_empty", N_("callers wait even while nobody is in it"), "yes"),
        ),
    ),
    (
        N_("Agents with a penalty are rung later"),
        (
            Field(
                "penalties",
                N_("Rules of penalties"),
                "penalties",
                N_(
                    "Whoever has waited for so many seconds rings those whose penalty in this queue is within the "
                    "range; until the first rule everybody may be rung, the lowest penalty first. Empty the fields of "
                    "a rule to delete it."
                ),
            ),
        ),
    ),
    (
        N_("What the caller hears"),
        (
            Field("music", N_("Music"), "pick", of="music"),
            Field("say", N_("Announcement"), "pick", of="sounds", blank=N_("none")),
            Field("say_every_s", N_("repeated every, seconds"), "number"),
            Field("place_every_s", N_("His place is said every, seconds"), "number", N_("0: never.")),
            Field("say_wait", N_("and how long he will wait"), "yes"),
            _RECORD,
        ),
    ),
    (
        N_("Limits"),
        (
            Field("limit", N_("Callers at once"), "number", _ANY),
            Field("level_s", N_("Service level: answered within, seconds"), "number"),
        ),
    ),
)
_ROUTE: Groups = (
    (
        N_("Which numbers"),
        (
            _TITLE,
            Field("prefix", N_("Numbers that begin with"), "digits", N_("Empty: all others.")),
            Field("digits", N_("Digits in all"), "number", _ANY),
            Field("allowed", N_("these numbers may be called"), "yes"),
        ),
    ),
    (
        N_("How they are dialled"),
        (
            Field("trunk", N_("Line outside"), "pick", of="trunks"),
            Field("strip", N_("First digits cut off"), "number"),
            Field("add", N_("Put before")),
            Field("caller_id", N_("Number shown"), "digits", N_("Empty: the person's own.")),
        ),
    ),
    (
        N_("Limits"),
        (
            Field("limit", N_("Calls at once"), "number", _ANY),
            Field("longest_min", N_("Ended after, minutes"), "number", N_("0: never.")),
            Field("who", N_("Only these extensions may"), "people", N_("Empty: everybody.")),
            Field("hours", N_("Only in these hours"), "pick", of="hours", blank=N_("always")),
            _RECORD,
        ),
    ),
)
_GROUP: Groups = (
    (
        N_("Group"),
        (
            _TITLE,
            Field("people", N_("Who is rung"), "people", PEOPLE_HINT),
            Field("ring_s", N_("Rings, seconds"), "number"),
            Field("in_turn", N_("one after another, not all at once"), "yes"),
            _INSIDE,
        ),
    ),
)
_BOX: Groups = (
    (
        N_("Mailbox of several"),
        (
            _TITLE,
            Field("number", N_("Number of the mailbox"), "digits"),
            Field("email", N_("Messages go to the e-mail")),
        ),
    ),
)
_TRUNK: Groups = (
    (
        N_("Line outside"),
        (
            _TITLE,
            _NAME,
            Field("host", N_("The carrier's server")),
            Field("port", N_("Port"), "number"),
            Field("username", N_("Login")),
            Field("registers", N_("we sign in there by this login"), "yes"),
        ),
    ),
)
_MUSIC: Groups = ((N_("Music"), (_TITLE, _NAME)),)
_NUMBER_INSIDE = Field("number", N_("Number inside"), "digits")
KINDS: Mapping[str, Kind] = {
    "queues": Kind(
        part="queues",
        make=Queue,
        key="name",
        title=N_("Queues"),
        one=N_("Queue"),
        new=N_("New queue"),
        icon="headphones",
        none=N_(
            "A queue holds callers until an agent is free. Agents come and go by themselves: who "
            "works in which, with which penalty, is set at the person."
        ),
        groups=_QUEUE,
        columns=(
            _NUMBER_INSIDE,
            Field("strategy", N_("Strategy"), "pick", of="strategies"),
            Field("wrapup_s", N_("Wrap-up, s"), "number"),
            Field("level_s", N_("Level, s"), "number"),
        ),
        put=edits.put_queue,
        drop=edits.remove_queue,
        used=edits.queue_users,
        codes=("queue-", "inside-", "bad-inside", "no-music", "bad-figure", "bad-penalty", "penalty-", "unannounced"),
    ),
    "groups": Kind(
        part="groups",
        make=Group,
        key="id",
        title=N_("Groups"),
        one=N_("Group"),
        new=N_("New group"),
        icon="users",
        none=N_("A group rings its people at once or in turn, without a queue: for a reception or the people on duty."),
        groups=_GROUP,
        columns=(
            _NUMBER_INSIDE,
            Field("people", N_("Who is rung"), "people"),
            Field("ring_s", N_("Rings, s"), "number"),
        ),
        put=office_edits.put_group,
        drop=office_edits.remove_group,
        used=office_edits.group_users,
        codes=("inside-", "bad-inside", "nobody", "no-person", "no-phone"),
    ),
    "boxes": Kind(
        part="boxes",
        make=Box,
        key="number",
        title=N_("Mailboxes"),
        one=N_("Mailbox"),
        new=N_("New mailbox"),
        icon="voicemail",
        none=N_(
            "A mailbox of several people: messages that callers leave go to its e-mail and to "
            "the work lists. A person's own is set at the person."
        ),
        groups=_BOX,
        columns=(Field("number", N_("Number"), "digits"), Field("email", N_("E-mail"))),
        put=office_edits.put_box,
        drop=office_edits.remove_box,
        used=office_edits.box_users,
        codes=("box-", "bad-box", "no-pin"),
        sealed_as="box-",
    ),
    "music": Kind(
        part="music",
        make=Music,
        key="name",
        title=N_("Music"),
        one=N_("Music"),
        new=N_("New music"),
        icon="volume-2",
        none=N_("Music for those who wait: the files of the PBX's folder of the same name."),
        groups=_MUSIC,
        columns=(),
        put=office_edits.put_music,
        drop=office_edits.remove_music,
        used=office_edits.music_users,
        codes=("music-",),
    ),
    "trunks": Kind(
        part="trunks",
        make=Trunk,
        key="name",
        title=N_("Lines outside"),
        one=N_("Line outside"),
        new=N_("New line"),
        icon="phone-outgoing",
        none=N_(
            "A line is where the carrier is: calls come in and go out by it. Its password is set when the line is open."
        ),
        groups=_TRUNK,
        columns=(Field("host", N_("The carrier's server")), Field("username", N_("Login"))),
        put=office_edits.put_trunk,
        drop=office_edits.remove_trunk,
        used=office_edits.trunk_users,
        codes=("trunk-twice", "bad-host", "bad-user", "no-secret"),
        sealed_as="trunk-",
    ),
    "routes": Kind(
        part="routes",
        make=Route,
        key="",
        title=N_("Routes outside"),
        one=N_("Route"),
        new=N_("New route"),
        icon="phone-outgoing",
        none=N_(
            "A route says by which line numbers outside are called, and which may not be called "
            "at all. The longest beginning holds; what no route allows is refused."
        ),
        groups=_ROUTE,
        columns=(
            Field("prefix", N_("Begins with"), "digits"),
            Field("trunk", N_("Line outside"), "pick", of="trunks"),
            Field("caller_id", N_("Number shown"), "digits"),
            Field("limit", N_("Calls at once"), "number"),
            Field("allowed", N_("Allowed"), "yes"),
        ),
        put=office_edits.put_route,
        drop=office_edits.remove_route,
        codes=(
            "bad-prefix",
            "no-trunk",
            "route-",
            "trunk-elsewhere",
            "bad-add",
            "who-many",
            "bad-figure",
            "bad-caller-id",
        ),
    ),
}
