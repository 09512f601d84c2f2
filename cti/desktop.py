"""Everything a browser can be told, as records and one protocol; `web/live.py` implements it over Socket.IO.

Stored events (`screen_pop`, `message`) carry a seq that rises by one per agent and are replayed one by one after
`resume`. Volatile ones (`call`, `agent`, `queue`, `link`) carry the current seq and are replaced by one snapshot.
Texts are codes with arguments; the web layer says them in the agent's language.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Protocol

from cti.clients.brief import ClientBrief as ClientBrief
from cti.clients.brief import ContactBrief as ContactBrief
from cti.clients.brief import ContractBrief as ContractBrief
from cti.clients.brief import LastCall as LastCall
from cti.clients.brief import TaskBrief as TaskBrief
from cti.clients.brief import ZoneBrief as ZoneBrief
from cti.clients.masking import ARGS, Telephone, Words

PopKind = Literal["client", "several", "unknown", "hidden", "colleague"]
HandOverKind = Literal["asks", "given", "back"]
CallState = Literal["dialling", "ringing", "talking", "held", "taken", "missed", "ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """Why a card came: a code of web/texts.py with its arguments, e.g. exact-phone(number, label), chosen-before."""

    code: str
    args: Annotated[Mapping[str, str], ARGS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A client who may be calling, and why we think so. contact: his contact person whose phone it is."""

    client: ClientBrief
    why: Why
    contact: ContactBrief | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PopCall:
    """The ringing call as a pop shows it. number: E.164, internal or as presented; None when hidden."""

    id: str
    direction: str
    number: Telephone | None
    name: Words
    device: str
    queue: str | None
    called: str | None
    started: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreenPop:
    """A card for one agent. ringing: names of the people it rings at. colleague: who calls, inside the company.

    seq: place in the agent's own sequence. received_at: UNIX s when the AMI bytes came (start of the pop's latency).
    """

    seq: int
    kind: PopKind
    call: PopCall
    matches: tuple[Match, ...] = ()
    colleague: str = ""
    ringing: tuple[str, ...] = ()
    received_at: float = 0.0


def in_call(pop: ScreenPop, call_id: str | None) -> ScreenPop:
    """A stored card in the call that its own has become part of since."""
    return pop if call_id in (None, pop.call.id) else replace(pop, call=replace(pop.call, id=call_id or ""))


def emptied(pop: ScreenPop) -> ScreenPop:
    """The card of a call of which nobody may know any more who called."""
    return replace(pop, kind="hidden", call=replace(pop.call, number=None, name=""), matches=(), colleague="")


def without(pop: ScreenPop, clients: Collection[int]) -> ScreenPop:
    """The card without some of the clients who may be calling."""
    left = tuple(one for one in pop.matches if one.client.id not in clients)
    if len(left) == len(pop.matches):
        return pop
    kinds: tuple[PopKind, ...] = ("unknown", "client", "several")
    return replace(pop, kind=kinds[min(len(left), 2)], matches=left)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """Whom and what no screen may show any more: clients, contact persons, calls of theirs that were lately."""

    clients: tuple[int, ...] = ()
    people: tuple[int, ...] = ()
    calls: tuple[str, ...] = ()

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            clients=self.clients + other.clients, people=self.people + other.people, calls=self.calls + other.calls
        )

    def out_of(self, pop: ScreenPop) -> ScreenPop:
        """A card as it may be shown now."""
        return emptied(pop) if pop.call.id in self.calls else without(pop, self.clients)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something one person has to know of, whenever he comes: it stays until he says that he has seen it.

    code: of web/privacy_texts.py, with its arguments. href: the page where more is told. at: UNIX seconds.
    """

    seq: int
    code: str
    args: Mapping[str, str]
    href: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """Something that the PBX's dialplan said of a call."""

    name: str
    value: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteBrief:
    """What somebody wrote about a call."""

    by: str
    text: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOver:
    """A client's call that a colleague asks about (asks) or has passed on (given); back: it went on without the person.

    call: the client's. by: the colleague. number, name: who the client is, as the PBX presents him. began: UNIX
    seconds. waits_since: since when the client has heard music, None when he hears somebody.
    """

    kind: HandOverKind
    call: str
    by: str
    by_id: int
    number: Telephone | None
    name: Words = ""
    queue: str | None = None
    began: float = 0.0
    waits_since: float | None = None
    notes: tuple[NoteBrief, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Talker:
    """One of the others in a talk of three or more. name: a colleague's; "" for somebody outside, who has a number."""

    name: str = ""
    number: Telephone | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CallView:
    """The state of a call for one agent. by: who took it, or was given it. outcome: from the closed list, when ended.

    request_id: the agent's own click that placed it. client: id and name, once known. why: code of a refusal.
    card: it did not come by itself: answer (it comes with it), hand (the person asks for it).
    asking: whom the PBX rings, or has on the line, for him to ask. together: the others, where three or more talk.
    """

    id: str
    state: CallState
    direction: str = ""
    number: Telephone | None = None
    name: Words = ""
    queue: str | None = None
    client_id: int | None = None
    client_name: Words = ""
    since: float = 0.0
    by: str = ""
    ringing: tuple[str, ...] = ()  # names of the people it rings at now
    outcome: str = ""
    device: str = ""
    request_id: str = ""
    extension: str = ""  # the client's extension, sent as tones on a key
    why: str = ""
    hand_over: HandOver | None = None
    variables: tuple[Variable, ...] = ()
    card: str = ""
    asking: str = ""
    together: tuple[Talker, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LegView:
    """A conversation of a browser phone, by its SIP Call-ID, and the call it belongs to."""

    call: str
    sip: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SpyView:
    """Whose talk a supervisor hears now, since when (UNIX s). how: listen, whisper, barge; "": not known any more.

    kind: of the phone he hears it by, desk or browser.
    """

    user_id: int
    name: str
    how: str
    since: float
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """A task whose time has come. kind: callback or task; number: to dial, None where there is none; due_at: UNIX s.

    restricted: nothing may be done with the client's data, so he is not called.
    """

    id: int
    kind: str
    what: Words
    due_at: float
    number: Telephone | None = None
    client_id: int | None = None
    client_name: Words = ""
    restricted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkView:
    """A person's work list, letters or SMS. count: what he is to do now; mark: another one where the list changed."""

    count: int = 0
    mark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneView:
    """One of a person's phones. kind: desk or browser; status: as AgentView.device; chosen: where he is rung.

    desk: number of a shared desk phone at which he sits.
    """

    name: str
    kind: str
    status: str
    chosen: bool
    desk: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentView:
    """One person as colleagues see him, on three axes.

    device: idle, ringing, in-call, unreachable...; since: UNIX s. chosen: logged-off, not-ready, ready, after-call;
    reason, chosen_since, by: why, since when, who said so; until: when work after a call ends; held: not before its
    outcome is given. call: state of his call, queue: the one it came from. ghost: Ready with a phone out of reach.
    """

    id: int
    name: str
    extension: str = ""
    device: str = "unknown"
    since: float = 0.0
    online: bool = False
    chosen: str = "logged-off"
    reason: str = ""
    chosen_since: float = 0.0
    by: str = "person"
    until: float | None = None
    held: bool = False
    call: str = ""
    queue: str | None = None
    ghost: bool = False
    phones: tuple[PhoneView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PbxView:
    """The link to one PBX. state: off, connecting, up, down, refused; since: UNIX s; detail: for the operator.

    ahead_s: how far its clock is ahead of ours.
    """

    name: str
    state: str
    since: float = 0.0
    detail: str = ""
    ahead_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkView:
    """The links for the bar on top: the worst state of all, and each. storage: ok or late."""

    state: str
    since: float = 0.0
    detail: str = ""
    storage: str = "ok"
    pbxes: tuple[PbxView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The state that replaces all volatile events a browser missed."""

    calls: tuple[CallView, ...] = ()
    agents: tuple[AgentView, ...] = ()
    link: LinkView = LinkView(state="off")
    erased: Erased = Erased()
    legs: tuple[LegView, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    work: WorkView = WorkView()
    mail: WorkView = WorkView()
    sms: WorkView = WorkView()
    spying: SpyView | None = None


class AgentDesktop(Protocol):
    """The browsers, seen from the features. None of these waits for a browser or fails because of one."""

    async def pop(self, agent_id: int, pop: ScreenPop) -> None: ...
    async def message(self, agent_id: int, notice: Notice) -> None: ...
    async def call(self, agent_id: int, view: CallView) -> None: ...
    async def leg(self, agent_id: int, view: LegView) -> None: ...
    async def agent(self, view: AgentView) -> None: ...
    async def work(self, agent_id: int, view: WorkView) -> None: ...
    async def mail(self, agent_id: int, view: WorkView) -> None: ...
    async def sms(self, agent_id: int, view: WorkView) -> None: ...
    async def link(self, view: LinkView) -> None: ...
    async def spying(self, agent_id: int, view: SpyView | None) -> None: ...  # None: he hears nobody any more
    async def reminders(self, agent_id: int, due: tuple[Reminder, ...]) -> None: ...  # all that are due now
    async def erased(self, view: Erased) -> None: ...  # every screen lets go of him
    async def sign_out(self, agent_id: int, session_hash: str | None = None) -> None:
        """Cut the agent's sockets (one session's, or all): after sign-out, block or change of role."""
