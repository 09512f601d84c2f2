"""The reaction table of the server: which feature hears of which event, in order; and what a click knew of its call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps

from msgspec import structs

from cti.dispatch import Reaction
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.browser_legs import BrowserLegs
from cti.features.call_log import CallLog
from cti.features.call_variables import DialplanVariables
from cti.features.call_ways import CallWays
from cti.features.hand_over import HandOvers
from cti.features.kept_places import KeptPlaces
from cti.features.live_calls import Dialled, LiveCalls
from cti.features.phones import Phones
from cti.features.recordings import Recordings
from cti.features.screen_pop import ScreenPops
from cti.features.spying import Spying
from cti.storage import clients, dial_requests
from cti.storage.database import Database
from cti.telephony import events as ev


def reactions(
    handed: HandOvers,
    variables: DialplanVariables,
    ways: CallWays,
    kept: KeptPlaces,
    pops: ScreenPops,
    views: LiveCalls,
    journal: CallLog,
    states: AgentStates,
    duty: AgentDuty,
    legs: BrowserLegs,
    phones: Phones,
    recorded: Recordings,
    work_moved: Reaction,
    show_link: Reaction,
    spying: Spying,
    seen_by_sip: Callable[[], frozenset[str]],
) -> Mapping[type[ev.TelephonyEvent], Sequence[Reaction]]:
    """Who hears of what, in order: who hands over first, then the card, then the desks, then the journal.

    seen_by_sip: calls that are none of a PBX's: what it does not name among its own is not over with them.
    """

    def besides(reaction: Reaction) -> Reaction:
        @wraps(reaction)
        async def told(event: ev.SnapshotTaken, received_at: float) -> None:
            await reaction(structs.replace(event, open_calls=event.open_calls | seen_by_sip()), received_at)

        return told

    return {
        ev.Originated: (views.originated, journal.changed, legs.seen),
        ev.CallChanged: (journal.changed,),
        ev.Queued: (journal.changed, kept.queued),
        ev.CallBackAsked: (kept.asked,),
        ev.CallVariables: (variables.heard,),
        ev.StepTaken: (ways.step_taken,),
        ev.Scored: (ways.scored,),
        ev.Spied: (spying.heard,),
        ev.Overhears: (spying.overhears,),
        ev.RecordingBegan: (recorded.began,),
        ev.RecordingEnded: (recorded.ended,),
        ev.Delivered: (
            handed.delivered,
            pops.delivered,
            views.delivered,
            journal.changed,
            states.call_moved,
            legs.seen,
            handed.remembered,
        ),
        ev.Established: (
            pops.established,
            views.established,
            journal.changed,
            duty.established,
            states.call_moved,
            legs.established,
            work_moved,
        ),
        ev.Conferenced: (views.conferenced, journal.changed),
        ev.Held: (handed.held, views.held, legs.held),
        ev.Retrieved: (handed.retrieved, views.retrieved, legs.retrieved),
        ev.Transferred: (handed.transferred, journal.changed, handed.remembered),
        ev.ConnectionCleared: (
            handed.connection_cleared,
            views.connection_cleared,
            journal.changed,
            duty.connection_cleared,
            states.call_moved,
            legs.cleared,
            spying.cleared,
        ),
        ev.CallCleared: (
            handed.call_cleared,
            pops.call_cleared,
            views.call_cleared,
            journal.call_cleared,
            duty.call_cleared,
            work_moved,
            handed.forget,
            variables.call_cleared,
            ways.call_cleared,
            recorded.call_over,
            spying.call_cleared,
        ),
        ev.CallMerged: (
            variables.call_merged,
            ways.call_merged,
            handed.call_merged,
            pops.call_merged,
            views.call_merged,
            journal.call_merged,
            legs.merged,
        ),
        ev.DialFailed: (views.dial_failed,),
        ev.SnapshotTaken: (
            besides(handed.snapshot_taken),
            besides(variables.snapshot_taken),
            besides(ways.snapshot_taken),
            besides(pops.snapshot_taken),
            besides(views.snapshot_taken),
            besides(journal.snapshot_taken),
            duty.snapshot_taken,
            legs.snapshot_taken,
            recorded.call_over,
            kept.snapshot_taken,
        ),
        ev.PbxRestarted: (duty.pbx_restarted,),
        ev.DeviceChanged: (states.device_changed,),
        ev.MemberChanged: (states.member_changed, duty.member_changed),
        ev.LinkChanged: (states.link_changed, phones.link_changed, show_link),
    }


def clicks(db: Database) -> Callable[[str], Awaitable[Dialled | None]]:
    """What a click knew of the call it makes, by its request id."""

    async def dialled(request_id: str) -> Dialled | None:
        async with db.read() as conn:
            request = await dial_requests.get(conn, request_id)
            if request is None:
                return None
            card = await clients.get(conn, request.client_id) if request.client_id else None
        return Dialled(
            user_id=request.user_id,
            number=request.number,
            extension=request.extension,
            client_id=request.client_id,
            client_name=card.name if card else "",
        )

    return dialled
