"""The web application: ONE table of all routes, each behind its door."""

from __future__ import annotations

from pathlib import Path

import structlog
from aiohttp import http_parser, web

from web import board_stream, ops, render, sip_door, sms_callbacks
from web.api import people
from web.auth import guarded
from web.limits import (
    CALLS,
    CALLS_BURST,
    CALLS_PER_S,
    LIMITS,
    NUMBERS,
    NUMBERS_BURST,
    NUMBERS_PER_S,
    Limits,
)
from web.pages import (
    access,
    alerts,
    board,
    board_screens,
    call_review,
    campaign_form,
    campaign_people,
    campaigns,
    client_consents,
    client_history,
    client_import,
    client_tasks,
    days,
    desk,
    dial,
    dialplan,
    dialplan_faults,
    dialplan_flow,
    dialplan_hours,
    dialplan_lists,
    dialplan_office,
    dialplan_people,
    dialplan_review,
    dialplan_sounds,
    dialplan_trace,
    doctor,
    doors,
    duplicates,
    letters,
    mail,
    missed,
    outbox,
    phone,
    privacy,
    profile,
    quality,
    quality_work,
    recording_list,
    recordings,
    report_agents,
    report_outcomes,
    report_queues,
    report_schedules,
    report_tables,
    report_targets,
    report_why,
    reports,
    restrictions,
    segments,
    settings,
    settings_alerts,
    settings_callbacks,
    settings_consents,
    settings_directories,
    settings_forms,
    settings_health,
    settings_lists,
    settings_mailboxes,
    settings_newcomers,
    settings_past,
    settings_pauses,
    settings_phones,
    settings_properties,
    settings_queues,
    settings_recordings,
    settings_roles,
    settings_rules,
    settings_scripts,
    settings_sending,
    settings_sms,
    settings_templates,
    settings_user,
    sign_in,
    sms,
    way_in,
    work,
)
from web.pages import calls as call_pages
from web.pages import clients as client_pages
from web.pages import contacts as contact_pages
from web.pages import contracts as contract_pages
from web.routes import Route
from web.security import add_headers, errors
from web.services import SERVICES, Services, by_sight
from web.serving import serve_app, watch_half_open

STATIC = Path(__file__).parent / "static"
LARGEST_BODY = 1024 * 1024

ROUTES: tuple[Route, ...] = (
    *ops.ROUTES,
    *people.ROUTES,
    *sign_in.ROUTES,
    *profile.ROUTES,
    *way_in.ROUTES,
    *settings_newcomers.ROUTES,
    *settings.ROUTES,
    *access.ROUTES,
    *settings_user.ROUTES,
    *settings_properties.ROUTES,
    *settings_directories.ROUTES,
    *settings_health.ROUTES,
    *doctor.ROUTES,
    *settings_mailboxes.ROUTES,
    *settings_queues.ROUTES,
    *settings_scripts.ROUTES,
    *settings_sms.ROUTES,
    *settings_templates.ROUTES,
    *settings_pauses.ROUTES,
    *settings_phones.ROUTES,
    *settings_alerts.ROUTES,
    *alerts.ROUTES,
    *settings_callbacks.ROUTES,
    *settings_lists.ROUTES,
    *settings_roles.ROUTES,
    *settings_rules.ROUTES,
    *settings_sending.ROUTES,
    *settings_consents.ROUTES,
    *doors.ROUTES,
    *desk.ROUTES,
    *work.ROUTES,
    *board.ROUTES,
    *board_screens.ROUTES,
    *mail.ROUTES,
    *outbox.ROUTES,
    *sms.ROUTES,
    *days.ROUTES,
    *dialplan.ROUTES,
    *dialplan_flow.ROUTES,
    *dialplan_hours.ROUTES,
    *dialplan_lists.ROUTES,
    *dialplan_office.ROUTES,
    *dialplan_people.ROUTES,
    *dialplan_review.ROUTES,
    *dialplan_sounds.ROUTES,
    *dialplan_faults.ROUTES,
    *dialplan_trace.ROUTES,
    *dial.ROUTES,
    *client_import.ROUTES,
    *client_pages.ROUTES,
    *client_history.ROUTES,
    *client_tasks.ROUTES,
    *client_consents.ROUTES,
    *duplicates.ROUTES,
    *restrictions.ROUTES,
    *privacy.ROUTES,
    *contact_pages.ROUTES,
    *contract_pages.ROUTES,
    *call_pages.ROUTES,
    *missed.ROUTES,
    *recordings.ROUTES,
    *call_review.ROUTES,
    *quality.ROUTES,
    *quality_work.ROUTES,
    *settings_forms.ROUTES,
    *recording_list.ROUTES,
    *settings_past.ROUTES,
    *settings_recordings.ROUTES,
    *campaign_form.ROUTES,
    *campaign_people.ROUTES,
    *campaigns.ROUTES,
    *report_agents.ROUTES,
    *report_outcomes.ROUTES,
    *report_targets.ROUTES,
    *report_queues.ROUTES,
    *report_why.ROUTES,
    *reports.ROUTES,
    *report_tables.ROUTES,
    *report_schedules.ROUTES,
    *segments.ROUTES,
    *letters.ROUTES,
    *phone.ROUTES,
    *sip_door.ROUTES,
    *sms_callbacks.ROUTES,
)

log = structlog.get_logger()


def make_app(services: Services) -> web.Application:
    """The application, not yet listening."""
    app = web.Application(middlewares=[errors], client_max_size=LARGEST_BODY)
    app[SERVICES] = by_sight(services)
    app[LIMITS] = Limits()
    app[CALLS] = Limits(per_s=CALLS_PER_S, burst=CALLS_BURST)
    app[NUMBERS] = Limits(per_s=NUMBERS_PER_S, burst=NUMBERS_BURST)
    app[sip_door.SIP_DOOR] = door = sip_door.SipDoor()
    services.metrics.read("browser_phones", "Phones in browsers that are connected", lambda: door.count)
    app.on_shutdown.append(door.shut_down)
    app[board_stream.SCREENS] = screens = board_stream.Screens()
    app.on_shutdown.append(screens.shut_down)
    render.set_up(app)
    app.on_response_prepare.append(add_headers)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, guarded(route))
    app.router.add_static("/static/", STATIC, append_version=False)
    if not http_parser.HttpRequestParser.__module__.endswith("_http_parser"):
        log.warning("aiohttp runs its slow parser; reinstall it with its wheels")
    return app


__all__ = ["ROUTES", "make_app", "serve_app", "watch_half_open"]
