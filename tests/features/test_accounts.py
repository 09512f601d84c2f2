"""Doors and people over a real database, with a clock of our own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pyotp
import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import select

from cti.access import Person
from cti.errors import NotAllowed, Refused
from cti.features.accounts import Accounts
from cti.features.directory_admin import DirectoryAdmin, UserDraft
from cti.passwords import ADDRESS_TRIES, FREE_TRIES, Guesses, Passwords
from cti.storage import sessions, tables, users
from cti.storage.database import Database
from tests.features.cast import Screens
from tests.made import new_database
from tests.web.panel import quick_hash

PASSWORD = "correct-horse-battery"
HOUR = 3600.0
AGENT = Person(id=77, login="eve", name="Eve", role="agent")


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """The two features, the clock they go by and the screens they cut."""

    db: Database
    accounts: Accounts
    people: DirectoryAdmin
    clock: Clock
    screens: Screens

    async def add(self, login: str, role: str = "agent", hashed: str | None = None) -> int:
        """Somebody with the password of all, whose hash is checked at once unless another is given; "": of none."""
        made = await self.people.add(None, UserDraft(login=login, name=login, role=role), password="")
        async with self.db.write() as conn:
            await users.change(conn, made, password_hash=(quick_hash() if hashed is None else hashed) or None)
        return made

    async def refusal(self, login: str, password: str, ip: str = "10.0.0.1", code: str = "") -> str:
        with pytest.raises(Refused) as caught:
            await self.accounts.sign_in(login, password, ip=ip, code=code)
        return caught.value.code


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    db = await new_database(tmp_path)
    clock, screens = Clock(), Screens()
    key = Fernet.generate_key()
    accounts = Accounts(db=db, clock=clock, key=key, idle_s=12 * HOUR, absolute_s=24 * HOUR)
    accounts.desktop = screens
    people = DirectoryAdmin(db=db, clock=clock, passwords=accounts.passwords, desktop=screens)
    yield House(db, accounts, people, clock, screens)
    await db.close()


async def test_SEC_24_after_five_failures_the_pair_waits_longer_and_longer(house: House) -> None:
    await house.add("anna")
    for _ in range(FREE_TRIES):
        assert await house.refusal("anna", "wrong") == "wrong"
    for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
        house.clock.now += wait_s - 0.5
        assert await house.refusal("anna", PASSWORD) == "wait"
        house.clock.now += 0.6
        assert await house.refusal("anna", "wrong") == "wrong"
    assert (await house.accounts.sign_in("anna", PASSWORD, ip="10.0.0.2")).person.login == "anna"  # no lock-out
    house.clock.now += 61
    await house.accounts.sign_in("anna", PASSWORD, ip="10.0.0.1")
    assert await house.refusal("anna", "wrong") == "wrong"  # forgotten with success


async def test_SEC_24_guessing_in_parallel_gains_nothing(house: House) -> None:
    await house.add("anna")
    codes = await asyncio.gather(*(house.refusal("anna", f"wrong-{n}") for n in range(30)))
    assert codes.count("wrong") == FREE_TRIES
    assert set(codes) == {"wrong", "wait"}


async def test_SEC_24_an_address_cannot_try_everybody(house: House) -> None:
    guesses = Guesses(house.clock)
    waits = [guesses.begin(f"user-{n}", "10.0.0.1") for n in range(1000)]
    assert waits.count(0.0) == ADDRESS_TRIES
    assert guesses.begin("user-1", "10.0.0.2") == 0.0
    waits = [guesses.begin(f"user-{n}", f"2001:db8:1:2::{n:x}") for n in range(1000)]
    assert waits.count(0.0) == ADDRESS_TRIES  # one IPv6 customer is one address
    for n in range(1000):  # an office whose people are right is never slowed down
        assert guesses.begin(f"user-{n}", "10.0.0.3") == 0.0
        guesses.right(f"user-{n}", "10.0.0.3")


async def test_SEC_24_known_and_unknown_logins_cost_the_same(house: House) -> None:
    await house.add("anna", hashed=await Passwords().hash(PASSWORD))
    await house.add("ldap", hashed="")
    cost: dict[str, list[float]] = {"anna": [], "nobody": [], "ldap": []}
    for turn in range(4):
        for login, costs in cost.items():
            before = time.process_time()
            assert await house.refusal(login, "wrong", ip=f"10.0.1.{turn}") == "wrong"
            costs.append(time.process_time() - before)
    known, unknown, ldap = (median(costs) for costs in cost.values())
    assert known > 0.05
    assert abs(known - unknown) < 0.02
    assert abs(known - ldap) < 0.02


async def test_SEC_24_a_flood_of_sign_ins_is_refused_and_not_queued(house: House) -> None:
    await house.add("anna", hashed=PasswordHasher(time_cost=1).hash(PASSWORD))  # slower than they come
    flood = [house.accounts.sign_in("anna", "wrong", ip=f"10.1.{n // 250}.{n % 250}") for n in range(200)]
    codes = [r.code for r in await asyncio.gather(*flood, return_exceptions=True) if isinstance(r, Refused)]
    assert codes.count("crowd") > 100
    assert (await house.accounts.sign_in("anna", PASSWORD, ip="10.0.0.9")).person.login == "anna"


async def test_SEC_25_a_session_ends_with_its_limits(house: House) -> None:
    await house.add("anna")
    made = await house.accounts.sign_in("anna", PASSWORD)
    house.clock.now += 11 * HOUR
    assert await house.accounts.identify(made.token, None)
    house.clock.now += 11 * HOUR
    assert await house.accounts.identify(made.token, None)  # used 11 h ago: still open
    house.clock.now += 2.1 * HOUR
    assert await house.accounts.identify(made.token, None) is None  # 24 h are over
    idle = await house.accounts.sign_in("anna", PASSWORD)
    house.clock.now += 12.1 * HOUR
    assert await house.accounts.identify(idle.token, None) is None
    assert await house.accounts.sessions_of(None) == []


async def test_SEC_25_signing_in_gives_a_new_session_and_ends_the_one_before(house: House) -> None:
    await house.add("anna")
    first = await house.accounts.sign_in("anna", PASSWORD)
    second = await house.accounts.sign_in("anna", PASSWORD, before=first.token)
    assert second.token != first.token
    assert second.csrf != first.csrf
    assert await house.accounts.identify(first.token, None) is None
    assert await house.accounts.identify(second.token, None)


async def test_SEC_32_a_stolen_database_opens_no_door(house: House) -> None:
    anna = await house.add("anna")
    made = await house.accounts.sign_in("anna", PASSWORD)
    token = await house.people.make_token(None, anna)
    secret, _ = house.accounts.new_totp(made.person)
    await house.accounts.confirm_totp(made.person, secret, pyotp.TOTP(secret).at(int(house.clock.now)))
    async with house.db.read() as conn:
        kept = [
            str(value)
            for table in (tables.users, tables.sessions, tables.tokens, tables.audit, tables.setup_codes)
            for row in await conn.execute(select(table))
            for value in row
        ]
    for canary in (PASSWORD, made.token, token, secret):
        assert not any(canary in value for value in kept)


async def test_SEC_28_the_first_admin_comes_by_a_code_and_only_once(house: House) -> None:
    code = await house.accounts.first_code()
    assert code
    given = {"login": "pavel", "name": "Pavel", "password": PASSWORD, "ip": "10.0.0.1", "browser": ""}
    for wrong in ("", "0000-0000-0000-0000", "' OR 1=1 --"):
        with pytest.raises(Refused):
            await house.accounts.first_admin(wrong, **given)
    made = await house.accounts.first_admin(f" {code} ", **given)
    assert made.person.role == "admin"
    with pytest.raises(Refused):
        await house.accounts.first_admin(code, **(given | {"login": "second"}))
    assert await house.accounts.first_code() is None


async def test_SEC_28_the_code_is_valid_for_half_an_hour_and_replaced_by_the_next(house: House) -> None:
    given = {"login": "pavel", "name": "Pavel", "password": PASSWORD, "ip": "10.0.0.1", "browser": ""}
    old, new = await house.accounts.first_code(), await house.accounts.first_code()
    assert old
    assert new
    with pytest.raises(Refused):
        await house.accounts.first_admin(old, **given)
    house.clock.now += 1801
    with pytest.raises(Refused):
        await house.accounts.first_admin(new, **given)


async def test_a_one_time_code_works_once_and_guessing_codes_waits_from_everywhere(house: House) -> None:
    await house.add("anna")
    person = (await house.accounts.sign_in("anna", PASSWORD)).person
    secret, address = house.accounts.new_totp(person)
    assert "anna" in address
    totp = pyotp.TOTP(secret)
    await house.accounts.confirm_totp(person, secret, totp.at(int(house.clock.now)))
    assert await house.refusal("anna", PASSWORD) == "code-needed"
    house.clock.now += 30
    code = totp.at(int(house.clock.now))
    await house.accounts.sign_in("anna", PASSWORD, code=code)
    assert await house.refusal("anna", PASSWORD, code=code) == "wrong-code"
    codes = [await house.refusal("anna", PASSWORD, ip=f"10.2.0.{n}", code="000000") for n in range(8)]
    assert codes.count("wait") >= 3
    house.clock.now += 120
    two = [house.accounts.sign_in("anna", PASSWORD, code=totp.at(int(house.clock.now)), ip=f"10.3.0.{n}") for n in "12"]
    done = await asyncio.gather(*two, return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in done) == 1


async def test_a_block_ends_sessions_and_tokens_and_the_last_admin_stays(house: House) -> None:
    anna, pavel = await house.add("anna"), await house.add("pavel", "admin")
    made, token = await house.accounts.sign_in("anna", PASSWORD), await house.people.make_token(None, anna)
    assert await house.accounts.identify(None, token)
    await house.people.block(None, anna, blocked=True)
    assert await house.accounts.identify(made.token, None) is None
    assert await house.accounts.identify(None, token) is None
    assert house.screens.cut == [anna]
    with pytest.raises(Refused, match="last admin"):
        await house.people.block(None, pavel, blocked=True)
    with pytest.raises(Refused, match="last admin"):
        await house.people.change(None, pavel, UserDraft(login="pavel", name="Pavel", role="agent"))
    vera = await house.add("vera", "admin")
    await house.people.block(None, pavel, blocked=True)
    with pytest.raises(Refused, match="last admin"):
        await house.people.block(None, vera, blocked=True)


async def test_only_who_manages_people_does(house: House) -> None:
    anna = await house.add("anna")
    draft = UserDraft(login="x", name="X", role="admin")
    for attempt in (
        house.people.add(AGENT, draft, password=PASSWORD),
        house.people.change(AGENT, anna, draft),
        house.people.set_password(AGENT, anna, PASSWORD),
        house.people.block(AGENT, anna, blocked=True),
        house.people.sign_out(AGENT, anna),
        house.people.drop_totp(AGENT, anna),
        house.people.set_devices(AGENT, anna, []),
        house.people.set_queues(AGENT, anna, []),
        house.people.add_team(AGENT, "x"),
        house.people.rename_team(AGENT, 1, "x"),
        house.people.drop_team(AGENT, 1),
        house.people.make_token(AGENT, anna),
        house.people.drop_token(AGENT, anna, 1),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    async with house.db.read() as conn:
        assert [row.action for row in await sessions.notes(conn)] == ["user-add"]


@pytest.mark.parametrize("login", ["", " ", "a b", "a/b", "x" * 65, "a\x00b", "<b>", "a;b"])
async def test_a_bad_login_is_refused(house: House, login: str) -> None:
    with pytest.raises(Refused):
        await house.add(login)


async def test_a_login_is_the_same_in_any_case(house: House) -> None:
    await house.add("Анна")
    assert (await house.accounts.sign_in(" АННА ", PASSWORD)).person.login == "анна"
    with pytest.raises(Refused):
        await house.add("АННА")


async def test_nobody_signs_in_with_an_empty_password(house: House) -> None:
    await house.add("ldap", hashed="")
    assert await house.refusal("ldap", "") == "wrong"


async def test_a_password_hash_is_argon2id() -> None:
    assert (await Passwords().hash(PASSWORD)).startswith("$argon2id$")


async def test_F_16_a_clock_that_jumps_an_hour_signs_nobody_out(house: House) -> None:
    await house.add("anna")
    made = await house.accounts.sign_in("anna", PASSWORD)
    for jump in (HOUR, -2 * HOUR, HOUR):
        house.clock.now += jump
        assert await house.accounts.identify(made.token, None) is not None
