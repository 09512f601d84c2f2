"""What a phone of the office may dial: colleagues, groups, queues, feature codes; `codes` says what a number means.

Pickup, listening and recording on demand go by marks that each phone's calls carry (PICKUPMARK, SPYGROUP, TRUBKA_OWNER,
set at its endpoint, pjsip.py): one pattern serves everybody, and no name of a device stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan import recording
from dialplan.model import Assign, Context, Expr, Extension, Step, word
from dialplan.office import Codes, Group
from dialplan.plan import Person, Plan
from dialplan.recipes.duty import duty
from dialplan.recipes.internal import RING_S, ring, where
from dialplan.recipes.queue import wait_in
from dialplan.routes import OWNER
from dialplan.site import Site

COLLEAGUES, QUEUES, GROUPS, CODES, PARKED = "colleagues", "queues", "groups", "trubka-codes", "trubka-parked"
DIALLED = ("pick", "pickup", "sit", "leave", "log_in", "log_out", "pause", "ready", "listen", "whisper", "barge",
           "mailbox", "echo")  # fmt: skip
FOLLOWED = frozenset(("pick", "sit", "pause", "listen", "whisper", "barge"))  # by an extension, or a digit
SPYING = {"listen": "qES", "whisper": "qwES", "barge": "qBES"}  # E, S: ends with the call


def read(codes: Codes, dialled: str) -> tuple[str, str]:
    """A code and what follows it: `*31101` is listen, 101. "" where it is none of ours."""
    known = sorted(((getattr(codes, name), name) for name in DIALLED), key=lambda one: -len(one[0]))
    for code, name in known:
        rest = dialled[len(code) :]
        if code and dialled.startswith(code) and bool(rest) == (name in FOLLOWED):
            return name, rest
    return "", ""


def devices(person: Person) -> tuple[str, ...]:
    """All phones of a person."""
    return (*person.devices, *person.browsers)


def colleagues(plan: Plan) -> Context:
    """One extension for each person. Who does not pick up is left a message, where he has a mailbox."""
    people = tuple(
        Extension(
            number=one.extension,
            title=one.name,
            steps=tuple(_person(one)),
            hint=tuple(f"PJSIP/{word(device, 'device')}" for device in devices(one)),
        )
        for one in plan.people
        if devices(one) or one.voicemail
    )
    return Context(name=COLLEAGUES, title="colleagues", extensions=people)


def groups(plan: Plan) -> Context:
    """Groups that have a number inside."""
    numbered = [one for one in plan.groups if one.number]
    ended = Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),))
    return Context(
        name=GROUPS,
        title="groups by internal number",
        extensions=tuple(
            Extension(number=one.number, title=one.title, steps=(*dialled(plan, one), ended)) for one in numbered
        ),
    )


def queues(plan: Plan) -> Context:
    """Queues that have a number inside: who is sent there by a colleague waits as long as he likes."""
    return Context(
        name=QUEUES,
        title="queues by internal number",
        extensions=tuple(
            Extension(
                number=one.number,
                title=one.title,
                steps=(*(recording.begin(plan.announcement, plan.refusal) if one.record else ()), *wait_in(one.name)),
            )
            for one in plan.queues
            if one.number
        ),
    )


def dialled(plan: Plan, group: Group) -> Iterator[Step]:
    """Ring everybody at once, or each in turn."""
    known = {one.extension: one for one in plan.people}
    unknown = [one for one in group.people if one not in known]
    if unknown or not group.people:
        raise ValueError(f"the group {group.id!r} names nobody, or {unknown}")
    each = [where(one, devices(known[one])) for one in group.people]
    for phones in each if group.in_turn else ["&".join(each)]:
        yield Step(app="Dial", args=(Expr(phones), str(int(group.ring_s)), "tk"))


def codes(plan: Plan, site: Site) -> Context:
    """The feature codes that are dialled; pickup (*8) and the keys in a call are features.conf's."""
    made = tuple(extension for name in DIALLED for extension in _code(plan, site, name))
    return Context(name=CODES, title="feature codes", extensions=made)


def _person(one: Person) -> Iterator[Step | Assign]:
    dial, clear = ring(one.extension, devices(one), ring_s=RING_S) if devices(one) else (None, None)
    if dial is not None:
        yield dial
    if one.voicemail:
        yield Step(app="UserEvent", args=("TrubkaVoicemail",))
        how = Expr('${IF($["${DIALSTATUS}"="BUSY"]?b:u)}')
        yield Step(app="VoiceMail", args=(f"{word(one.extension, 'mailbox')}@default", how))
    yield clear or Step(app="Hangup")


def _code(plan: Plan, site: Site, name: str) -> Iterator[Extension]:
    code: str = getattr(plan.codes, name)
    if not code:
        return
    rest = Expr(f"${{FILTER(0-9,${{EXTEN:{len(code)}}})}}")
    match name:
        case "pick":
            yield Extension(number=f"_{code}X.", title="take the call that rings at", steps=_pick(rest))
        case "listen" | "whisper" | "barge" if plan.spies:
            steps = _spy(plan.spies, rest, SPYING[name])
            yield Extension(number=f"_{code}X.", title=f"{name}: the calls of", steps=steps)
        case "log_in" | "log_out" | "ready":
            yield Extension(number=code, title=name, steps=duty(site.agi, name.replace("_", "-"), pbx=site.pbx))
        case "pause":
            yield Extension(number=f"_{code}X", title=name, steps=duty(site.agi, name, pbx=site.pbx, reason=rest))
        case "mailbox":
            box = Expr(f"${{{OWNER}}}@default")
            yield Extension(number=code, title="one's own mailbox", steps=_answered("VoiceMailMain", box))
        case "echo":
            yield Extension(number=code, title="echo test", steps=_answered("Echo"))


def _answered(app: str, *args: str) -> tuple[Step, ...]:
    return (Step(app="Answer"), Step(app=app, args=args), Step(app="Hangup"))


def _pick(rest: Expr) -> tuple[Step, ...]:
    return (Step(app="Pickup", args=(Expr(f"{rest}@PICKUPMARK"),)), Step(app="Hangup"))


def _spy(spies: tuple[str, ...], rest: Expr, options: str) -> tuple[Step, ...]:
    """Only from a phone whose owner may; the server is told, for its journal."""
    people = "|".join(word(one, "number") for one in spies)
    return (
        Step(app="GotoIf", args=(Expr(f'${{REGEX("^({people})$" ${{{OWNER}}})}}?may'),)),
        Step(app="Hangup", args=("21",)),
        Step(app="UserEvent", args=("TrubkaSpy", Expr(f"By: ${{{OWNER}}}"), Expr(f"Of: {rest}")), label="may"),
        Step(app="Answer"),
        Step(app="ChanSpy", args=("", Expr(f"g({rest}){options}"))),
        Step(app="Hangup"),
    )
