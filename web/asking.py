"""Who asks for a report, by his browser or by a schedule of his: what he may see, in his language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from cti.access import Person
from web.auth import person_of
from web.i18n import language_of, say
from web.services import Services, services_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """services: as he may see the data."""

    services: Services
    person: Person
    language: str

    @property
    def today(self) -> date:
        """The day at the installation."""
        return datetime.fromtimestamp(self.services.clock(), self.services.zone).date()

    def say(self, text: str, **values: object) -> str:
        """A text in his language."""
        return say(self.language, text, **values)


def asker_of(request: web.Request) -> Asker:
    """Whoever signed in."""
    return Asker(services=services_of(request), person=person_of(request), language=language_of(request))
