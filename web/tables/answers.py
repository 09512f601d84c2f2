"""Answer times of letters and SMS, by mailbox or by agent."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from cti.access import scope
from cti.reports.answers import Question, Sums
from cti.reports.intervals import period
from cti.reports.paper import Balance, Column, Figure, Paper, Part, Value
from cti.storage import answer_figures, answer_lists
from cti.storage.answer_figures import Asked, By
from cti.telephony.numbering import read, show
from web import figures, kpi_texts
from web.asking import Asker
from web.figures import Ask
from web.i18n import N_
from web.papers import period_words

BY: Mapping[str, str] = {"box": N_("Mailbox or number"), "user": N_("Who answered")}
CHANNELS: Mapping[str, str] = {"": N_("letters and SMS"), "email": N_("letters"), "sms": N_("SMS")}
TARGETS = (900, 1800, 3600, 14400, 86400)
KINDS: Mapping[str, str] = {
    "asked": N_("Questions"),
    "answered": N_("Answered"),
    "open": N_("Wait for an answer"),
    "late": N_("Late"),
    "in-time": N_("In time"),
    "first-in-time": N_("First answer in time"),
    "adds": N_("Added before the answer"),
    "all": N_("Letters and SMS that came"),
}
QUESTION = N_(
    "A question is the first letter or SMS of a client since our last one; what he adds before the answer is the same"
    " question. It belongs to the moment at which it came. What programs write counts on neither side."
)
IN_TIME = N_(
    "Answered before it was due, divided by the questions that have a target. A letter is due by the working hours and"
    " the target of its mailbox, an SMS by the time chosen above. A question that still waits is late once it was due."
)
FIRST_IN_TIME = N_("The same of the questions that began a conversation.")
FIRST = N_("The median time to the first answer of a conversation, by the clock.")
EACH = N_("The median time to every answer, by the clock, nights and days off included.")


def target_of(query: Mapping[str, str]) -> int:
    """In how many seconds an SMS is to be answered."""
    given = query.get("target", "")
    return int(given) if given.isascii() and given.isdigit() and int(given[:6]) in TARGETS else 3600


def by_of(query: Mapping[str, str]) -> By:
    """What the rows are."""
    return "user" if query.get("by") == "user" else "box"


def asked_of(asker: Asker, ask: Ask, query: Mapping[str, str]) -> Asked:
    """What is asked for. Who may see his team alone sees the mailboxes of his team, and no SMS."""
    services = asker.services
    since, until = period(ask.since, ask.until, services.zone)
    is_team = scope(asker.person, "figures.read") == "team"
    return Asked(
        since=since,
        until=until,
        house=services.mailboxes.house,
        now=services.clock(),
        sms_target_s=target_of(query),
        channel=query.get("channel", ""),
        team_id=(asker.person.team_id or 0) if is_team else ask.team_id,
    )


async def behind(asker: Asker, query: Mapping[str, str], *, start: int, limit: int) -> tuple[list[Question], int]:
    """Those behind a number, the newest first, from `start` on; and how many there are. Raises Refused."""
    asked = asked_of(asker, figures.asked(asker, query), query)
    row = query["row"][:160].replace("\0", "") if "row" in query else None
    async with asker.services.db.read(slow=True) as conn:
        return await answer_lists.behind(
            conn, asked, query.get("kind", "asked"), by=by_of(query), row=row, start=start, limit=limit
        )


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report."""
    ask, by = figures.asked(asker, query), by_of(query)
    async with asker.services.db.read(slow=True) as conn:
        wanted = asked_of(asker, ask, query)
        groups, whole = await answer_figures.groups(conn, wanted, by)
        came = await answer_figures.came(conn, wanted)
    asked = {"since": ask.since, "until": ask.until, "team": ask.team_id or "", "by": by, "target": target_of(query)}
    asked |= {"channel": query.get("channel", "")[:5]}

    def opened(kind: str, value: int | float | None, **more: object) -> Value:
        address = f"/reports/answers/items?{urlencode({'kind': kind, **asked, **more})}"
        return Value(value=value, opens=address if value is not None and (value or kind.endswith("in-time")) else "")

    def line(name: str, own: Sums, **more: object) -> list[Value]:
        return [
            Value(value=name),
            opened("asked", own.asked, **more),
            opened("answered", own.answered, **more),
            opened("open", own.open, **more),
            opened("late", own.late, **more),
            opened("first-in-time", own.first_share, **more),
            opened("in-time", own.share, **more),
            opened("first", own.first_median_s, **more),
            opened("answered", own.median_s, **more),
        ]

    def named(name: str) -> str:
        number = read(name, asker.services.plan).e164 if name.isascii() and name.isdigit() else None
        return show(number) if number else name

    nobody = asker.say(N_("nobody yet") if by == "user" else N_("none"))
    first, each, share = asker.say(N_("First answer")), asker.say(N_("Each answer")), asker.say(KINDS["in-time"])
    first_share = asker.say(KINDS["first-in-time"])
    return Paper(
        name=f"answers-{ask.since}-{ask.until}",
        title=asker.say(N_("Answer times of letters and SMS")),
        period=period_words(ask.since, ask.until),
        filters=[(asker.say(N_("Channel")), asker.say(CHANNELS.get(str(asked["channel"]), CHANNELS[""])))],
        figures=[
            Figure(name=share, kind="share", value=opened("in-time", whole.share), definition=asker.say(IN_TIME)),
            Figure(
                name=first_share,
                kind="share",
                value=opened("first-in-time", whole.first_share),
                definition=asker.say(FIRST_IN_TIME),
            ),
            Figure(
                name=first, kind="seconds", value=opened("first", whole.first_median_s), definition=asker.say(FIRST)
            ),
            Figure(name=each, kind="seconds", value=opened("answered", whole.median_s), definition=asker.say(EACH)),
        ],
        balance=Balance(
            whole=(asker.say(KINDS["all"]), opened("all", came)),
            parts=[
                (asker.say(KINDS["answered"]), opened("answered", whole.answered)),
                (asker.say(KINDS["open"]), opened("open", whole.open)),
                (asker.say(KINDS["adds"]), opened("adds", whole.added)),
            ],
        ),
        parts=[
            Part(
                title=asker.say(N_("Answer times")),
                columns=[
                    Column(head=asker.say(BY[by]), key=by, kind="text"),
                    Column(head=asker.say(KINDS["asked"]), key="asked", definition=asker.say(QUESTION)),
                    Column(head=asker.say(KINDS["answered"]), key="answered", tint="talk"),
                    Column(head=asker.say(KINDS["open"]), key="open", tint="miss"),
                    Column(head=asker.say(KINDS["late"]), key="late"),
                    Column(head=first_share, key="first-in-time", kind="share", definition=asker.say(FIRST_IN_TIME)),
                    Column(head=share, key="in-time", kind="share", definition=asker.say(IN_TIME)),
                    Column(head=first, key="first", kind="seconds", definition=asker.say(FIRST)),
                    Column(head=each, key="each", kind="seconds", definition=asker.say(EACH)),
                ],
                rows=[line(named(name) or nobody, own, row=name) for name, own in groups.items()],
                total=line(asker.say(N_("Total")), whole),
            )
        ],
        notes=[
            asker.say(QUESTION),
            asker.say(
                N_("A conversation is followed 90 days back: what was asked before and not answered is not known here.")
            ),
            asker.say(N_("Letters of personal mailboxes are their owners' own and are not counted.")),
            kpi_texts.definition(asker),
        ],
    )
