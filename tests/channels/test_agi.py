"""The FastAGI server: what it understands, what it tells, and that nobody can hold it or make it say something else."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cti.channels.base import RouteAnswer, RouteQuestion
from cti.channels.phone.agi import HEADER_LIMIT, AgiServer, commands, environment, plain, question
from lab.settings import Ports
from tests.channels.test_injection import PAYLOADS
from tests.e2e.server import until

CALL = "1795690265.7"
WHOLE = RouteAnswer(
    caller="client", name='ООО "Ромашка"', extension="103", device="PJSIP/103", tags=("vip", "debtor"), priority=7
)
PATIENT_S = 60.0  # no test of what is told hangs on how busy the machine is
BUDGET_S = 1.0  # where one is waited out


def asks(script: str = "route", **more: str) -> bytes:
    """What Asterisk 22 sends."""
    lines = {
        "agi_network": "yes",
        "agi_network_script": script,
        "agi_request": f"agi://127.0.0.1/{script}",
        "agi_channel": "PJSIP/trunk-00000001",
        "agi_uniqueid": "1795690265.9",
        "agi_callerid": "79355550419",
        "agi_calleridname": "unknown",
        "agi_callingpres": "0",
        "agi_arg_1": CALL,
        **more,
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\n"


class Oracle:
    """Answers always the same, after `delay`; remembers what it was asked and what came of it."""

    def __init__(self, answer: RouteAnswer = WHOLE, delay: Callable[[], float] = lambda: 0.0) -> None:
        self.answer, self.delay = answer, delay
        self.asked: list[RouteQuestion] = []
        self.got: list[RouteAnswer | None] = []

    async def route(self, asked: RouteQuestion) -> RouteAnswer:
        self.asked.append(asked)
        await asyncio.sleep(self.delay())
        return self.answer

    def settled(self, asked: RouteQuestion, answer: RouteAnswer | None) -> None:
        self.got.append(answer)


@asynccontextmanager
async def serving(
    oracle: Oracle, *, budget_s: float = PATIENT_S, **how: object
) -> AsyncIterator[tuple[AgiServer, int]]:
    port = Ports.free().agi
    server = AgiServer("127.0.0.1", port, oracle, budget_s=budget_s, **how)  # type: ignore[arg-type]
    task = asyncio.create_task(server.run())
    await until(lambda: server.health().state == "up", why="it listens")
    yield server, port
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def told(port: int, request: bytes, reply: bytes = b"200 result=1\n") -> list[str]:
    """Everything a dialplan is told until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = []
    try:
        writer.write(request)
        async with asyncio.timeout(5):
            while line := await reader.readline():
                lines.append(line.decode().removesuffix("\n"))
                writer.write(reply)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return lines


async def test_a_known_caller_is_told_whole() -> None:
    oracle = Oracle()
    async with serving(oracle) as (server, port):
        assert await told(port, asks()) == [
            'SET VARIABLE TRUBKA_CALLER "client"',
            'SET VARIABLE TRUBKA_NAME "ООО Ромашка"',
            'SET VARIABLE TRUBKA_PRIORITY "7"',
            'SET VARIABLE TRUBKA_TAGS "vip debtor"',
            'SET VARIABLE TRUBKA_EXTENSION "103"',
            'SET VARIABLE TRUBKA_DEVICE "PJSIP/103"',
        ]
        assert oracle.asked == [RouteQuestion(number="79355550419", call=CALL)]
        assert oracle.got == [WHOLE]
        assert (server.asked, server.told, server.late) == (1, 1, 0)


@pytest.mark.parametrize(
    ("lines", "number", "pbx"),
    [
        ({}, "79355550419", ""),
        ({"agi_network_script": "route/spb"}, "79355550419", "spb"),
        ({"agi_callerid": "unknown"}, None, ""),
        ({"agi_callingpres": "32"}, None, ""),
        ({"agi_callingpres": "35"}, None, ""),
        ({"agi_callingpres": "3"}, "79355550419", ""),
        ({"agi_callingpres": "x"}, "79355550419", ""),
    ],
)
def test_what_is_asked(lines: dict[str, str], number: str | None, pbx: str) -> None:
    asked = question(environment(asks(**lines)))
    assert asked == RouteQuestion(number=number, call=CALL, pbx=pbx)


@pytest.mark.parametrize(
    "request_",
    [
        asks("elsewhere"),
        asks("route/../etc"),
        asks("route/SPB"),
        asks(agi_arg_1="x y", agi_uniqueid=""),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"\n\n",
        b"\n\n",
        b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\xff\n\n",
        b"agi_network_script: route\nagi_uniqueid: 1;2\n\n",
    ],
)
async def test_what_is_not_understood_gets_no_opinion(request_: bytes) -> None:
    oracle = Oracle()
    async with serving(oracle) as (_, port):
        assert await told(port, request_) == []
        assert oracle.asked == []


async def test_without_an_argument_the_channel_is_the_call() -> None:
    asked = question(environment(asks(agi_arg_1="")))
    assert asked
    assert asked.call == "1795690265.9"


async def test_a_late_look_up_is_no_opinion_and_keeps_its_place_until_it_ends() -> None:
    go = asyncio.Event()
    oracle = Oracle()

    async def slow(asked: RouteQuestion) -> RouteAnswer:
        oracle.asked.append(asked)
        await go.wait()
        return WHOLE

    oracle.route = slow  # type: ignore[method-assign]
    async with serving(oracle, budget_s=BUDGET_S, most_at_once=2) as (server, port):
        begin = time.monotonic()
        assert await asyncio.gather(told(port, asks()), told(port, asks())) == [[], []]
        assert time.monotonic() - begin >= BUDGET_S
        assert await told(port, asks()) == []
        assert len(oracle.asked) == 2, "nothing is begun while two look-ups hang"
        assert oracle.got == [None] * 3
        assert server.late == 3
        go.set()
        await until(lambda: told(port, asks()), why="their places are free again")


async def test_a_pbx_that_takes_no_answer_was_told_nothing() -> None:
    oracle = Oracle()
    async with serving(oracle, budget_s=BUDGET_S) as (server, port):
        assert len(await told(port, asks(), b"510 Invalid or unknown command\n")) == 1
        assert len(await told(port, asks(), b"HANGUP\n")) == 1
        assert len(await told(port, asks(), b"")) == 1, "silence"
        assert (server.told, oracle.got) == (0, [None] * 3)


async def test_a_stranger_is_cut_off_at_once() -> None:
    oracle = Oracle()
    async with serving(oracle, allowed=("10.0.0.0/8",)) as (server, port):
        assert await told(port, asks()) == []
        assert (server.refused, oracle.asked) == (1, [])


async def test_T_A6_a_head_that_never_ends_is_cut_off() -> None:
    async with serving(Oracle()) as (_, port):
        assert await told(port, b"agi_x: " + b"y" * 2 * HEADER_LIMIT) == []


async def test_T_A6_half_open_sockets_are_closed_and_answers_go_on() -> None:
    oracle = Oracle()
    async with serving(oracle, budget_s=2 * BUDGET_S, most_at_once=32) as (server, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(32)]
        for _, writer in held[::2]:
            writer.write(b"agi_network: yes\n")
        async with asyncio.timeout(5):
            assert [await reader.read() for reader, _ in held] == [b""] * 32
        assert len(await told(port, asks())) == 6
        for _, writer in held:
            writer.close()
        assert server.asked == 1


async def test_T_A6_five_hundred_connect_and_close_and_the_next_is_answered() -> None:
    """How late the loop is meanwhile is for `make bench agi`."""
    async with serving(Oracle()) as (server, port):
        for _ in range(500):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
        assert len(await until(lambda: told(port, asks()), why="it answers")) == 6
        assert server.told == 1


async def test_a_server_that_stops_leaves_nobody_waiting() -> None:
    oracle = Oracle(delay=lambda: 60.0)
    port = Ports.free().agi
    server = AgiServer("127.0.0.1", port, oracle, budget_s=PATIENT_S)
    task = asyncio.create_task(server.run())
    await until(lambda: server.health().state == "up", why="it listens")
    waiting = asyncio.create_task(told(port, asks()))
    await until(lambda: oracle.asked, why="it is asked")
    task.cancel()
    assert await waiting == []
    await asyncio.gather(task, return_exceptions=True)
    assert server.health().state == "off"


async def test_a_taken_address_is_told_and_tried_again() -> None:
    async with serving(Oracle()) as (_, port):
        second = AgiServer("127.0.0.1", port, Oracle(), budget_s=PATIENT_S)
        task = asyncio.create_task(second.run())
        await until(lambda: second.health().state == "down", why="it tells")
        assert str(port) in second.health().detail
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_SEC_01_no_name_is_a_command_of_its_own() -> None:
    for payload in PAYLOADS:
        answer = RouteAnswer(name=payload, extension=payload, device=payload, tags=(payload,))
        for command in commands(answer):
            assert re.fullmatch(r'SET VARIABLE TRUBKA_(CALLER|NAME|EXTENSION|DEVICE|TAGS) "[^"\\]*"', command), payload
            assert command.isprintable(), payload


@pytest.mark.parametrize(
    ("text", "told_"),
    [
        ('ООО "Ромашка"', "ООО Ромашка"),
        ("a\\b", "ab"),
        ("${SHELL(id)}", "{SHELL(id)}"),
        ("$${SHELL(id)}", "{SHELL(id)}"),
        ('$"{SHELL(id)}', "{SHELL(id)}"),
        ("$ \n [1+1]", "[1+1]"),
        ("$\u200b{X}", "{X}"),
        ("5 $ за штуку", "5 $ за штуку"),
        ("Иванов\u202e, Пётр\r\nAction: x", "Иванов , Пётр Action: x"),
        ("я" * 200, "я" * 80),
    ],
)
def test_SEC_02_a_text_is_one_line_that_nothing_carries_out(text: str, told_: str) -> None:
    assert plain(text) == told_
