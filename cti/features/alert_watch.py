"""Trouble is watched and told: rules are asked every few seconds, what they begin goes to people until one sees to it.

What has begun stands in the base: a server that was killed goes on where it was and tells nothing twice. A webhook may
come twice after a kill in the middle of it; it carries the same X-Trubka-Delivery then.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog
from cryptography.fernet import Fernet, InvalidToken

from cti.board import Board
from cti.desktop import AgentDesktop
from cti.errors import ChannelError
from cti.looking import look_again
from cti.messages.alert_words import sentence
from cti.messages.alerts import OF_QUEUES, Signal, is_last, loud_at, worse
from cti.storage import alerts, gateways, mailboxes, users
from cti.storage.alerts import Alert, Kept
from cti.storage.database import Database

LOOK_S = 5.0
STALE_S = 30.0  # figures of the journal that are older are not known
TRIES_S = (10.0, 60.0, 300.0, 900.0, 3600.0)

log = structlog.get_logger()


class Hook(Protocol):
    """Sends a webhook; raises ChannelError."""

    async def post(self, url: str, body: bytes, *, secret: str, key: str, at: int) -> None: ...


class AlertWatch:
    """look: the board as it is now; wake_post, wake_sms: their queues have something."""

    def __init__(
        self,
        *,
        db: Database,
        board: Callable[[], Board],
        desktop: AgentDesktop,
        hook: Hook,
        box: Fernet,
        next_seq: Callable[[int], int],
        wake_post: Callable[[], None],
        wake_sms: Callable[[], None],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._board = board
        self._desktop = desktop
        self._hook = hook
        self._box = box
        self._next_seq = next_seq
        self._wake_post = wake_post
        self._wake_sms = wake_sms
        self._zone = zone
        self._clock = clock
        self._signals: defaultdict[tuple[int, int, str], Signal] = defaultdict(Signal)
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something to tell."""
        self._news.set()

    async def run(self) -> None:
        """Watch and tell, until cancelled."""
        await look_again(self._look_and_tell, self._news, LOOK_S, "alerts cannot be looked at now")

    async def _look_and_tell(self) -> None:
        await self.look()
        await self.tell()

    async def look(self) -> None:
        """Ask every rule that works; begin, repeat and end what has to be."""
        now = self._clock()
        async with self._db.read() as conn:
            working = [one for one in await alerts.rules(conn) if one.enabled_at is not None]
            if not working:
                return
            open_now, ends = await alerts.open_alerts(conn), await alerts.last_ends(conn)
            values = await self._values(conn, {one.rule.watched for one in working})
        for kept in working:
            found = values.get(kept.rule.watched, {})
            mine = {subject for rule_id, subject in open_now if rule_id == kept.id}
            for subject in (found.keys() if not kept.rule.queues else found.keys() & set(kept.rule.queues)) | mine:
                alert = open_now.get((kept.id, subject))
                signal = self._signals[kept.id, kept.version, subject]
                value = found.get(subject)
                turned = signal.step(kept.rule, value, now, is_open=alert is not None)
                if turned == "begin" and now - ends.get((kept.id, subject), float("-inf")) >= kept.rule.cool_s:
                    await self._begin(kept, subject, value or 0.0, now)
                elif alert is not None:
                    await self._goes_on(kept, alert, value, now, over=turned == "end")

    async def _values(self, conn: Any, watched: set[str]) -> Mapping[str, Mapping[str, float | None]]:
        """By what is watched and subject; None: not known now."""
        found: dict[str, dict[str, float | None]] = defaultdict(dict)
        if watched & {*OF_QUEUES, "pbx"}:
            self._of_board(self._board(), found)
        if "mailbox" in watched:
            found["mailbox"] = {
                one.name or one.address: float(bool(one.trouble)) for one in await mailboxes.every(conn)
            }
        if "gateway" in watched:
            found["gateway"] = {one.name: float(bool(one.trouble)) for one in await gateways.every(conn)}
        return found

    def _of_board(self, board: Board, found: dict[str, dict[str, float | None]]) -> None:
        there = {one.name for one in board.pbxes if one.state == "up"}
        found["pbx"] = {one.name: float(one.state != "up") for one in board.pbxes}
        counted = board.at - board.figures_at < STALE_S
        for row in board.queues.values():
            live = bool(there) if not row.pbxes else set(row.pbxes) <= there
            waits = [board.at - one.since for one in row.waiting if one.since is not None]
            members = sum(count for standing, count in row.people.items() if standing != "off")
            level = row.now.level
            values: dict[str, float | None] = {
                "level": round(level * 100, 1) if counted and level is not None else None,
                "abandoned": float(row.now.abandoned) if counted else None,
                "longest-wait": round(max(waits, default=0.0)) if live else None,
                "waiting": float(len(row.waiting)) if live else None,
                "nobody-ready": float(not row.people.get("ready", 0)) if live and members else None,
                "unreachable": float(row.people.get("away", 0)) if live else None,
            }
            for name, value in values.items():
                found[name][row.name] = value

    async def _begin(self, kept: Kept, subject: str, value: float, now: float) -> None:
        at = loud_at(kept.rule, now, self._zone)
        async with self._db.write() as conn:
            alert = await alerts.begin(conn, kept, subject, value, now)
            await alerts.plan(conn, kept, alert, "began", alerts.whom(kept, 0), at=at, now=now)
        log.warning("an alert began", rule=kept.id, watched=kept.rule.watched)

    async def _goes_on(self, kept: Kept, alert: Alert, value: float | None, now: float, *, over: bool) -> None:
        worst = alert.worst if value is None else worse(kept.rule, alert.worst, value)
        again = alert.acked_at is None and now - alert.level_at >= kept.rule.every_min * 60
        again = again and not is_last(kept.rule, alert.level)
        if not over and not again and worst == alert.worst:
            return
        async with self._db.write() as conn:
            if over:
                await alerts.move(conn, alert.id, ended_at=now, worst=worst)
                await alerts.call_off(conn, alert.id, "over")
                at = loud_at(kept.rule, now, self._zone)
                if at == now:
                    await alerts.plan(conn, kept, alert, "ended", alerts.whom(kept, alert.level), at=now, now=now)
            elif again:
                await alerts.move(conn, alert.id, level=alert.level + 1, level_at=now, worst=worst)
                told = _at_level(alert, alert.level + 1)
                at = loud_at(kept.rule, now, self._zone)
                await alerts.plan(conn, kept, told, "again", alerts.whom(kept, told.level), at=at, now=now)
            else:
                await alerts.move(conn, alert.id, worst=worst)

    async def tell(self) -> None:
        """Hand over what is due now."""
        now, notices, ways = self._clock(), [], set[str]()
        async with self._db.read() as conn:
            waiting = await alerts.due(conn, now)
        if not waiting:
            return
        async with self._db.write() as conn:
            people = {one.id: one for one in await users.every(conn)}
            reached = await alerts.contacts(conn)
            rules = {one.id: one for one in await alerts.rules(conn)}
            for row in waiting:
                if row.way != "webhook":
                    kept = rules.get(row.a_rule_id)
                    notice = await alerts.hand_over(conn, row, kept, people, reached, self._next_seq, now)
                    notices += [(row.user_id, notice)] if notice else []
                    ways.add(row.way)
        for user_id, notice in notices:
            await self._desktop.message(user_id, notice)
        if "mail" in ways:
            self._wake_post()
        if "sms" in ways:
            self._wake_sms()
        async with asyncio.TaskGroup() as group:
            for row in waiting:
                if row.way == "webhook":
                    group.create_task(self._post(row), name=f"webhook-{row.id}")

    async def _post(self, row: Any) -> None:
        async with self._db.read() as conn:
            url, sealed = await alerts.hook(conn, row.a_rule_id or 0)
        now = self._clock()
        try:
            secret = self._box.decrypt(sealed.encode()).decode() if sealed else ""
            if not url:
                raise ChannelError("gone", permanent=True)
            await self._hook.post(url, _body(row), secret=secret, key=row.key, at=int(now))
        except InvalidToken:
            values: dict[str, Any] = {"state": "failed", "why": "no-secret", "next_at": None}
        except ChannelError as error:
            again = None if error.permanent or row.tries >= len(TRIES_S) else now + TRIES_S[row.tries]
            values = {"state": "waiting" if again else "failed", "next_at": again, "said": str(error)[:200]}
        else:
            values = {"state": "sent", "next_at": None, "sent_at": now, "said": ""}
        async with self._db.write() as conn:
            await alerts.settle(conn, row.id, tries=row.tries + 1, **values)


def _at_level(alert: Alert, level: int) -> Alert:
    return Alert(**{name: getattr(alert, name) for name in Alert.__slots__} | {"level": level})


def _body(row: Any) -> bytes:
    """What a webhook says: no names, no numbers."""
    said = sentence(
        "en", what=row.what, rule=row.a_rule, watched=row.a_watched, subject=row.a_subject, value=row.a_value,
        trial=bool(row.a_trial),
    )  # fmt: skip
    told = {
        "id": row.alert_id, "delivery": row.key, "what": row.what, "trial": bool(row.a_trial), "rule": row.a_rule,
        "watched": row.a_watched, "subject": row.a_subject, "value": row.a_value, "worst": row.a_worst,
        "began_at": row.a_began_at, "ended_at": row.a_ended_at, "text": said,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()
