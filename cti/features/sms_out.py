"""SMS leave: claimed in batches, handed over to gateways, and what these answered written down in batches.

Rules kept here: a message is claimed in the base before a byte of it leaves, at most a window of them per gateway, so a
kill at any point sends nothing twice; what was on its way then is `unknown`, and a person alone sends it again. What a
gateway certainly did not take goes through the next one at once, else again after 1, 5, 15, 60 minutes, for a day.
Whether it may leave is asked here, at the last moment (cti/storage/sms_guard.py). What people write goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from cti.channels.texts import Answer, Choice, OutText, SmsTrouble, TextLine, TextLines
from cti.errors import StorageError
from cti.messages.outgoing import TRIES_S
from cti.messages.sms import split
from cti.storage import sms_guard, sms_queue, spending
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.one_hop import in_one_trip
from cti.storage.sms_queue import Waiting
from cti.storage.spending import Stop
from cti.telephony.numbering import NumberPlan

AT_ONCE = 200  # messages looked at in one turn
QUIET_S = 15.0  # so often the queue is looked at where nothing was heard of it
DOWN_S = 5.0  # after which a message asks again for a gateway that is there
GATHER_S = 0.02  # answers of so long are written down together
LASTS_S = 24 * 3600.0  # after so long a message is of no use to anybody
OTHER_GATEWAY = "other-gateway"  # why it waits again: one did not deliver it
HANDED_S = 300.0  # a line that says nothing for so long has lost the message

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a gateway answered, an answer per part; or the trouble for which it took nothing."""

    row: Waiting
    choice: Choice
    answers: tuple[Answer, ...] = ()
    trouble: SmsTrouble | None = None


class SmsOut:
    """Sends. settled: writes down what was answered; ended: what does not leave, or is lost, of rows in one state."""

    def __init__(
        self,
        *,
        db: Database,
        lines: TextLines,
        settled: Callable[[Sequence[tuple[Outcome, dict[str, Any]]]], Awaitable[None]],
        ended: Callable[[Sequence[tuple[Waiting, dict[str, Any]]], str], Awaitable[None]],
        plan: NumberPlan,
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._lines = lines
        self._settled = settled
        self._ended = ended
        self._plan = plan
        self._zone = zone
        self._clock = clock
        self._news, self._done, self._still = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._going: dict[int, int] = {}  # rows that this process has claimed: their gateways
        self._besides: dict[int, frozenset[int]] = {}  # rows that were refused for now: by which gateways
        self._answered: list[Outcome] = []
        self._resting = False

    def wake(self) -> None:
        """There is something to send, or something to send it by."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled. What a process before had on its way is nobody's knowledge any more."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_down(), name="sms-answers")
            while True:
                self._news.clear()
                wait_s = await self._turn(group)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._news.wait()

    async def rest(self, seconds: float) -> None:
        """Claim nothing more; wait until what is on its way is written down, so that a stop leaves nothing unknown."""
        self._resting = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._going:
                    self._still.clear()
                    await self._still.wait()

    async def _turn(self, group: asyncio.TaskGroup) -> float:
        """Begin what is due and has room; in how many seconds to look again."""
        if self._resting:
            return QUIET_S
        now = self._clock()
        try:
            await self._left_behind()
            async with self._db.read() as conn:
                waiting = await sms_queue.due(conn, now, AT_ONCE)
                later = await sms_queue.next_due(conn, now)
            claimed, held = await self._claim(self._chosen(waiting), now)
            for one, choice in claimed:
                group.create_task(self._hand_over(one, choice), name=f"sms-{one.id}")
            if held:
                await self._ended(held, "queued")
        except StorageError as error:
            log.warning("SMS cannot be sent now", reason=str(error))
            return 1.0
        except Exception:
            log.exception("the queue of SMS stumbled")
            return 5.0
        if len(waiting) == AT_ONCE and claimed:
            return 0.0
        return min(QUIET_S, max((later or now + QUIET_S) - now, 0.05))

    def _chosen(self, waiting: Sequence[Waiting]) -> list[tuple[Waiting, Choice | None]]:
        """A gateway for each that has room for it; None where none serves the number. The others wait for room."""
        flying = Counter(self._going.values())
        found: list[tuple[Waiting, Choice | None]] = []
        for one in waiting:
            besides = self._besides.get(one.id, frozenset())
            if one.why == OTHER_GATEWAY and one.gateway_id is not None:
                besides |= {one.gateway_id}
            choice = self._lines.choose(one.number, purpose=one.purpose, besides=besides)
            line = self._lines.line(choice.gateway_id) if choice else None
            if choice is None or line is None or line.health != "up":
                found.append((one, None))
            elif flying[choice.gateway_id] < line.window:
                flying[choice.gateway_id] += 1
                found.append((one, choice))
        return found

    async def _claim(
        self, chosen: Sequence[tuple[Waiting, Choice | None]], now: float
    ) -> tuple[list[tuple[Waiting, Choice]], list[tuple[Waiting, dict[str, Any]]]]:
        """Take what may leave; and what becomes of those that may not, or have no gateway."""
        held = [(one, _held(one, None, now)) for one, choice in chosen if choice is None]
        ready = [(replace(one, price=choice.price * one.parts), choice) for one, choice in chosen if choice]
        self._going |= {one.id: choice.gateway_id for one, choice in ready}
        taken: set[int] = set()
        try:
            if ready:
                async with self._db.read() as asked:
                    stopped = await in_one_trip(asked, lambda: self._stopped(asked, ready, now))
                async with self._db.write() as conn:
                    taken = await in_one_trip(conn, lambda: self._take(conn, ready, stopped, now))
                held += [(one, _held(one, stopped[one.id], now)) for one, _ in ready if one.id in stopped]
        finally:
            for one, _ in ready:
                if one.id not in taken:
                    self._going.pop(one.id, None)
        return [(one, choice) for one, choice in ready if one.id in taken], held

    async def _stopped(self, conn: Connection, ready: Sequence[tuple[Waiting, Choice]], now: float) -> dict[int, Stop]:
        return await sms_guard.stopped(conn, [one for one, _ in ready], self._plan, now, self._zone)

    async def _take(
        self, conn: Connection, ready: Sequence[tuple[Waiting, Choice]], stopped: dict[int, Stop], now: float
    ) -> set[int]:
        """The ids of those that were claimed; what they cost is spent."""
        taken = await sms_queue.claim(conn, [pair for pair in ready if pair[0].id not in stopped], now)
        await spending.goes(conn, [one for one, _ in ready if one.id in taken], stopped.values(), now, self._zone)
        return taken

    async def _left_behind(self) -> None:
        """Messages of a run before, or lost sight of: whether they went is not known."""
        async with self._db.read() as conn:
            rows = await sms_queue.left_behind(conn, list(self._going))
        if rows:
            log.warning("SMS of which it is not known whether they went", count=len(rows))
            await self._ended([(one, _unknown(one, "cut-off")) for one in rows], "sending")

    async def _hand_over(self, one: Waiting, choice: Choice) -> None:
        line: TextLine | None = self._lines.line(choice.gateway_id)
        answers: tuple[Answer, ...] = ()
        trouble: SmsTrouble | None = None
        try:
            if line is None:
                raise SmsTrouble("down")
            text = OutText(
                key=one.key, number=one.number, sender=choice.sender, text=one.text, parts=tuple(split(one.text)),
                lasts_s=LASTS_S,
            )  # fmt: skip
            async with asyncio.timeout(HANDED_S):
                answers = await line.send(text)
        except SmsTrouble as error:
            trouble = error
        except TimeoutError:
            log.warning("a gateway says nothing to an SMS", gateway=choice.gateway_id, sms=one.id)
        except Exception:
            log.exception("an SMS was lost in a line", gateway=choice.gateway_id, sms=one.id)
        self._answered.append(Outcome(row=one, choice=choice, answers=answers, trouble=trouble))
        self._done.set()

    async def _write_down(self) -> None:
        while True:
            await self._done.wait()
            await asyncio.sleep(GATHER_S)
            self._done.clear()
            some, self._answered = self._answered, []
            while some:
                try:
                    await self._settled([(one, self._end(one)) for one in some])
                    break
                except StorageError as error:
                    log.warning("what became of SMS cannot be written down now", reason=str(error))
                    await asyncio.sleep(1.0)
                except Exception:
                    log.exception("what became of SMS was not written down", count=len(some))
                    break
            for one in some:
                self._going.pop(one.row.id, None)
            self._still.set()
            self._news.set()

    def _end(self, outcome: Outcome) -> dict[str, Any]:
        """The row after an answer."""
        row, now = outcome.row, self._clock()
        if outcome.trouble is not None:
            return self._again(outcome, outcome.trouble, now)
        self._besides.pop(row.id, None)
        states = [one.state for one in outcome.answers] or ["unknown"]
        said = next((one.said for one in outcome.answers if one.said), "")[:200]
        ended = {"id": row.id, "said": said, "tries": row.tries, "attempt": row.attempt + 1}
        if "rejected" in states:
            return ended | {"state": "rejected", "why": "rejected", "accepted_at": now, "settled_at": now}
        if "unknown" in states:
            return ended | {"state": "unknown", "why": "no-answer", "accepted_at": now}
        return ended | {"state": "accepted", "accepted_at": now}

    def _again(self, outcome: Outcome, trouble: SmsTrouble, now: float) -> dict[str, Any]:
        """It certainly did not leave: the next gateway at once, or later, or not at all."""
        row = outcome.row
        ended = {"id": row.id, "said": trouble.said, "tries": row.tries + 1, "attempt": row.attempt}
        if trouble.permanent:
            self._besides.pop(row.id, None)
            return ended | {"state": "rejected", "why": trouble.code[:16], "settled_at": now}
        if trouble.code == "waited":  # it is asked anew whether it may leave: a consent may have been withdrawn
            return ended | {"state": "queued", "why": "", "tries": row.tries, "next_at": now}
        besides = self._besides.get(row.id, frozenset()) | {outcome.choice.gateway_id}
        other = self._lines.choose(row.number, purpose=row.purpose, besides=besides)
        line = self._lines.line(other.gateway_id) if other else None
        if line is not None and line.health == "up":
            self._besides[row.id] = besides
            return ended | {"state": "queued", "why": trouble.code[:16], "next_at": now}
        self._besides.pop(row.id, None)
        after = TRIES_S[min(row.tries, len(TRIES_S) - 1)] if trouble.retry_s is None else max(trouble.retry_s, 1.0)
        if now + after > (row.send_at or row.created_at) + LASTS_S:
            return ended | {"state": "expired", "why": "gave-up", "settled_at": now}
        return ended | {"state": "queued", "why": trouble.code[:16], "next_at": now + after}


def _held(one: Waiting, stop: Stop | None, now: float) -> dict[str, Any]:
    """The row of what may not leave now, or for which there is no gateway."""
    ended = {"id": one.id, "tries": one.tries, "attempt": one.attempt}
    if stop is not None and stop.again_at is None:
        return ended | {"state": "canceled", "why": stop.why, "settled_at": now}
    until = now + DOWN_S if stop is None or stop.again_at is None else stop.again_at
    if until > (one.send_at or one.created_at) + LASTS_S and stop is None:
        return ended | {"state": "expired", "why": "gave-up", "settled_at": now}
    return ended | {"state": "queued", "why": stop.why if stop else "no-gateway", "next_at": until}


def _unknown(one: Waiting, why: str) -> dict[str, Any]:
    return {"id": one.id, "tries": one.tries, "attempt": one.attempt + 1, "state": "unknown", "why": why}
