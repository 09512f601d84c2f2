"""Alerts: two thresholds, told once whatever is killed, to who is next, until one sees to it; webhooks are real."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cti.access import Person
from cti.board import Board, Caller, PbxNow, QueueRow, Waiting
from cti.channels.reach import Reach
from cti.channels.webhook import Webhook
from cti.errors import NotAllowed, Refused
from cti.features.alert_watch import AlertWatch
from cti.features.alerts import Alerts
from cti.messages.alerts import AlertRule, Signal, loud_at, trend
from cti.storage import alerts, desktop_events
from cti.storage.alerts import Kept
from cti.storage.sms_tables import sms
from lab.free_ports import free_port
from tests.web.panel import ANNA, VERA, Browser, Panel, panel
from tests.web.visitor import Visitor

ZONE = ZoneInfo("Europe/Moscow")
NOON = 1_795_000_000.0
PERSON = Person(id=VERA, login="vera", name="Vera", role="supervisor")
RULE = AlertRule(watched="waiting", on=5, off=2, hold_s=0, cool_s=0, steps={VERA: 0, ANNA: 1}, every_min=10, repeats=1)


class House:
    """A watch over a base, a board that is what it is told, and a server for webhooks."""

    def __init__(self, running: Panel, port: int) -> None:
        self.running, self.db = running, running.services.database
        self.now, self.waiting, self.seqs, self.port = NOON, 0, 100, port
        self.box = Fernet(Fernet.generate_key())
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answer = 200
        self.told: list[tuple[int, str]] = []
        self.watch = self.made()
        self.alerts = Alerts(
            db=self.db, box=self.box, plan=running.services.plan, desktop=self, next_seq=self.seq,  # type: ignore[arg-type]
            wake=lambda: None, clock=lambda: self.now,
        )  # fmt: skip

    def made(self, inside: tuple[str, ...] = ("127.0.0.0/8",)) -> AlertWatch:
        """A watch that knows nothing but the base: as after a kill."""
        return AlertWatch(
            db=self.db, board=self.board, desktop=self, hook=Webhook(Reach(inside)), box=self.box,  # type: ignore[arg-type]
            next_seq=self.seq, wake_post=lambda: None, wake_sms=lambda: None, zone=ZONE, clock=lambda: self.now,
        )  # fmt: skip

    def seq(self, _agent: int) -> int:
        self.seqs += 1
        return self.seqs

    async def message(self, agent_id: int, notice: Any) -> None:
        self.told.append((agent_id, notice.args["words"]))

    def board(self) -> Board:
        callers = tuple(
            Waiting(who=Caller(call=str(n), number=None), position=n + 1, since=self.now - 10)
            for n in range(self.waiting)
        )
        pbx = PbxNow(name="main", prefix="", state="up", since=0, heard_at=self.now)
        return Board(at=self.now, figures_at=self.now, pbxes=(pbx,), agents={}, calls={},
                     queues={"sales": QueueRow(name="sales", pbxes=("main",), waiting=callers)})  # fmt: skip

    async def turn(self, waiting: int, after_s: float = 5.0) -> None:
        self.now, self.waiting = self.now + after_s, waiting
        await self.watch.look()
        await self.watch.tell()

    async def rule(self, rule: AlertRule = RULE, *, secret: str | None = None, **more: Any) -> int:
        kept = Kept(id=0, name="Evening", rule=rule, hook_url="", has_secret=False, enabled_at=None, version=0)
        return await self.alerts.save(PERSON, replace(kept, **more), secret)

    async def receive(self, request: web.Request) -> web.Response:
        self.came.append((dict(request.headers), await request.read()))
        return web.Response(status=self.answer, headers={"Location": "/elsewhere"})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with panel(tmp_path, without=("alerts",)) as running:
        made = House(running, free_port())
        app = web.Application()
        app.router.add_post("/{tail:.*}", made.receive)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", made.port).start()
        yield made
        await runner.cleanup()


async def test_an_alert_is_told_once_goes_on_to_the_next_and_stops_when_somebody_sees_to_it(house: House) -> None:
    await house.rule()
    await house.turn(5)
    assert [who for who, _ in house.told] == [VERA]
    house.watch = house.made()  # killed
    for waiting in (6, 4, 5, 3):  # between the thresholds nothing begins and nothing ends
        await house.turn(waiting)
    assert len(house.told) == 1
    await house.turn(7, after_s=600)
    assert [who for who, _ in house.told] == [VERA, ANNA, VERA] or [who for who, _ in house.told] == [VERA, VERA, ANNA]
    async with house.db.read() as conn:
        [one] = await alerts.journal(conn)
        assert (one.worst, one.level, len(await desktop_events.unshown(conn, VERA))) == (7, 1, 2)
    await house.alerts.acknowledge(Person(id=ANNA, login="anna", name="Anna", role="agent"), one.id)
    with pytest.raises(Refused):
        await house.alerts.acknowledge(PERSON, one.id)
    assert [(who, words.partition(" – ")[0]) for who, words in house.told[3:]] == [(VERA, "sales")]
    async with house.db.read() as conn:
        left = {who: await desktop_events.unshown(conn, who) for who in (ANNA, VERA)}
    assert ([len(left[who]) for who in (ANNA, VERA)], '"alert-taken"' in left[VERA][-1].payload) == ([0, 3], True)
    del house.told[3:]
    await house.turn(9, after_s=3600)
    assert len(house.told) == 3
    await house.turn(1)
    async with house.db.read() as conn:
        [one] = await alerts.journal(conn)
        last = (await desktop_events.unshown(conn, VERA))[-1].payload
    assert (one.by, one.ended_at, '"alert-over"' in last) == ("Anna", house.now, True)


async def test_a_rule_that_is_refused_stands_as_it_was_written(house: House) -> None:
    async with Visitor(house.running, "vera") as vera:
        typed = {"name": "Evening", "watched": "waiting", "on": "5", "off": "9", f"step-{ANNA}": "0", "ways": "desk"}
        numbers = {"hold_s": "7", "cool_min": "11", "ahead_min": "0", "every_min": "13", "repeats": "2"}
        shown = await vera.post("/settings/alerts/0", **typed, **numbers)
        assert shown.status == 409
        for name, value in (typed | numbers).items():
            if name not in ("watched", "ways", f"step-{ANNA}"):
                assert f'name="{name}" value="{value}"' in shown.text
        assert (
            f'id="step-0-{ANNA}" name="step-{ANNA}"><option value="">–</option><option value="0" selected>'
            in shown.text
        )


async def test_an_agent_who_is_told_sees_his_warnings_and_sees_to_them_and_programs_do(house: House) -> None:
    async with Visitor(house.running, "anna") as anna, Browser(house.running, "vera") as vera:
        assert (await anna.get("/alerts")).says("No warning went to you")
        rule = {"watched": "waiting", "on": 5, "off": 2, "hold_s": 0, "cool_s": 0, "steps": {str(ANNA): 0}}
        status, made = await vera.ask("POST", "/alert-rules", {"name": "Evening", "rule": rule})
        assert (status, made["version"], made["enabled_at"] is not None) == (201, 1, True)
        await house.turn(5)
        async with house.db.read() as conn:
            [notice] = await desktop_events.unshown(conn, ANNA)
        assert json.loads(notice.payload)["href"] == "/alerts#alert-1"
        assert (await anna.get("/settings/alerts")).status == 403
        assert (await anna.get("/alerts")).says("I see to it")
        _, [seen] = await vera.ask("GET", "/alerts")
        assert (seen["subject"], seen["value"], seen["sends"][0]["state"]) == ("sales", 5, "sent")
        assert (await vera.ask("GET", "/alert-rules"))[1] == [made]
        assert (await anna.post("/alerts/1")).place == "/alerts?said=saved#alert-1"
        assert (await anna.post("/alerts/1")).status == 409
        assert (await vera.ask("POST", "/alerts/1/acknowledge"))[0] == 409
        assert (await vera.ask("GET", "/alerts"))[1][0]["by"] == "Anna"
        changed = {"name": "Evening", "rule": rule | {"on": 9}, "version": 1}
        assert (await vera.ask("PUT", "/alert-rules/1", changed))[1]["rule"]["on"] == 9
        assert (await vera.ask("PUT", "/alert-rules/1", changed))[0] in (409, 412)
        assert (await vera.ask("POST", "/alert-rules/1/act", {"act": "off"}))[0] == 200
        assert (await vera.ask("GET", "/alert-rules"))[1][0]["enabled_at"] is None
        assert (await vera.ask("DELETE", "/alert-rules/1"))[0] == 200
        assert (await vera.ask("GET", "/alert-rules"))[1] == []
    async with Browser(house.running, "anna") as program:
        assert [one["id"] for one in (await program.ask("GET", "/alerts"))[1]] == [1]
        assert (await program.ask("GET", "/alert-rules"))[0] == 403


async def test_quiet_hours_hold_all_but_the_screen_and_a_trouble_that_is_over_wakes_nobody(house: House) -> None:
    await house.alerts.keep_contact(PERSON, VERA, "vera@company.example", "8 (935) 555-01-99")
    at = replace_clock(house.now)
    quiet = {"quiet_from": at[0], "quiet_to": at[1], "ways": ("desk", "sms"), "steps": {VERA: 0}, "every_min": 1440}
    rule = AlertRule(watched="waiting", on=5, off=2, hold_s=0, cool_s=0, **quiet)  # type: ignore[arg-type]
    await house.rule(rule)
    await house.turn(5)
    assert len(house.told) == 1
    assert await _texts(house) == []
    await house.turn(0)
    await house.turn(0, after_s=3 * 3600)
    assert await _texts(house) == []
    await house.turn(6)
    assert [one for one, _ in await _texts(house)] == ["+79355550199"]


def replace_clock(now: float) -> tuple[str, str]:
    """From an hour ago to an hour on, by the clock of the house."""
    from datetime import datetime

    return tuple(f"{datetime.fromtimestamp(now + by, ZONE):%H:%M}" for by in (-3600, 3600))  # type: ignore[return-value]


async def _texts(house: House) -> list[tuple[str, str]]:
    async with house.db.read() as conn:
        return [(row.number, row.text) for row in await conn.execute(select(sms.c.number, sms.c.text))]


async def test_a_webhook_is_signed_tried_again_with_its_name_and_never_led_elsewhere(house: House) -> None:
    await house.rule(
        AlertRule(watched="waiting", on=5, off=2, hold_s=0, ways=("webhook",)), secret="s3cret-key",
        hook_url=f"http://127.0.0.1:{house.port}/hook",
    )  # fmt: skip
    house.answer = 503
    await house.turn(5)
    house.answer = 200
    await house.turn(5)
    assert len(house.came) == 1  # not before its time
    await house.turn(5, after_s=30)
    assert len(house.came) == 2
    (first, _), (heads, body) = house.came
    assert first["X-Trubka-Delivery"] == heads["X-Trubka-Delivery"]
    stamp, _, given_ = heads["X-Trubka-Signature"].partition(",v1=")
    made = hmac.new(b"s3cret-key", stamp.removeprefix("t=").encode() + b"." + body, hashlib.sha256).hexdigest()
    assert given_ == made
    assert (json.loads(body)["watched"], json.loads(body)["value"], b"s3cret" in body) == ("waiting", 5, False)
    house.answer = 302
    await house.turn(0)
    assert len(house.came) == 3
    await house.turn(0, after_s=4000)
    assert len(house.came) == 3  # a redirect is the end of it
    async with house.db.read() as conn:
        [one] = await alerts.journal(conn)
        assert (await alerts.hook(conn, one.rule_id or 0))[1] not in ("", "s3cret-key")
    assert [(what, state) for what, _, _, state, _ in one.sends] == [("began", "sent"), ("ended", "failed")]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::ffff:127.0.0.1]:{port}/"]
)
async def test_SEC_11_a_webhook_does_not_go_inside(house: House, url: str) -> None:
    await house.rule(
        AlertRule(watched="waiting", on=5, off=2, hold_s=0, ways=("webhook",)), hook_url=url.format(port=house.port)
    )
    house.watch = house.made(inside=())
    await house.turn(5)
    async with house.db.read() as conn:
        [one] = await alerts.journal(conn)
    assert (house.came, one.sends[0][3], one.sends[0][4]) == ([], "failed", "host")


async def test_a_webhook_where_nobody_answers_says_so_in_words(house: House) -> None:
    rule = AlertRule(watched="waiting", on=5, off=2, hold_s=0, ways=("webhook",))
    await house.rule(rule, hook_url=f"http://127.0.0.1:{free_port()}/")
    await house.turn(5)
    async with Visitor(house.running, "vera") as vera:
        assert (await vera.get("/settings/alerts")).says("nobody answers at this address")


async def test_a_trial_really_sends_and_who_may_not_does_not(house: House) -> None:
    made = await house.rule()
    await house.alerts.try_it(PERSON, made)
    await house.watch.tell()
    assert [who for who, _ in house.told] == [VERA]
    with pytest.raises(NotAllowed):
        await house.alerts.try_it(Person(id=ANNA, login="anna", name="Anna", role="agent"), made)
    with pytest.raises(Refused):
        await house.rule(AlertRule(watched="level", on=80, off=70, steps={VERA: 0}))


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60))
def test_between_the_thresholds_nothing_ever_turns(values: list[float]) -> None:
    rule, signal, is_open = AlertRule(watched="waiting", on=8, off=3, hold_s=0), Signal(), False
    for place, value in enumerate(values):
        turned = signal.step(rule, value, place * 5.0, is_open=is_open)
        assert turned == ("begin" if not is_open and value >= 8 else "end" if is_open and value <= 3 else "")
        is_open = {"begin": True, "end": False}.get(turned, is_open)


def test_a_trend_tells_early_and_a_time_has_to_pass() -> None:
    rule, signal = AlertRule(watched="longest-wait", on=120, off=60, hold_s=10, ahead_min=5), Signal()
    begun = [n * 5 for n in range(40) if signal.step(rule, 10 + n * 2.0, n * 5.0, is_open=False)]
    assert 120 <= begun[0] <= 140  # by itself it would be there after 275 s
    assert trend([(0.0, 5.0), (60.0, 5.0)], 600) == 5
    assert signal.step(rule, None, 300.0, is_open=False) == ""


def test_quiet_hours_over_midnight() -> None:
    rule = AlertRule(watched="pbx", quiet_from="22:00", quiet_to="07:30")
    midnight = 1_795_035_600.0 // 86400 * 86400 - 3 * 3600  # Moscow
    assert loud_at(rule, midnight + 3600, ZONE) == midnight + 7.5 * 3600
    assert loud_at(rule, midnight + 23 * 3600, ZONE) == midnight + 86400 + 7.5 * 3600
    assert loud_at(rule, midnight + 12 * 3600, ZONE) == midnight + 12 * 3600
