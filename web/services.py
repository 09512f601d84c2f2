"""What the web layer is given by the composition root: the features and what it may read.

A handler reads the database through the eyes of whoever asks: `services_of(request).db` shows records to his sight
(cti/clients/masking.py). Before it is known who asks, numbers are hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from aiohttp import web

from cti.channels.base import Health
from cti.clients.masking import OPEN, Sight
from cti.desktop import LinkView
from cti.features.access_journal import AccessJournal
from cti.features.access_review import AccessReview
from cti.features.accounts import Accounts
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.alerts import Alerts
from cti.features.board_actions import BoardActions
from cti.features.board_links import BoardLinks
from cti.features.browser_legs import BrowserLegs
from cti.features.bulk_changes import BulkChanges
from cti.features.call_control import CallControl
from cti.features.call_lists import CallLists
from cti.features.call_log import CallLog
from cti.features.call_results import CallResults
from cti.features.callbacks import Callbacks
from cti.features.campaign_numbers import CampaignNumbers
from cti.features.campaigns import Campaigns
from cti.features.client_base import ClientBase
from cti.features.client_catalogue import ClientCatalogue
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_dossier import Dossiers
from cti.features.client_duplicates import ClientDuplicates
from cti.features.client_export import Exports
from cti.features.client_files import ClientFiles
from cti.features.client_restrictions import ClientRestrictions
from cti.features.client_segments import ClientSegments
from cti.features.client_tasks import ClientTasks
from cti.features.consents import Consents
from cti.features.conversations import Conversations
from cti.features.desk_settings import DeskSettings
from cti.features.dialplan_drafts import Drafts
from cti.features.dialplan_publish import Publisher
from cti.features.dialplan_review import Reviews
from cti.features.dialplan_traces import Saved, Traces
from cti.features.directory_admin import DirectoryAdmin
from cti.features.doctor import Doctor
from cti.features.duty_admin import DutyAdmin
from cti.features.erasures import Erasures
from cti.features.event_rules import EventRules
from cti.features.figure_targets import FigureTargets
from cti.features.first_sign_in import FirstSignIn
from cti.features.gateway_calls import GatewayCalls
from cti.features.gateway_settings import GatewaySettings
from cti.features.gateways import Gateways
from cti.features.hot_desks import HotDesks
from cti.features.import_runs import ImportRuns
from cti.features.inbox import Inbox
from cti.features.invitations import Invitations
from cti.features.kept_places import KeptPlaces
from cti.features.letter_marks import LetterMarks
from cti.features.letter_reading import LetterReading
from cti.features.letter_store import LetterStore
from cti.features.mail_changes import MailChanges
from cti.features.mail_drafts import MailDrafts
from cti.features.mailbox_doors import MailboxDoors
from cti.features.mailboxes import Mailboxes
from cti.features.newcomers import Newcomers
from cti.features.number_lists import NumberLists
from cti.features.outbox import Outbox
from cti.features.outbox_files import OutboxFiles
from cti.features.own_keys import OwnKeys
from cti.features.past_databases import PastDatabases
from cti.features.past_names import PastNames
from cti.features.past_runs import PastRuns
from cti.features.pbx_offers import PbxOffers
from cti.features.phone_settings import PhoneSettings
from cti.features.phone_watch import PhoneWatch
from cti.features.phones import Phones
from cti.features.plan_sounds import PlanSounds
from cti.features.quality import Quality
from cti.features.quality_work import QualityWork
from cti.features.recording_keeping import RecordingKeeping
from cti.features.recording_moves import RecordingMoves
from cti.features.recording_pauses import RecordingPauses
from cti.features.recordings import Recordings
from cti.features.reminders import Reminders
from cti.features.report_letters import ReportLetters
from cti.features.role_rights import RoleRights
from cti.features.rollups import Rollups
from cti.features.screen_pop import ScreenPops
from cti.features.scripts import Scripts
from cti.features.sending_limits import SendingLimits
from cti.features.spying import Spying
from cti.features.templates import Templates
from cti.features.test_calls import TestCalls
from cti.features.texting import Texting
from cti.features.voicemails import Voicemails
from cti.features.work_list import WorkList
from cti.metrics import Metrics
from cti.settings import Settings
from cti.sights import Sights
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.storage.view import View
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a handler may use. link: the PBX link as of now; clock: UNIX seconds.

    lines: the watch lines by registrar and name; agi: whether dialplans are answered, None: nobody may ask.
    """

    settings: Settings
    db: Database | View
    sights: Sights
    spool: Spool
    plan: NumberPlan
    metrics: Metrics
    access_journal: AccessJournal
    access_review: AccessReview
    accounts: Accounts
    people: DirectoryAdmin
    role_rights: RoleRights
    rollups: Rollups
    alerts: Alerts
    report_letters: ReportLetters
    figure_targets: FigureTargets
    client_base: ClientBase
    catalogue: ClientCatalogue
    contacts: ClientContacts
    contracts: ClientContracts
    tasks: ClientTasks
    reminders: Reminders
    callbacks: Callbacks
    voicemails: Voicemails
    letters: LetterReading
    invitations: Invitations
    work_list: WorkList
    mailboxes: Mailboxes
    mailbox_doors: MailboxDoors
    mail_changes: MailChanges
    letter_marks: LetterMarks
    mail_drafts: MailDrafts
    letter_store: LetterStore
    outbox: Outbox
    outbox_files: OutboxFiles
    gateways: Gateways
    gateway_settings: GatewaySettings
    gateway_calls: GatewayCalls
    templates: Templates
    event_rules: EventRules
    consents: Consents
    sending_limits: SendingLimits
    campaigns: Campaigns
    campaign_numbers: CampaignNumbers
    texting: Texting
    call_lists: CallLists
    inbox: Inbox
    conversations: Conversations
    segments: ClientSegments
    files: ClientFiles
    import_runs: ImportRuns
    past_runs: PastRuns
    past_databases: PastDatabases
    past_names: PastNames
    bulk_changes: BulkChanges
    exports: Exports
    duplicates: ClientDuplicates
    restrictions: ClientRestrictions
    erasures: Erasures
    dossiers: Dossiers
    kept_places: KeptPlaces
    recordings: Recordings
    recording_pauses: RecordingPauses
    recording_keeping: RecordingKeeping
    recording_moves: RecordingMoves
    number_lists: NumberLists
    call_control: CallControl
    phones: Phones
    phone_watch: PhoneWatch
    hot_desks: HotDesks
    own_keys: OwnKeys
    offers: PbxOffers
    browser_legs: BrowserLegs
    call_log: CallLog
    screen_pops: ScreenPops
    desk_settings: DeskSettings
    scripts: Scripts
    quality: Quality
    quality_work: QualityWork
    call_results: CallResults
    agent_states: AgentStates
    agent_duty: AgentDuty
    duty_admin: DutyAdmin
    board_actions: BoardActions
    board_links: BoardLinks
    spying: Spying
    test_calls: TestCalls
    link: Callable[[], LinkView]
    lines: Callable[[], Mapping[tuple[str, str], Health]]
    agi: Callable[[], Health] | None
    dialplan_drafts: Drafts
    plan_sounds: PlanSounds
    newcomers: Newcomers
    phone_settings: PhoneSettings
    first_sign_in: FirstSignIn
    dialplan_traces: Traces
    dialplan_publish: Publisher
    doctor: Doctor
    dialplan_reviews: Reviews[Saved]
    clock: Callable[[], float]

    @property
    def database(self) -> Database:
        """The database itself, for its state and never for its records."""
        return self.db.whole if isinstance(self.db, View) else self.db

    @property
    def zone(self) -> ZoneInfo:
        """Where the house's days begin."""
        return ZoneInfo(self.settings.numbers.time_zone)


SERVICES = web.AppKey("services", dict[Sight, Services])
SIGHT = web.RequestKey("sight", Sight)


def by_sight(services: Services) -> dict[Sight, Services]:
    """The services as who may see numbers is given them, and as the others."""
    return {sight: replace(services, db=View(services.database, sight)) for sight in (OPEN, services.sights.hiding)}


def sight_of(request: web.Request) -> Sight:
    """How whoever asks sees numbers."""
    return request.get(SIGHT) or next(sight for sight in request.app[SERVICES] if sight.hides)


def services_of(request: web.Request) -> Services:
    """The application's services, as whoever asks may use them."""
    return request.app[SERVICES][sight_of(request)]
