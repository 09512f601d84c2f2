"""The server's own SIP lines: what rings at a watch line becomes a call like any other; test calls leave from here.

A watch line is for a PBX without a manager interface: who calls is seen, the people named for the line get the card,
the journal says that SIP saw it. Each registrar has a child process and a consumer of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from cti.channels.base import Health
from cti.channels.phone.sip import LineAccount, SipLines
from cti.directory import Directory
from cti.dispatch import Dispatch, Reaction
from cti.features.test_calls import Setup, TestCalls
from cti.metrics import Metrics
from cti.settings import RegistrarSettings, Settings
from cti.storage import traces, users
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.storage.test_calls import TestCall
from cti.storage.traces import Step
from cti.telephony.events import CallRecord, TelephonyEvent
from cti.telephony.watching import Over, Rang, WatchedCalls

TEST_LINE = "Test"  # no watch line can be named so
Reactions = Mapping[type[TelephonyEvent], Sequence[Reaction]]
log = structlog.get_logger()


class Watch:
    """All registrars. lines: by the registrar's name."""

    def __init__(
        self,
        settings: Settings,
        *,
        db: Database,
        spool: Spool,
        directory: Directory,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings.sip
        self._db, self._spool, self._directory, self._clock = db, spool, directory, clock
        self._calls = WatchedCalls()
        self.lines = {name: lines_at(name, one, clock=clock) for name, one in settings.sip.items()}

    @property
    def open_calls(self) -> frozenset[str]:
        """Ids of the calls that ring now."""
        return self._calls.open_calls

    def record_of(self, call: str) -> CallRecord | None:
        """A call that rings now."""
        return self._calls.record(call)

    def health(self) -> Mapping[tuple[str, str], Health]:
        """The watch lines' states, by registrar and line."""
        return {(name, line): health for name, lines in self.lines.items() for line, health in lines.health().items()}

    def work(self, reactions: Reactions, metrics: Metrics) -> dict[str, Coroutine[Any, Any, None]]:
        """The long-lived tasks by name."""
        work: dict[str, Coroutine[Any, Any, None]] = {}
        for name, lines in self.lines.items():
            _show_figures(metrics, lines)
            work[f"sip {name}"] = lines.run()
            work[f"watch {name}"] = self._consume(lines, Dispatch(reactions))
        return work

    async def _consume(self, lines: SipLines, dispatch: Dispatch) -> None:
        while True:
            line, what = await lines.events.get()
            try:
                events = await self._events(lines.name, line, what)
            except Exception as error:  # a late database, a bug: the next call is seen all the same
                log.error("call seen by SIP not shown", line=line, error=type(error).__name__, exc_info=True)
                continue
            for event in events:
                await dispatch(event, what.at)

    async def _events(self, registrar: str, line: str, what: Rang | Over) -> list[TelephonyEvent]:
        if isinstance(what, Over):
            return self._calls.over(registrar, what)
        settings = self._settings[registrar].watch[line]
        devices = await self._devices(settings.agents)
        events = self._calls.rang(registrar, settings.called, devices, what)
        self._trace(f"sip-{registrar}.{what.call}", f"{registrar} {line}", told=bool(devices))
        return events

    async def _devices(self, logins: Iterable[str]) -> list[str]:
        """The chosen phones of people: a card is a person's, and finds him by his phone."""
        async with self._db.read() as conn:
            rows = [await users.by_login(conn, login) for login in logins]
        chosen = [self._directory.chosen_of(row.id) for row in rows if row is not None]
        return [one.name for one in chosen if one is not None]

    def _trace(self, call: str, line: str, *, told: bool) -> None:
        steps = [("seen-by-sip", {"line": line}), *([] if told else [("seen-by-nobody", {"line": line})])]
        rows = [Step(call_id=call, at=self._clock(), step=step, args=args) for step, args in steps]
        self._spool.put(lambda conn: traces.add(conn, rows))


def lines_at(name: str, registrar: RegistrarSettings, *, clock: Callable[[], float], watch: bool = True) -> SipLines:
    """The lines of the settings. watch: False leaves the watch lines out: a call only."""
    accounts = [
        LineAccount(
            name=line,
            host=registrar.host,
            port=registrar.port,
            extension=one.extension,
            secret=one.password(),
            watch=one is not registrar.test,
        )
        for line, one in {
            **(registrar.watch if watch else {}),
            **({TEST_LINE: registrar.test} if registrar.test else {}),
        }.items()
    ]
    return SipLines(name, accounts, clock=clock)


def test_setups(settings: Settings, lines: Mapping[str, SipLines]) -> dict[str, Setup]:
    """Where a test call is set up, by registrar."""
    return {
        name: Setup(
            line=lines[name],
            number=registrar.test.number,
            agent=registrar.test.agent,
            shows=registrar.test.shows or registrar.test.extension,
            wait_s=registrar.test.wait_s,
            every_h=registrar.test.every_h,
        )
        for name, registrar in settings.sip.items()
        if registrar.test is not None
    }


def show_test_calls(metrics: Metrics, tests: TestCalls) -> None:
    """The newest test call of each registrar as figures; not a number where there is none."""
    of: dict[str, tuple[str, Callable[[TestCall], float | None]]] = {
        "test_call_at_seconds": ("When the newest test call was", lambda one: one.at),
        "test_call_ok": ("1 where the card of the newest test call came", lambda one: float(one.ok)),
        "test_call_card_seconds": ("From the first packet of the newest test call to its card", _card_s),
        "test_call_shown_seconds": ("From the first packet of the newest test call to its painted card", _shown_s),
    }
    for registrar in tests.registrars:
        for name, (text, figure) in of.items():
            metrics.read(name, text, partial(_of_last, tests, registrar, figure), registrar=registrar)


def _of_last(tests: TestCalls, registrar: str, figure: Callable[[TestCall], float | None]) -> float:
    last = tests.last(registrar)
    value = figure(last) if last else None
    return math.nan if value is None else value


def _card_s(one: TestCall) -> float | None:
    return None if one.card_ms is None else one.card_ms / 1000


def _shown_s(one: TestCall) -> float | None:
    return None if one.shown_ms is None else one.shown_ms / 1000


def _show_figures(metrics: Metrics, lines: SipLines) -> None:
    of = {"registrar": lines.name}
    metrics.read(
        "sip_restarts", "How often the process of the SIP lines was started again", lambda: lines.restarts, **of
    )
    for line in lines.health():
        metrics.read(
            "sip_line_up", "1 while the watch line is registered", partial(_is_up, lines, line), **of, line=line
        )


def _is_up(lines: SipLines, line: str) -> bool:
    return lines.health()[line].state == "up"
