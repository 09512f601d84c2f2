"""What the web layer is given by the composition root: the features and what it may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import web

from cti.desktop import LinkView
from cti.features.access_journal import AccessJournal
from cti.features.accounts import Accounts
from cti.features.agent_duty import AgentDuty
from cti.features.agent_state import AgentStates
from cti.features.browser_legs import BrowserLegs
from cti.features.bulk_changes import BulkChanges
from cti.features.call_control import CallControl
from cti.features.call_log import CallLog
from cti.features.client_base import ClientBase
from cti.features.client_catalogue import ClientCatalogue
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_dossier import Dossiers
from cti.features.client_duplicates import ClientDuplicates
from cti.features.client_export import Exports
from cti.features.client_files import ClientFiles
from cti.features.client_segments import ClientSegments
from cti.features.client_tasks import ClientTasks
from cti.features.directory_admin import DirectoryAdmin
from cti.features.duty_admin import DutyAdmin
from cti.features.erasures import Erasures
from cti.features.import_runs import ImportRuns
from cti.features.pbx_offers import PbxOffers
from cti.features.phones import Phones
from cti.features.role_rights import RoleRights
from cti.metrics import Metrics
from cti.settings import Settings
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a handler may use. link: the PBX link as of now; clock: UNIX seconds."""

    settings: Settings
    db: Database
    spool: Spool
    plan: NumberPlan
    metrics: Metrics
    access_journal: AccessJournal
    accounts: Accounts
    people: DirectoryAdmin
    role_rights: RoleRights
    client_base: ClientBase
    catalogue: ClientCatalogue
    contacts: ClientContacts
    contracts: ClientContracts
    tasks: ClientTasks
    segments: ClientSegments
    files: ClientFiles
    import_runs: ImportRuns
    bulk_changes: BulkChanges
    exports: Exports
    duplicates: ClientDuplicates
    erasures: Erasures
    dossiers: Dossiers
    call_control: CallControl
    phones: Phones
    offers: PbxOffers
    browser_legs: BrowserLegs
    call_log: CallLog
    agent_states: AgentStates
    agent_duty: AgentDuty
    duty_admin: DutyAdmin
    link: Callable[[], LinkView]
    clock: Callable[[], float]

    @property
    def zone(self) -> ZoneInfo:
        """Where the house's days begin."""
        return ZoneInfo(self.settings.numbers.time_zone)


SERVICES = web.AppKey("services", Services)


def services_of(request: web.Request) -> Services:
    """The application's services."""
    return request.app[SERVICES]
