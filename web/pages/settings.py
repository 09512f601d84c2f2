"""Settings, for admins: everybody, teams, who is signed in, what was changed, and the state of the server.

One person's own page is in `settings_user`. After a change the browser is sent back to the page, with a word of SAID
in the address; a refusal shows the page again with the reason.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.access import ROLES, Right, scope
from cti.errors import Refused
from cti.features.directory_admin import UserDraft
from cti.storage import sessions, users
from web.auth import IDENTITY, person_of
from web.browsers import browser_name
from web.i18n import translate
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told
from web.texts import ROLES as ROLE_NAMES

SAID = {
    "added": N_("The person is added. Give him a phone and his queues below."),
    "saved": N_("Saved."),
    "password": N_("The new password is set; the person is signed out everywhere."),
    "blocked": N_("Blocked, and signed out everywhere."),
    "unblocked": N_("The person may sign in again."),
    "signed-out": N_("Signed out."),
    "totp-off": N_("The second factor is off: the password alone is enough until it is set up again."),
    "revoked": N_("The token is revoked."),
    "listed": N_("The number is on the list: calls that come from now on."),
    "listed-all": N_("The file is taken in."),
    "list-back": N_("The number is back on its list."),
    "key-revoked": N_("The key is revoked: the site's orders are refused from now on."),
    "revoked-link": N_("The link is revoked: screens that showed it go dark in some seconds."),
    "deleted": N_("Deleted."),
    "erased": N_("Erased. The act and the event log are below."),
    "test-came": N_("The test call is over: the card came."),
    "test-done": N_("The test call is over: no card came. What the PBX said is below."),
}
ACTIONS = {  # what the audit journal calls it -> what people call it
    "first-admin": N_("made himself the first admin"),
    "user-add": N_("added a person"),
    "user-change": N_("changed a person"),
    "password": N_("set a password"),
    "block": N_("blocked"),
    "unblock": N_("let in again"),
    "sign-out": N_("signed out"),
    "sign-out-others": N_("signed out other browsers"),
    "totp-on": N_("switched the second factor on"),
    "totp-off": N_("switched the second factor off"),
    "devices": N_("set the phones"),
    "queues": N_("set the queues"),
    "desks": N_("set the shared phones"),
    "pin": N_("set the PIN of shared phones"),
    "token-add": N_("made an API token"),
    "token-drop": N_("revoked an API token"),
    "way-in": N_("made a first sign-in link"),
    "newcomer": N_("gave a newcomer telephones"),
    "leaver": N_("took a leaver's telephones"),
    "phone-secret": N_("made a telephone a new password"),
    "phone-file": N_("took a telephone's settings"),
    "phone-link": N_("let a telephone fetch its settings"),
    "phone-link-drop": N_("closed a telephone's address"),
    "outside-page": N_("set the page of another system"),
    "site-key-add": N_("made a key of a site"),
    "list-black": N_("put a number on the black list"),
    "list-white": N_("put a number on the white list"),
    "list-drop": N_("took a number off the lists"),
    "list-back": N_("put a number back on its list"),
    "site-key-drop": N_("revoked a key of a site"),
    "team-add": N_("added a team"),
    "team-rename": N_("renamed a team"),
    "team-drop": N_("deleted a team"),
    "alert-rule": N_("set a warning"),
    "alert-rule-drop": N_("removed a warning"),
    "pause-budget": N_("set a budget of pauses"),
    "past-take": N_("took the past in"),
    "past-undo": N_("took an import of the past back"),
    "past-names": N_("said who names in the PBX's logs are"),
    "past-database": N_("named the PBX's database"),
    "past-database-drop": N_("forgot the PBX's database"),
    "property-add": N_("added a property"),
    "property-change": N_("changed a property"),
    "property-retire": N_("retired a property"),
    "directory-add": N_("added a directory entry"),
    "directory-rename": N_("renamed a directory entry"),
    "directory-retire": N_("retired a directory entry"),
    "directory-merge": N_("merged directory entries"),
    "board-pick": N_("gave a waiting caller to somebody"),
    "board-end": N_("ended a call"),
    "board-take-over": N_("took a call over"),
    "board-state": N_("set somebody's state"),
    "board-queue": N_("set somebody's place in a queue"),
    "board-tell": N_("sent words to screens"),
    "board-link": N_("made a link for a screen"),
    "board-link-name": N_("renamed a link for a screen"),
    "board-link-end": N_("revoked a link for a screen"),
    "phone": N_("chose a phone"),
    "recording-rule": N_("set how long recordings are kept"),
    "figure-target": N_("set a target"),
    "dialplan-mode": N_("set who owns the dialplan"),
    "dialplan-publish": N_("published the dialplan"),
    "score-form-add": N_("made a score form"),
    "score-form-change": N_("changed a score form"),
    "score-form-retire": N_("put a score form out of use"),
    "score-form-back": N_("took a score form into use again"),
    "low-marks": N_("set which marks of clients are low"),
    "report-file": N_("took a report as a file"),
    "report-schedule": N_("set a report by letter"),
    "report-schedule-drop": N_("deleted a report by letter"),
    "report-sent": N_("a report was sent by letter"),
    "rights": N_("changed a right"),
    "mailbox-add": N_("added a mailbox"),
    "mailbox-change": N_("changed a mailbox"),
    "mailbox-open": N_("opened a mailbox at its provider"),
    "mailbox-pause": N_("paused a mailbox"),
    "mailbox-resume": N_("resumed a mailbox"),
    "mailbox-remove": N_("removed a mailbox"),
    "sms-gateway-add": N_("added an SMS gateway"),
    "sms-gateway-change": N_("changed an SMS gateway"),
    "sms-gateway-pause": N_("paused an SMS gateway"),
    "sms-gateway-resume": N_("resumed an SMS gateway"),
    "sms-gateway-remove": N_("removed an SMS gateway"),
    "sms-gateway-back": N_("took back a removed SMS gateway"),
    "sms-gateway-try": N_("sent a test SMS by a gateway"),
    "sms-routes": N_("set which numbers go by which SMS gateway"),
}
JOURNAL_ROWS = 100


async def show_people(request: web.Request) -> web.Response:
    """Everybody who has an account."""
    async with services_of(request).db.read() as conn:
        rows, devices = await users.every(conn), await users.devices_of_all(conn)
    return page(request, "settings/people.html", title="People", rows=rows, devices=devices, said=said(request))


async def show_new(request: web.Request) -> web.Response:
    """The form of a new person."""
    return await _new(request, UserDraft(login="", name="", role="agent"))


async def add(request: web.Request) -> web.StreamResponse:
    """Add a person and go to his page."""
    draft, form = await user_draft(request), await request.post()
    try:
        made = await services_of(request).people.add(
            person_of(request), draft, password=str(form.get("password", ""))[:1024]
        )
    except Refused as error:
        return await _new(request, draft, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/people/{made}?said=added")


async def _new(request: web.Request, draft: UserDraft, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        teams = await users.team_names(conn)
    ldap = bool(services_of(request).settings.auth.ldap.url)
    values = {"draft": draft, "teams": teams.values(), "roles": ROLES, "ldap": ldap, "error": error}
    shown = page(request, "settings/person_new.html", status=status, title="New person", **values)
    return at(request, shown, "/settings/people/new")


async def show_teams(request: web.Request) -> web.Response:
    """Teams and how many people each has."""
    return await _teams(request)


async def add_team(request: web.Request) -> web.StreamResponse:
    """A new team."""
    name = str((await request.post()).get("name", ""))[:120]
    try:
        await services_of(request).people.add_team(person_of(request), name)
    except Refused as error:
        return await _teams(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther("/settings/teams?said=saved")


async def rename_team(request: web.Request) -> web.StreamResponse:
    """Another name for a team."""
    name = str((await request.post()).get("name", ""))[:120]
    try:
        await services_of(request).people.rename_team(person_of(request), number(request), name)
    except Refused as error:
        return await _teams(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther("/settings/teams?said=saved")


async def drop_team(request: web.Request) -> web.StreamResponse:
    """Delete a team nobody is in."""
    try:
        await services_of(request).people.drop_team(person_of(request), number(request))
    except Refused as error:
        return await _teams(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther("/settings/teams?said=deleted")


async def _teams(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        teams, sizes = await users.team_names(conn), await users.team_sizes(conn)
    values: dict[str, Any] = {"teams": teams, "sizes": sizes, "error": error, "said": said(request)}
    return at(request, page(request, "settings/teams.html", status=status, title="Teams", **values), "/settings/teams")


async def show_sessions(request: web.Request) -> web.Response:
    """Who is signed in, where and since when."""
    rows = await services_of(request).accounts.sessions_of(None)
    values: dict[str, Any] = {
        "rows": rows,
        "browser_name": browser_name,
        "own": request[IDENTITY].session,
        "said": said(request),
    }
    return page(request, "settings/sessions.html", title="Signed in now", **values)


async def end_session(request: web.Request) -> web.StreamResponse:
    """Sign one browser out."""
    form = await request.post()
    user, session = str(form.get("user", "")), str(form.get("session", ""))[:64]
    if not (user.isascii() and user.isdigit() and len(user) < 16 and session):
        raise web.HTTPBadRequest(text="The page is too old: reload it and try again.")
    await services_of(request).people.sign_out(person_of(request), int(user), session)
    raise web.HTTPSeeOther("/settings/sessions?said=signed-out")


async def show_journal(request: web.Request) -> web.Response:
    """Who changed what."""
    before = request.query.get("before", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    async with services_of(request).db.read() as conn:
        rows = await sessions.notes(conn, before_id=before_id, limit=JOURNAL_ROWS)
        names = {f"user:{user.id}": user.login for user in await users.every(conn)}
        names |= {f"team:{id_}": name for id_, name in (await users.team_names(conn)).items()}
    names |= {f"role:{role}": translate(request, name) for role, name in ROLE_NAMES.items()}
    more = rows[-1].id if len(rows) == JOURNAL_ROWS else None
    return page(request, "settings/journal.html", title="Changes", rows=rows, names=names, more=more, actions=ACTIONS)


async def user_draft(request: web.Request) -> UserDraft:
    """The person's fields of a form, bounded; the feature says what is wrong with them."""
    form = await request.post()
    login, name, role, team, language = (
        str(form.get(key, "")).strip()[:200] for key in ("login", "name", "role", "team", "language")
    )
    return UserDraft(login=login, name=name, role=role, team=team, language=language)


def said(request: web.Request) -> str:
    """What the change before this page was, in words; "" for none."""
    return translate(request, SAID.get(request.query.get("said", ""), ""))


def at(request: web.Request, shown: web.Response, path: str) -> web.Response:
    """The page after a form: its address in the browser is the page's own, so that a reload works."""
    if request.method == "POST" and request.headers.get("HX-Request"):
        shown.headers["HX-Replace-Url"] = path
    return shown


def number(request: web.Request, name: str = "id") -> int:
    """A number of the path; 404 for anything else."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such page.")
    return int(text)


async def to_first(request: web.Request) -> web.StreamResponse:
    """Settings begin with people, for who may manage them; who may set nothing goes to his desk."""
    rights: tuple[tuple[Right, str], ...] = (
        ("users.manage", "people"),
        ("settings.manage", "catalogue"),
        ("templates.write", "templates"),
        ("agents.manage", "phones"),
        ("past.write", "past"),
    )
    for right, first in rights:
        if scope(person_of(request), right) != "none":
            raise web.HTTPSeeOther(f"/settings/{first}")
    raise web.HTTPSeeOther("/")


ROUTES = (
    Route("GET", "/settings", to_first, "signed-in", "nothing"),
    Route("GET", "/settings/people", show_people, "users.manage", "staff"),
    Route("GET", "/settings/people/new", show_new, "users.manage", "staff"),
    Route("POST", "/settings/people", add, "users.manage", "staff"),
    Route("GET", "/settings/teams", show_teams, "users.manage", "staff"),
    Route("POST", "/settings/teams", add_team, "users.manage", "staff"),
    Route("POST", "/settings/teams/{id}", rename_team, "users.manage", "staff"),
    Route("POST", "/settings/teams/{id}/delete", drop_team, "users.manage", "staff"),
    Route("GET", "/settings/sessions", show_sessions, "users.manage", "staff"),
    Route("POST", "/settings/sessions/end", end_session, "users.manage", "staff"),
    Route("GET", "/settings/journal", show_journal, "users.manage", "staff"),
)
