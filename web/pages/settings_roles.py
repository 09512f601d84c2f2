"""What each role may do: the matrix of rights, what differs from the default, and the way back to it."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from cti.access import DEFAULTS, FIXED, ROLES, SCOPES, Right, Role, Scope
from cti.errors import Refused
from cti.storage import role_rights
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

RIGHTS: Mapping[Right, tuple[str, str]] = {  # what it is called, what it opens
    "desk": (N_("Desk"), N_("The cards of calls that ring")),
    "dial": (N_("Place calls"), N_("From one's own phone, by a click")),
    "clients.read": (N_("See clients"), N_("The list, cards, contracts, files, segments")),
    "clients.numbers": (
        N_("See telephone numbers"),
        N_("Else they are masked everywhere, and dialled all the same"),
    ),
    "clients.write": (N_("Change clients"), N_("New clients, cards, contact persons, contracts")),
    "clients.import": (N_("Import clients"), N_("From a file, and take it back")),
    "clients.export": (N_("Export clients"), N_("What the list shows, as a file")),
    "clients.merge": (N_("Merge duplicates"), N_("Make one client of two, and take it back")),
    "clients.restrict": (N_("Restrict processing"), N_("No calls, letters and files of a client, and lift it")),
    "clients.erase": (N_("Erase people"), N_("Remove a person from everywhere; acts of erasure")),
    "privacy.export": (N_("See all that is held on a person"), N_("Personal data on the card, the archive of them")),
    "calls.read": (N_("See calls"), N_("The journal, missed calls, a client's calls")),
    "recordings.listen": (N_("Hear recordings"), N_("Each time is a line in the access journal")),
    "recordings.download": (N_("Download recordings"), N_("Take them out of the house as files")),
    "recordings.keep": (N_("Hold recordings"), N_("Keep one from deletion for a dispute, and let it go")),
    "notes.write": (N_("Write notes to calls"), N_("And say who was calling")),
    "agents.read": (N_("See colleagues"), N_("Who is there and whose phone is free")),
    "board.read": (N_("Live board"), N_("Queues, people and calls as they are now")),
    "board.share": (N_("Boards on screens"), N_("Links by which a TV shows a board without a person")),
    "agents.manage": (N_("Set others' states"), N_("Pauses and queues of others, the journal of states")),
    "calls.manage": (N_("Calls of others"), N_("Pick a waiting caller, end or take over a call from the board")),
    "calls.spy": (N_("Listen to conversations"), N_("Unheard, as they go on; for a reason, which is kept")),
    "calls.whisper": (N_("Whisper"), N_("Who listens speaks to the colleague alone")),
    "calls.barge": (N_("Join conversations"), N_("Who listens speaks to the client and the colleague")),
    "board.tell": (N_("Messages to people"), N_("Words on the screens of a person or a team")),
    "trace.read": (N_("Why a card came"), N_("The steps of one's own cards, or of all")),
    "reports.read": (N_("Reports"), N_("The client base by numbers, and as a file")),
    "figures.read": (N_("Figures"), N_("Queues and people by numbers, and the calls behind each of them")),
    "pauses.write": (N_("Set budgets of pauses"), N_("How long a day people may be paused, by reason")),
    "alerts.write": (
        N_("Set warnings"),
        N_("When trouble is told, to whom, by which way; and that somebody sees to it"),
    ),
    "reports.send": (N_("Reports by letter"), N_("Have reports sent on a schedule, to any address")),
    "quality.read": (N_("See scores"), N_("What conversations were given by forms, and clients' own marks")),
    "quality.score": (N_("Score conversations"), N_("By forms, of others; coaching notes")),
    "quality.manage": (N_("Manage quality"), N_("Score forms, what is drawn to be scored, calibrations")),
    "figures.own": (N_("Own figures"), N_("What one did oneself, by numbers")),
    "figures.targets": (N_("Set targets"), N_("What the figures are to be, of queues and teams")),
    "past.write": (N_("Import the past"), N_("Calls of the PBX's own logs, into the journal and back out of it")),
    "segments.write": (N_("Make segments"), N_("Save conditions over clients for all")),
    "mail": (N_("Letters"), N_("Of one's own mailboxes and shared ones one belongs to; all: of every shared one")),
    "sms": (N_("SMS"), N_("Write SMS to clients and read those that came")),
    "templates.write": (N_("Write templates"), N_("Of letters and SMS, and the library of files")),
    "rules.write": (N_("Write rules"), N_("What is sent by itself when something happens")),
    "campaigns.read": (N_("See campaigns"), N_("Mailings and call lists, and whom they reach")),
    "campaigns.write": (N_("Run campaigns"), N_("Mailings and call lists: make, start, stop")),
    "campaigns.approve": (N_("Approve campaigns"), N_("Be the second person of a large mailing")),
    "consents.write": (N_("Write down consents"), N_("Given or withdrawn, and their texts")),
    "lists.write": (N_("Black and white lists"), N_("Whose calls the dialplan refuses, and whose go before others")),
    "access.read": (N_("Access journal"), N_("Who saw or took out clients' data")),
    "dialplan.read": (N_("See the dialplan"), N_("Numbers, hours, menus and routes of a PBX; how a call would go")),
    "dialplan.write": (N_("Change the dialplan"), N_("Its draft; nothing of it runs before it is published")),
    "dialplan.publish": (N_("Publish the dialplan"), N_("Make a draft what the PBX does, and go back")),
    "users.manage": (N_("Manage people"), N_("Accounts, roles, teams, phones, these rights")),
    "settings.manage": (N_("Manage settings"), N_("Properties, directories, the server")),
}
SCOPE_NAMES: Mapping[Scope, str] = {
    "none": N_("no"),
    "own": N_("one's own"),
    "team": N_("the team's"),
    "queue": N_("the team's and one's queues'"),
    "all": N_("all"),
}
YES = N_("yes")  # of a right that has no more to it


async def show(request: web.Request) -> web.Response:
    """The matrix."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """Save the matrix, or set one right, or all, back to the default."""
    form = await request.post()
    back = str(form.get("back", ""))
    if back:
        wanted = {cell: _default(cell) for cell in _cells() if back in ("all", _name(*cell))}
    else:
        given = {cell: str(form.get(_name(*cell), "")) for cell in _cells()}
        wanted = {cell: scope for cell, text in given.items() for scope in SCOPES[cell[1]] if scope == text}
    try:
        await services_of(request).role_rights.change(person_of(request), wanted)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther("/settings/roles?said=saved")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        changed = await role_rights.every(conn)
    shown = page(
        request,
        "settings/roles.html",
        status=status,
        title=N_("Roles"),
        rights=RIGHTS,
        roles=ROLES,
        scopes=SCOPES,
        scope_name=lambda right, scope: _scope_name(right, scope),
        defaults=DEFAULTS,
        fixed=FIXED,
        changed=changed,
        error=error,
        said=said(request) if not error else "",
    )
    return at(request, shown, "/settings/roles")


def _scope_name(right: Right, scope: Scope) -> str:
    return YES if len(SCOPES[right]) == 2 and scope != "none" else SCOPE_NAMES[scope]


def _cells() -> list[tuple[Role, Right]]:
    return [(role, right) for right in RIGHTS for role in ROLES if right not in FIXED[role]]


def _default(cell: tuple[Role, Right]) -> Scope:
    role, right = cell
    return DEFAULTS[right][role]


def _name(role: Role, right: Right) -> str:
    """Of the cell's field in the form."""
    return f"{role}:{right}"


ROUTES = (
    Route("GET", "/settings/roles", show, "users.manage", "nothing"),
    Route("POST", "/settings/roles", change, "users.manage", "nothing"),
)
