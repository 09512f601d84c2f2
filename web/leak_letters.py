"""Drafts of what is told to the authority about a leak: within 24 hours of finding it, and what came out in 72.

Points follow article 21 part 3.1 of law 152-FZ. What the journal knows is filled in; [...] is for people to write.
"""

from __future__ import annotations

from collections.abc import Callable

from cti.reports.access import Review
from web.i18n import say
from web.texts import N_

FIRST = (
    N_("NOTICE of an unlawful or accidental transfer of personal data (first, within 24 hours of finding it)"),
    N_("1. Operator: [name, INN, address]."),
    N_("2. Found: [date, time, by whom]."),
    N_(
        "3. What happened: [describe]. By the access journal of the client base, from {since} to {until} data of"
        " {clients} persons were shown, of them {exported} left in files."
    ),
    N_("4. Presumed causes: [describe]."),
    N_("5. Presumed harm to the rights of the persons: [describe]."),
    N_("6. Data: [names, telephone numbers, e-mail addresses, ...]; of so many persons: {clients}."),
    N_("7. Measures taken: [access stopped, passwords changed, files asked back, ...]."),
    N_("8. Contact for the authority: [name, telephone, e-mail]."),
)
SECOND = (
    N_("RESULTS of the inner inquiry into a transfer of personal data (within 72 hours of finding it)"),
    N_("1. Operator: [name, INN, address]. First notice: [date, number]."),
    N_("2. Causes: [what was established]."),
    N_("3. Persons by whose actions it came, by the access journal from {since} to {until}:"),
    N_("4. Data of {clients} persons were shown, of them {exported} left in files. Lines of the journal: {lines}."),
    N_("5. Measures taken: [describe]. The persons were told: [how, when]."),
)
SEER = N_("{login}: {lines} lines, {clients} persons shown, {exported} taken out in files, from {first} to {last}")
MOST_SEERS = 100


def letters(language: str, review: Review, since: str, until: str, moment: Callable[[float | None], str]) -> list[str]:
    """Both, each ready to be copied. since, until: the period as it was asked for."""
    values = {
        "since": since,
        "until": until,
        "clients": review.clients + review.unlisted,
        "exported": review.exported,
        "lines": review.lines,
    }
    seers = [
        say(
            language,
            SEER,
            login=one.login,
            lines=one.lines,
            clients=one.clients,
            exported=one.exported,
            first=moment(one.first),
            last=moment(one.last),
        )
        for one in review.seers[:MOST_SEERS]
    ]
    first = [say(language, text, **values) for text in FIRST]
    second = [say(language, text, **values) for text in SECOND]
    second[4:4] = [f"   - {one}" for one in seers]
    return ["\n\n".join(first), "\n\n".join(second)]
