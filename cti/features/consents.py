"""The register of consents: who gave or withdrew which, for what, how it is proven, and the texts of consents.

Rules kept here: the register is only added to. A consent is given for one purpose; one withdrawal may end all. What is
given is tied to the text as it stands that day. An address in a letter ends what that letter was for, whoever holds it:
looking at it changes nothing, and it can do nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.messages.consent import PURPOSES, Kind, Purpose, Source
from cti.messages.doors import Doors, Grant
from cti.messages.outgoing import ADDRESS
from cti.storage import cards, consents, contacts, purposes
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan, read

TEXT_CHARS, PROOF_CHARS = 4000, 200
LATELY_S = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What a client says. address: "" for all of his of this kind; purpose: "" for every one, which is only withdrawn.

    in_call: he says it in the call, or said it in the last hour.
    """

    kind: Kind
    address: str
    purpose: Purpose | Literal[""]
    given: bool
    proof: str = ""
    in_call: bool = False


class Consents:
    """All of it. doors: addresses in letters."""

    def __init__(self, *, db: Database, plan: NumberPlan, doors: Doors, clock: Callable[[], float]) -> None:
        self._db = db
        self._plan = plan
        self.doors = doors
        self._clock = clock

    async def say(self, person: Person, client_id: int, word: Word, *, source: Source = "card") -> int:
        """Write down what a client says; the row's id. Raises Refused in words, NotAllowed."""
        if not may(person, "consents.write"):
            raise NotAllowed("Your role may not write down consents; ask an admin.")
        if word.given and not word.purpose:
            raise Refused("no-purpose", "A consent is given for one purpose.")
        now, proof = self._clock(), " ".join(word.proof.split())[:PROOF_CHARS]
        async with self._db.write() as conn:
            if await cards.get(conn, client_id) is None:
                raise Refused("no-client", "There is no such client any more.")
            if word.in_call:
                call = await consents.talk_with(conn, person.id, client_id, now - LATELY_S)
                if call is None:
                    raise Refused("no-talk", "You have not talked with this client within the last hour.")
                source, proof = "call", call
            return await consents.say(
                conn,
                kind=word.kind,
                address=self._address(word),
                purpose=word.purpose,
                given=word.given,
                source=source,
                at=now,
                proof=proof,
                client_id=client_id,
                text_id=await consents.wording_of(conn, word.purpose, person.language) if word.given else None,
                user_id=person.id,
            )

    def _address(self, word: Word) -> str:
        """As it is looked up later. Raises Refused."""
        if not word.address:
            return ""
        if word.kind == "phone":
            number = read(word.address, self._plan).e164
            if not number:
                raise Refused("no-telephone", "This is not a telephone number.", where="address")
            return number
        if not ADDRESS.fullmatch(word.address.strip()):
            raise Refused("bad-address", "This is no e-mail address.", where="address")
        return word.address.strip().casefold()

    async def addresses(self, client_id: int) -> list[tuple[Kind, str]]:
        """All that a client and his contact persons are reached at, in the order in which the card shows them."""
        async with self._db.read() as conn:
            return await addresses_of(conn, client_id)

    async def word(self, person: Person, purpose: str, language: str, text: str) -> int:
        """A new version of what people consent to; its number."""
        if not may(person, "consents.write") or not may(person, "settings.manage"):
            raise NotAllowed("Your role may not change settings.")
        known: Purpose | None = next((one for one in PURPOSES if one == purpose), None)
        text = text.strip()[:TEXT_CHARS]
        if known is None or language not in ("ru", "en") or not text:
            raise Refused("empty-consent", "The text of the consent is empty.")
        async with self._db.write() as conn:
            return await consents.word(conn, known, language, text, person.id, self._clock())

    # Addresses in letters ---------------------------------------------------------------------------------------------
    def known(self, token: str) -> Grant | None:
        """What an address in a letter opens."""
        return self.doors.known("u", token, self._clock())

    async def unsubscribe(self, grant: Grant, *, source: Source) -> None:
        """Whoever a letter went to wants no more of its kind. Once or often, it is the same."""
        now = self._clock()
        async with self._db.write() as conn:
            await purposes.withdraw(conn, int(grant.what), now, source=source, proof=f"outbox:{grant.what}")


async def addresses_of(conn: Connection, client_id: int) -> list[tuple[Kind, str]]:
    """Numbers and addresses of a client, then of his contact persons, each once."""
    card = await cards.get(conn, client_id)
    found: dict[tuple[Kind, str], None] = {}
    people: list[Any] = [card] if card else []
    people += await contacts.of_client(conn, client_id)
    for one in people:
        found |= {("phone", phone.e164): None for phone in one.phones if phone.e164}
        found |= {("email", address.strip().casefold()): None for address in one.emails}
    return list(found)
