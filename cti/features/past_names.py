"""Names in a PBX's logs that are nobody's here any more: people say who each agent is and which queue each queue.

An agent who married, an extension that is somebody else's now, two queues made one: said once, it holds for every
import after it. What was taken in before stays until it is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.storage import past_names, sessions, users
from cti.storage.database import Database
from cti.storage.past_names import NameKind, PastName

MOST = 500  # names said at once
CHARS = 80


class PastNames:
    """Of one installation."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def keep(
        self, person: Person | None, pbx: str, said: Sequence[PastName], forgotten: Sequence[tuple[NameKind, str]] = ()
    ) -> None:
        """Hold what was said; forgotten: kinds and names of which nothing is said any more. Raises Refused.

        person: None for an operator at the console.
        """
        if person is not None and not may(person, "past.write"):
            raise NotAllowed("Your role may not take the past in; ask an admin.")
        said = list({(one.kind, one.name): one for one in said}.values())
        if len(said) + len(forgotten) > MOST or not all(_sound(one) for one in said):
            raise Refused("past-name-bad", "A name has 1 to 80 letters; 500 names at most at once.")
        async with self._db.write() as conn:
            people = {one.id for one in await users.every(conn)}
            if not people >= {one.user_id for one in said if one.user_id is not None}:
                raise Refused("past-name-nobody", "There is no such person here.")
            await past_names.keep(conn, pbx, said)
            await past_names.forget(conn, pbx, forgotten)
            words = ", ".join([one.name for one in said] + [name for _, name in forgotten])[:200]
            if person is not None and words:
                await sessions.note(conn, self._clock(), person.id, "past-names", f"pbx:{pbx}", words)


def _sound(one: PastName) -> bool:
    texts = (one.name, one.queue) if one.queue else (one.name,)
    return all(0 < len(text) <= CHARS and text.isprintable() and text.strip() for text in texts)
