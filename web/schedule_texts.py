"""Words of reports that go by letter: how often, which days, what became of them."""

from __future__ import annotations

from collections.abc import Mapping

from cti.reports.schedule import Every, Span
from web.i18n import N_

EVERY: Mapping[Every, str] = {"day": N_("every day"), "week": N_("every week"), "month": N_("every month")}
SPANS: Mapping[Span, str] = {
    "yesterday": N_("Yesterday"),
    "last-7-days": N_("The last 7 days"),
    "last-week": N_("Last week"),
    "last-30-days": N_("The last 30 days"),
    "last-month": N_("Last month"),
    "this-month": N_("This month"),
}
RESULTS: Mapping[str, str] = {
    "queued": N_("given to the outbox"),
    "not-allowed": N_("not sent: its owner may not see it any more, or may not send reports"),
    "not-made": N_("not sent: the report could not be made"),
    "no-mailbox": N_("not sent: its mailbox is gone or paused"),
}
STATES: Mapping[str, str] = {
    "waiting": N_("waits to be sent"),
    "sending": N_("is being sent"),
    "sent": N_("sent"),
    "unknown": N_("nobody knows whether it was sent"),
    "failed": N_("the mail server refused it"),
    "held": N_("held"),
    "canceled": N_("canceled"),
}
REFUSALS: Mapping[str, str] = {
    "no-report-mailbox": N_("Say from which shared mailbox the report goes."),
    "too-many-schedules": N_("There are 100 scheduled reports: delete some first."),
    "no-schedule-name": N_("Give the schedule a name."),
    "no-report-people": N_("Give 1 to 50 addresses, one a line."),
    "bad-report-address": N_("This is no address."),
    "bad-schedule": N_("Say how often, on which day and at what time."),
    "report-filters-long": N_("The filters of this report are too long to be kept: leave some out."),
    "no-schedule": N_("There is no such scheduled report any more."),
    "no-such-report": N_("There is no such report."),
}
