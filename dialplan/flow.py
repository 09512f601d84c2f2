"""A plan as contexts: each step of the flow is one extension of one context, named by its id.

Every step first tells the server where the call is (UserEvent TrubkaStep) and what led there: the key that was pressed
last, what the hours said. So the way a call took is known; what cannot be told leads on: no step has a way that ends
nowhere unless the plan says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from dialplan import hours, inside, recording, routes
from dialplan.model import Assign, Context, Expr, Extension, Step, sound, word
from dialplan.office import Group
from dialplan.plan import (
    ByClient,
    ByHours,
    ByList,
    CallBack,
    End,
    Menu,
    Node,
    Plan,
    Say,
    Score,
    ToGroup,
    ToManager,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)
from dialplan.recipes.call_back import keep
from dialplan.recipes.responsible import ASK_S, ask, late

FLOW = "trubka-flow"
CAUSES = {"hang-up": "16", "busy": "17", "unknown": "1"}
Steps = tuple[Step | Assign, ...]


def contexts(plan: Plan, *, agi: str, ask_s: float = ASK_S) -> tuple[Context, ...]:
    """The flow and the hours it asks. agi: where the server answers, ask_s: how long it is waited for.

    Raises ValueError where a plan cannot be said.
    """
    known = _Known(plan, partial(ask, agi, ask_s=ask_s))
    steps = tuple(Extension(number=node.id, title=node.title, steps=known.steps(node)) for node in plan.nodes)
    flow = Context(name=FLOW, title="the flow of calls, step by step", extensions=(*steps, late()))
    asked = {node.hours for node in plan.nodes if isinstance(node, ByHours)} | {one.hours for one in plan.routes}
    return (flow, *(hours.context(one) for one in plan.hours if one.id in asked))


def entry(first: str, language: str, *, record: Steps = ()) -> Steps:
    """What a number's extension does: its language, and into the flow. record: what begins a recording."""
    return (
        Assign(variable="CHANNEL(language)", value=word(language, "language")),
        *record,
        Step(app="Goto", args=(FLOW, word(first, "step"), "1")),
    )


class _Known:
    """Writes the steps of a plan's nodes."""

    def __init__(self, plan: Plan, ask: Callable[[], Steps]) -> None:
        self._plan = plan
        self._ask = ask
        self._hours = {one.id: one for one in plan.hours}
        self._groups = {one.id: one for one in plan.groups}
        self._queues = {one.name: one for one in plan.queues}

    def steps(self, node: Node) -> Steps:
        told = ("TrubkaStep", f"Node: {word(node.id, 'step')}", f"Kind: {type(node).__name__}")
        why = (Expr("Key: ${TRUBKA_KEY}"), Expr("Hours: ${GOSUB_RETVAL}"))
        return (Step(app="UserEvent", args=(*told, *why)), *self._of(node))

    def _of(self, node: Node) -> Steps:
        match node:
            case ByHours():
                return self._by_hours(node)
            case Menu():
                return tuple(_menu(node))
            case Say():
                return (Step(app="Answer"), Step(app="Playback", args=(sound(node.sound),)), _go(node.then))
            case ToQueue():
                queue = self._queues.get(node.queue)
                is_recorded = queue is not None and queue.record
                begin = recording.begin(self._plan.announcement, self._plan.refusal) if is_recorded else ()
                return (*begin, *_queue(node))
            case ToPeople() | ToGroup():
                return tuple(self._ring(node))
            case ToManager():
                return (
                    *self._ask(),
                    Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_DEVICE})} = 0]?otherwise"),)),
                    Step(app="Dial", args=(Expr("${TRUBKA_DEVICE}"), str(node.ring_s), "tk")),
                    _go(node.otherwise, label="otherwise"),
                )
            case ByClient():
                ways = [
                    _if(f'${{REGEX("(^| ){word(tag, "tag")}( |$)" ${{TRUBKA_TAGS}})}}', to) for tag, to in node.ways
                ]
                return (*self._ask_once(), *ways, _go(node.otherwise))
            case ByList():
                white = (_if('$["${TRUBKA_LIST}"="white"]', node.white),) if node.white else ()
                return (
                    *self._ask_once(), _if('$["${TRUBKA_LIST}"="black"]', node.black), *white, _go(node.otherwise),
                )  # fmt: skip
            case ToOutside():
                return tuple(self._outside(node))
            case ToVoicemail():
                box = f"{word(node.box, 'mailbox')}@default"
                greeting = (Step(app="Playback", args=(sound(node.greeting),)),) if node.greeting else ()
                return (
                    Step(app="Answer"),
                    *greeting,
                    Step(app="UserEvent", args=("TrubkaVoicemail",)),
                    Step(app="VoiceMail", args=(box, "s" if greeting else "u")),
                    Step(app="Hangup"),
                )
            case CallBack():
                return tuple(_call_back(node))
            case Score():
                return (
                    Step(app="Answer"),
                    Step(app="Read", args=("TRUBKA_SCORE", sound(node.sound), "1", "", "1", "7")),
                    Step(app="UserEvent", args=("TrubkaScore", Expr("Score: ${TRUBKA_SCORE}"))),
                    _go(node.then),
                )
            case End():
                return (Step(app="Hangup", args=(CAUSES[node.how],)),)

    def _ask_once(self) -> Steps:
        """What is known of the caller; asked again only where nothing was told."""
        return (Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_CALLER})} > 0]?known"),)), *self._ask())

    def _by_hours(self, node: ByHours) -> Steps:
        known = self._hours.get(node.hours)
        if known is None:
            raise ValueError(f"step {node.id!r} asks hours {node.hours!r}, which are not there")
        holiday = (_if('$["${GOSUB_RETVAL}"="holiday"]', node.holiday),) if node.holiday else ()
        return (*hours.ask(known), _if('$["${GOSUB_RETVAL}"="open"]', node.open), *holiday, _go(node.closed))

    def _ring(self, node: ToPeople | ToGroup) -> Iterator[Step | Assign]:
        if isinstance(node, ToPeople):
            group = Group(id=node.id, people=node.people, ring_s=node.ring_s, in_turn=node.in_turn)
        elif node.group in self._groups:
            group = self._groups[node.group]
        else:
            raise ValueError(f"step {node.id!r} rings the group {node.group!r}, which is not there")
        yield from inside.dialled(self._plan, group)
        yield _go(node.otherwise)

    def _outside(self, node: ToOutside) -> Iterator[Step | Assign]:
        route = routes.route_of(self._plan.routes, node.number)
        if route is None or not route.allowed:
            raise ValueError(f"no route leads to {node.number!r}")
        yield from routes.before(route, full="full")
        yield Step(app="Dial", args=(routes.dialled(route, node.number[route.strip :]), str(node.ring_s)))
        yield _go(node.otherwise, label="full")


def _menu(node: Menu) -> Iterator[Step | Assign]:
    yield Step(app="Answer")
    yield Assign(variable="TRUBKA_TRIES", value="0")
    yield Assign(variable="TRUBKA_TRIES", value=Expr("$[${TRUBKA_TRIES} + 1]"), label="ask")
    yield from _key(node.sound, node.wait_s)
    for digit, to in node.choices:
        yield _pressed(digit, to)
    yield Step(app="GotoIf", args=(Expr(f"$[${{TRUBKA_TRIES}} < {int(node.tries)}]?ask"),))
    yield _go(node.otherwise)


def _call_back(node: CallBack) -> Iterator[Step | Assign]:
    yield Step(app="Answer")
    yield from _key(node.sound, node.wait_s)
    yield Step(app="GotoIf", args=(Expr(f'$["${{TRUBKA_KEY}}"="{_digit(node.key)}"]?asked:not'),))
    told = ("TrubkaCallback", f"Queue: {node.queue}", Expr("Joined: ${TRUBKA_JOINED}"))
    yield Step(app="NoOp", label="asked")
    yield keep(word(node.queue, "queue") if node.queue else "")
    yield Step(app="UserEvent", args=told)
    yield _go(node.then)
    yield _go(node.otherwise, label="not")


def _queue(node: ToQueue) -> Iterator[Step | Assign]:
    yield Step(app="Answer")
    yield Assign(variable="__TRUBKA_QUEUE", value=word(node.queue, "queue"))
    yield Assign(variable="TRUBKA_JOINED", value=Expr('${IF($["${TRUBKA_JOINED}"=""]?${EPOCH}:${TRUBKA_JOINED})}'))
    if node.priority:
        yield Assign(variable="QUEUE_PRIO", value=Expr(f"$[0${{QUEUE_PRIO}} + {int(node.priority)}]"))
    yield Step(app="Queue", args=(node.queue, "tkc" if node.after else "tk", "", "", str(int(node.wait_s))))
    yield Step(app="UserEvent", args=("TrubkaQueue", f"Queue: {node.queue}", Expr("Status: ${QUEUESTATUS}")))
    if node.after:
        yield _if('$["${QUEUESTATUS}"="CONTINUE"]', node.after)
    yield _go(node.otherwise)


def _key(asked: str, wait_s: int) -> Iterator[Step | Assign]:
    yield Step(app="Read", args=("TRUBKA_KEY", sound(asked), "1", "", "1", str(int(wait_s))))


def _pressed(digit: str, to: str) -> Step:
    return _if(f'$["${{TRUBKA_KEY}}"="{_digit(digit)}"]', to)


def _digit(text: str) -> str:
    if len(text) != 1 or text not in "0123456789*":
        raise ValueError(f"{text!r} is no key of a menu")
    return text


def _if(true: str, to: str) -> Step:
    """Go to a step where a condition holds; "" hangs up."""
    if not to:
        return Step(app="ExecIf", args=(Expr(f"{true}?Hangup(16)"),))
    return Step(app="GotoIf", args=(Expr(f"{true}?{word(to, 'step')},1"),))


def _go(to: str, *, label: str = "") -> Step:
    if not to:
        return Step(app="Hangup", args=("16",), label=label)
    return Step(app="Goto", args=(word(to, "step"), "1"), label=label)


def titles(plan: Plan) -> Mapping[str, str]:
    """Titles of steps by their ids."""
    return {node.id: node.title for node in plan.nodes}
