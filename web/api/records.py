"""What the API takes and gives, as msgspec Structs: bounds stand in the types."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from cti.desktop import AgentView
from cti.storage.journal import CallRow
from cti.storage.marks import MarkRow
from cti.telephony.numbering import show
from cti.telephony.watching import registrar_of

StructT = TypeVar("StructT", bound=Struct)
Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=20_000)]
Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Moment = Annotated[float, Meta(ge=0, le=1e11, description="UNIX seconds")]
Limit = Annotated[int, Meta(ge=1, le=200, description="Rows in a page")]
Cursor = Annotated[str, Meta(max_length=2000, description="next_cursor of the page before")]


class Ok(Struct):
    """Done."""

    ok: bool = True


class SignIn(Struct, forbid_unknown_fields=True):
    login: Line
    password: Annotated[str, Meta(max_length=1024)]
    totp: Annotated[str, Meta(max_length=12)] = ""


class Me(Struct):
    """Who is signed in. csrf: goes into X-CSRF-Token of unsafe requests by cookie; empty for a token's owner."""

    id: int
    login: str
    name: str
    role: str
    language: str
    csrf: str


class Made(Struct):
    id: int


class KeysIn(Struct, forbid_unknown_fields=True):
    """keys: by action, all that are not as usual; none: all as usual."""

    keys: Annotated[dict[str, str], Meta(max_length=60)]


class Dial(Struct, forbid_unknown_fields=True):
    """request_id (or the header Idempotency-Key): made by the caller; repeated, it is the same call.

    device: one of one's own phones, for this call; else that at which one is rung.
    """

    to: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
    client_id: Id | None = None
    device: Annotated[str, Meta(max_length=80)] = ""
    request_id: RequestId | None = None


class Dialled(Struct):
    request_id: str


class Move(Struct, forbid_unknown_fields=True):
    """device: another of one's own phones."""

    device: Annotated[str, Meta(min_length=1, max_length=80)]
    request_id: RequestId | None = None


class Three(Struct, forbid_unknown_fields=True):
    other: Annotated[str, Meta(min_length=1, max_length=80, description="The other call's id")]


class HandingOver(Struct, forbid_unknown_fields=True):
    """ask: the person asks there first; his hanging up hands the client over."""

    to: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
    ask: bool = False


class Digits(Struct, forbid_unknown_fields=True):
    digits: Annotated[str, Meta(pattern=r"^[0-9*#A-D]{1,20}$")]


class Note(Struct, forbid_unknown_fields=True):
    text: Text


class MarkIn(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=500)] = ""


class MarkOut(Struct):
    """after_s: since the talk began, or the call where nobody talked."""

    id: int
    user_id: int | None
    user_name: str
    at: float
    after_s: float
    text: str


class Chosen(Struct, forbid_unknown_fields=True):
    client_id: Id


class LegOut(Struct):
    leg: str
    leg_id: str
    device: str | None
    user_id: int | None
    user_name: str
    rang_at: float | None
    answered_at: float | None
    ended_at: float | None
    result: str | None
    cause: int | None
    talk_s: Annotated[float | None, Meta(description="In conversation, without hold; null where it is not known")]
    hold_s: float | None


class StayOut(Struct):
    queue: str
    joined_at: float | None
    left_at: float | None
    how: Annotated[str | None, Meta(description="answered, abandoned, timeout, full, ...; null while waiting")]
    position: int | None


class CorrectionOut(Struct):
    at: float
    user_id: int | None
    user_name: str
    field: str
    was: str | None
    became: str | None


class NoteOut(Struct):
    user_id: int | None
    user_name: str
    text: str
    updated_at: float


class AnswerOut(Struct):
    """Given to a question of a questionnaire."""

    question_id: int
    question: str
    kind: str
    answer: str
    user_name: str
    at: float


class VariableOut(Struct):
    """Said by the dialplan."""

    name: str
    value: str


class CallOut(Struct):
    id: str
    direction: str | None
    number: str | None
    shown: str
    caller_name: str | None
    called: str | None
    queue: str | None
    started_at: float
    queued_at: float | None
    answered_at: float | None
    ended_at: float | None
    outcome: str | None
    reason: str | None
    released_by: Annotated[str | None, Meta(description="Who hung up: caller, called or pbx")]
    cause: Annotated[int | None, Meta(description="Q.850 cause of the leg that hung up")]
    unseen_since: Annotated[float | None, Meta(description="It ended unseen, after this time")]
    unseen_until: float | None
    client_id: int | None
    client_name: str
    user_id: int | None
    user_name: str
    note: str
    score: Annotated[int | None, Meta(description="The client's mark of the talk, 1 to 5")]
    imported: Annotated[bool, Meta(description="It was not seen: a log of the PBX told of it later")]
    open: bool
    seen_by: Annotated[str, Meta(description="ami, or sip: a watch line saw who called, and little of how it ended")]
    legs: list[LegOut] = []
    notes: list[NoteOut] = []
    marks: list[MarkOut] = []
    answers: list[AnswerOut] = []
    variables: list[VariableOut] = []
    transfers: list[dict[str, Any]] = []
    waits: list[StayOut] = []
    corrections: list[CorrectionOut] = []


class CallPage(Struct):
    rows: list[CallOut]
    total: int | None
    next_cursor: str | None


class PhoneOut(Struct):
    """desk: number of a shared desk phone at which one sits."""

    name: str
    kind: str
    status: str
    chosen: bool
    desk: str = ""


class AgentOut(Struct):
    """A person on three axes: what he chose, what his phone is, what his call is."""

    id: int
    name: str
    extension: str
    device: str
    since: float
    online: bool
    chosen: Annotated[str, Meta(description="logged-off, not-ready, ready or after-call")]
    reason: str
    chosen_since: float
    by: Annotated[str, Meta(description="Who said so: person, supervisor, pbx or server")]
    until: Annotated[float | None, Meta(description="When the work after the call ends by itself")]
    held: bool
    call: str
    queue: str | None
    ghost: Annotated[bool, Meta(description="Ready, and the phone is out of reach")]
    phones: list[PhoneOut]


class MemberOut(Struct):
    device: str
    name: str
    paused: bool
    pause_reason: str
    in_call: bool


class QueueOut(Struct):
    name: str
    members: list[MemberOut]


class StepOut(Struct):
    at: float
    step: str
    text: str
    user_id: int | None
    args: dict[str, str]


class UserOut(Struct):
    id: int
    login: str
    name: str
    role: str
    team: str
    language: str
    blocked: bool


def call_out(row: CallRow) -> CallOut:
    """A call of the journal."""
    skip = {"shown", "seen_by", "legs", "notes", "marks", "answers", "variables", "transfers", "waits", "corrections"}
    rest = {f: getattr(row, f) for f in CallOut.__struct_fields__ if f not in skip}
    return CallOut(
        **rest,
        shown=show(row.number) or row.caller_number or "",
        seen_by="sip" if registrar_of(row.id) else "ami",
        legs=[_same(LegOut, leg) for leg in row.legs],
        notes=[_same(NoteOut, note) for note in row.notes],
        marks=[mark_out(row, one) for one in row.marks],
        answers=[_same(AnswerOut, one) for one in row.answers],
        variables=[_same(VariableOut, one) for one in row.variables],
        transfers=[dict(one) for one in row.transfers],
        waits=[_same(StayOut, stay) for stay in row.waits],
        corrections=[_same(CorrectionOut, one) for one in row.corrections],
    )


def mark_out(row: CallRow, one: MarkRow) -> MarkOut:
    """A mark as the API gives it."""
    return MarkOut(one.id, one.user_id, one.user_name, one.at, row.after(one.at), one.text)


def _same(kind: type[StructT], row: object) -> StructT:
    """The fields of a record that the Struct names."""
    return kind(**{field: getattr(row, field) for field in kind.__struct_fields__})


def agent_out(view: AgentView) -> AgentOut:
    """A colleague."""
    values = {name: getattr(view, name) for name in AgentOut.__struct_fields__ if name != "phones"}
    return AgentOut(**values, phones=[_same(PhoneOut, phone) for phone in view.phones])


def member_out(member: object) -> MemberOut:
    """A queue's member."""
    return _same(MemberOut, member)
