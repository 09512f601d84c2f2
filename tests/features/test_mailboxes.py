"""Mailboxes over a real database: who sets them, sealed secrets, troubles told once, a provider's sign-in."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from sqlalchemy import insert, select

from cti.access import Person
from cti.channels.email.smtp import SmtpSender
from cti.channels.email.tokens import OAuthServers, application
from cti.channels.letters import Credentials, Delivery, Endpoint, MailTrouble, Tokens
from cti.errors import NotAllowed, Refused
from cti.features.mailbox_doors import MailboxDoors
from cti.features.mailbox_removals import MailboxRemovals
from cti.features.mailboxes import TRIES, MailboxDraft, Mailboxes, signature
from cti.messages.hours import Hours
from cti.messages.outgoing import Outgoing, party
from cti.storage import mailbox_removals, users
from cti.storage import mailboxes as stored
from cti.storage.database import Database
from cti.storage.mail_tables import conversations, letter_places, letters, mail_folders, mailboxes
from tests.canary import sightings
from tests.channels.smtp_peer import LOGIN, smtp_peer
from tests.features.cast import Screens
from tests.features.post_office import connect
from tests.made import new_database
from tests.storage.conftest import ANNA, BORIS, CLARA, add_cast

PASSWORD = "канарейка-пароль"
ANNA_ASKS = Person(id=ANNA, login="anna", name="Anna", role="agent")
BORIS_ASKS = Person(id=BORIS, login="boris", name="Boris", role="agent")
ADMIN_ASKS = Person(id=CLARA, login="clara", name="Clara", role="admin")
OWN = MailboxDraft(
    name="Anna",
    address="Anna@Romashka.example",
    kind="personal",
    owner_id=ANNA,
    imap=Endpoint(host="imap.romashka.example", port=993),
    smtp=Endpoint(host="smtp.romashka.example", port=465),
)
SHARED = msgspec.structs.replace(
    OWN, name="Support", address="support@romashka.example", kind="shared", owner_id=None, people=(ANNA, BORIS, 999)
)


@dataclass
class Probe:
    """A mail server that lets in who has the right password."""

    asked: list[tuple[str, Credentials]] = field(default_factory=list)
    sends: bool = True

    async def receiving(self, endpoint: Endpoint, credentials: Credentials) -> None:
        self.asked.append((endpoint.host, credentials))
        if credentials.secret != PASSWORD:
            raise MailTrouble("password", "NO\r\n[AUTHENTICATIONFAILED]", permanent=True)

    async def sending(self, endpoint: Endpoint, credentials: Credentials) -> None:
        self.asked.append((endpoint.host, credentials))
        if not self.sends:
            raise MailTrouble("host")


@dataclass
class Provider:
    """A provider of OAuth2 on a real port: codes, PKCE and refresh tokens as the standards say."""

    challenge: str = ""
    refuses: bool = False
    given: int = 0

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert (form["client_id"], form["client_secret"]) == ("trubka", "app-secret")
        if self.refuses:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if form["grant_type"] == "authorization_code":
            verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            assert base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() == self.challenge
            assert form["code"] == "the-code"
        else:
            assert form["refresh_token"] == "refresh"
        self.given += 1
        return web.json_response(
            {"access_token": f"access-{self.given}", "refresh_token": "refresh", "expires_in": 3600}
        )


@dataclass
class House:
    db: Database
    boxes: Mailboxes
    doors: MailboxDoors
    probe: Probe
    provider: Provider
    screens: Screens
    now: list[float]
    told: list[int]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    db = await new_database(tmp_path)
    await add_cast(db)
    async with db.write() as conn:
        await users.change(conn, CLARA, role="admin")
    provider, app = Provider(), web.Application()
    app.router.add_post("/token", provider.token)
    server = TestServer(app)
    await server.start_server()
    now, told, seq, probe, screens = [1000.0], [], itertools.count(1), Probe(), Screens()
    known = application(
        "own",
        client_id="trubka",
        secret="app-secret",
        authorize_url="https://login.example/authorize",
        token_url=str(server.make_url("/token")),
        scopes=("imap",),
    )
    tokens = OAuthServers({"own": known}, clock=lambda: now[0])
    doors = MailboxDoors(
        db=db, key=Fernet.generate_key(), tokens=tokens, clock=lambda: now[0], changed=lambda one: told.append(one)
    )
    boxes = Mailboxes(
        db=db,
        probe=probe,
        seal=doors.seal,
        credentials=doors.credentials,
        providers=doors.providers,
        desktop=screens,
        next_seq=lambda user_id: next(seq),
        house=Hours(zone=ZoneInfo("Europe/Moscow")),
        clock=lambda: now[0],
        changed=lambda one: told.append(one),
    )
    yield House(db, boxes, doors, probe, provider, screens, now, told)
    await server.close()
    await db.close()


async def box(house: House, mailbox_id: int) -> stored.Mailbox:
    async with house.db.read() as conn:
        found = await stored.get(conn, mailbox_id)
    assert found is not None
    return found


async def test_SEC_32_a_secret_is_sealed_and_leaves_only_to_who_signs_in(house: House, tmp_path: Path) -> None:
    made = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    found = await box(house, made)
    assert (found.address, found.login, found.opened) == ("anna@romashka.example", "anna@romashka.example", True)
    assert not hasattr(found, "secret")
    assert sightings(tmp_path, [found.address]) != []
    assert sightings(tmp_path, [PASSWORD]) == []
    credentials = await house.doors.credentials(made)
    assert credentials.secret == PASSWORD
    assert PASSWORD not in repr(credentials)
    assert house.told == [made]


async def test_everybody_sets_his_own_and_an_admin_every_mailbox(house: House) -> None:
    with pytest.raises(NotAllowed):
        await house.boxes.add(ANNA_ASKS, SHARED)
    with pytest.raises(NotAllowed):
        await house.boxes.add(BORIS_ASKS, OWN)
    own = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    shared = await house.boxes.add(ADMIN_ASKS, SHARED, PASSWORD)
    assert (await box(house, shared)).people == (ANNA, BORIS), "who is nobody is left out"
    for work in (
        house.boxes.pause(BORIS_ASKS, own, paused=True),
        house.boxes.remove(ANNA_ASKS, shared, letters=False),
        house.boxes.change(BORIS_ASKS, own, msgspec.structs.replace(OWN, owner_id=BORIS), 1),
        house.boxes.try_out(BORIS_ASKS, msgspec.structs.replace(OWN, owner_id=BORIS), "", own),
    ):
        with pytest.raises(Refused, match="no such mailbox"):
            await work
    async with house.db.read() as conn:
        seen = {who: [one.id for one in await stored.of_person(conn, who)] for who in (ANNA, BORIS, CLARA)}
        every = await stored.of_person(conn, CLARA, every_shared=True)
    assert seen == {ANNA: [shared, own], BORIS: [shared], CLARA: []}
    assert [one.id for one in every] == [shared], "somebody else's own mailbox is nobody else's to read"


async def test_a_kept_secret_goes_to_no_other_server(house: House) -> None:
    made = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    elsewhere = msgspec.structs.replace(OWN, imap=Endpoint(host="imap.elsewhere.example", port=993))
    for work in (
        house.boxes.change(ANNA_ASKS, made, elsewhere, 1),
        house.boxes.try_out(ANNA_ASKS, elsewhere, "", made),
    ):
        with pytest.raises(Refused, match="Type the password again"):
            await work
    assert house.probe.asked == []
    await house.boxes.change(ANNA_ASKS, made, msgspec.structs.replace(OWN, name="Work"), 1)
    assert (await house.doors.credentials(made)).secret == PASSWORD
    with pytest.raises(Refused, match="changed it meanwhile"):
        await house.boxes.change(ANNA_ASKS, made, OWN, 1)


async def test_a_trial_signs_in_to_both_servers_and_is_limited(house: House) -> None:
    made = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    assert (await house.boxes.try_out(ANNA_ASKS, OWN, "", made)).is_good
    house.probe.sends = False
    wrong = await house.boxes.try_out(ANNA_ASKS, OWN, "wrong", made)
    assert (wrong.imap, wrong.smtp) == ("password|NO [AUTHENTICATIONFAILED]", "host")
    for _ in range(TRIES - 2):
        await house.boxes.try_out(ANNA_ASKS, OWN, PASSWORD, None)
    with pytest.raises(Refused, match="Too many attempts"):
        await house.boxes.try_out(ANNA_ASKS, OWN, PASSWORD, None)
    house.now[0] += 601
    assert not (await house.boxes.try_out(ANNA_ASKS, OWN, PASSWORD, None)).is_good


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"address": "anna"}, "bad-address"),
        ({"address": "a@b.example\r\nRCPT TO:<x@y.example>"}, "bad-address"),
        ({"imap": Endpoint(host="imap.example/x", port=993)}, "bad-host"),
        ({"smtp": Endpoint(host="smtp.example", port=70000)}, "bad-port"),
        ({"history_months": 500}, "bad-mailbox-number"),
        ({"auth": "oauth2", "provider": "nobody"}, "no-provider"),
    ],
)
async def test_a_mailbox_that_makes_no_sense_is_refused(house: House, wrong: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as caught:
        await house.boxes.add(ANNA_ASKS, msgspec.structs.replace(OWN, **wrong))
    assert caught.value.code == code


async def test_a_trouble_is_told_once_to_whom_the_mailbox_is(house: House) -> None:
    own = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    shared = await house.boxes.add(ADMIN_ASKS, SHARED, PASSWORD)
    await house.boxes.found(own, "password|NO")
    await house.boxes.found(own, "password|NO again")
    assert [(who, one.args["trouble"]) for who, one in house.screens.notices] == [(ANNA, "password")]
    assert (await box(house, own)).trouble == "password|NO again"
    house.now[0] += 60
    await house.boxes.found(own)
    assert ((await box(house, own)).trouble, (await box(house, own)).seen_at) == ("", 1060.0)
    await house.boxes.sends(own, "password|535")
    await house.boxes.found(own)
    assert (await box(house, own)).trouble == "smtp-password|535", "letters come, and do not go"
    assert house.screens.notices.pop()[1].code == "mailbox-sending"
    await house.boxes.found(own, "silent")
    await house.boxes.sends(own, "password|535")
    assert (await box(house, own)).trouble == "silent"
    await house.boxes.found(own)
    house.screens.notices.pop()
    await house.boxes.found(shared, "silent")
    assert [who for who, _ in house.screens.notices[1:]] == [ANNA, BORIS, CLARA], "its people, and the admins"


async def test_a_removed_mailbox_leaves_its_letters_or_takes_those_that_are_nowhere_else(house: House) -> None:
    kept = await house.boxes.add(ADMIN_ASKS, SHARED, PASSWORD)
    gone = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    row = {"sha256": "0" * 64, "direction": "in", "sent_at": 1.0, "received_at": 1.0, "size": 1}
    talk = {"state_at": 1.0, "last_at": 1.0, "letters": 1}
    removals = MailboxRemovals(db=house.db)
    async with house.db.write() as conn:
        await conn.execute(insert(conversations), [talk | {"mailbox_id": gone}, talk | {"mailbox_id": kept}])
        await conn.execute(
            insert(letters),
            [row | {"message_id": "both", "conversation_id": 2}, row | {"message_id": "alone", "conversation_id": 1}],
        )
        await conn.execute(insert(mail_folders), [{"mailbox_id": kept, "name": "A"}, {"mailbox_id": gone, "name": "B"}])
        places = [(1, kept, 1), (2, gone, 1), (2, gone, 2)]
        await conn.execute(
            insert(letter_places),
            [{"folder_id": f, "mailbox_id": m, "letter_id": one, "uid": one} for f, m, one in places],
        )
        assert await mailbox_removals.only_there(conn, gone) == 1
    await house.boxes.remove(ANNA_ASKS, gone, letters=True)
    with pytest.raises(Refused, match="no such mailbox"):
        await house.boxes.pause(ANNA_ASKS, gone, paused=False)
    async with house.db.read() as conn:
        assert await stored.of_person(conn, ANNA) == [await stored.get(conn, kept)]
    await removals.finish()
    async with house.db.read() as conn:
        assert list((await conn.execute(select(letters.c.message_id))).scalars()) == ["both"]
        assert list((await conn.execute(select(conversations.c.id))).scalars()) == [2]
    await house.boxes.remove(ADMIN_ASKS, kept, letters=False)
    await removals.finish()
    async with house.db.read() as conn:
        assert list((await conn.execute(select(letters.c.message_id))).scalars()) == ["both"]
        assert (await conn.execute(select(mailboxes.c.id))).first() is None
        assert (await conn.execute(select(letter_places.c.uid))).first() is None


async def test_a_removal_that_was_interrupted_goes_on_and_lets_others_write(house: House) -> None:
    made = await house.boxes.add(ANNA_ASKS, OWN, PASSWORD)
    row = {"sha256": "0" * 64, "direction": "in", "sent_at": 1.0, "received_at": 1.0, "size": 1, "conversation_id": 1}
    async with house.db.write() as conn:
        await conn.execute(insert(conversations).values(state_at=1.0, last_at=1.0, letters=100, mailbox_id=made))
        await conn.execute(insert(letters), [row | {"message_id": f"{n}"} for n in range(100)])
        await conn.execute(insert(mail_folders).values(mailbox_id=made, name="A"))
        lies = [{"folder_id": 1, "mailbox_id": made, "letter_id": n, "uid": n} for n in range(1, 101)]
        await conn.execute(insert(letter_places), lies)
    await house.boxes.remove(ANNA_ASKS, made, letters=True)

    async def left() -> int:
        async with house.db.write() as conn:  # as anybody who writes meanwhile
            return len((await conn.execute(select(letters.c.id))).all())

    task = asyncio.create_task(MailboxRemovals(db=house.db, piece=5).run())
    while await left() == 100:
        pass
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 0 < await left() < 100
    async with house.db.read() as conn:
        known = (await mailbox_removals.listed(conn))[made]
    assert (known.total, known.gone) == (100, 100 - await left())
    await MailboxRemovals(db=house.db).finish()
    assert await left() == 0
    async with house.db.read() as conn:
        assert (await conn.execute(select(mailboxes.c.id))).first() is None
        assert (await conn.execute(select(conversations.c.id))).first() is None


async def test_a_provider_opens_a_mailbox_and_its_token_is_renewed_in_time(house: House) -> None:
    draft = msgspec.structs.replace(OWN, auth="oauth2", provider="own")
    made = await house.boxes.add(ANNA_ASKS, draft)
    with pytest.raises(MailTrouble, match="oauth2"):
        await house.doors.credentials(made)
    page = await house.doors.begin(ANNA_ASKS, made, "https://cti.example/back")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert (asked["code_challenge_method"], asked["login_hint"]) == ("S256", "anna@romashka.example")
    house.provider.challenge = asked["code_challenge"]
    for who, state in ((BORIS_ASKS, asked["state"]), (ANNA_ASKS, asked["state"]), (ANNA_ASKS, "made-up")):
        with pytest.raises(Refused, match="begin again"):  # another's state, and then it is used up
            await house.doors.finish(who, state, "the-code")
    page = await house.doors.begin(ANNA_ASKS, made, "https://cti.example/back")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    house.provider.challenge = asked["code_challenge"]
    assert await house.doors.finish(ANNA_ASKS, asked["state"], "the-code") == made
    opened = await house.doors.credentials(made)
    assert (opened.oauth2, opened.secret) == (True, "access-1")
    house.now[0] += 3400
    assert (await house.doors.credentials(made)).secret == "access-2", "before it expires"
    house.now[0] += 3400
    house.provider.refuses = True
    with pytest.raises(MailTrouble) as caught:
        await house.doors.credentials(made)
    assert (caught.value.stored, caught.value.permanent) == ("oauth2|invalid_grant", True)


async def test_an_expired_token_is_renewed_once_for_all_letters_that_go(house: House, tmp_path: Path) -> None:
    draft = msgspec.structs.replace(OWN, auth="oauth2", provider="own", login=LOGIN)
    made = await house.boxes.add(ANNA_ASKS, draft)
    expired = Tokens(access="expired", refresh="refresh", expires_at=house.now[0] - 1)
    async with house.db.write() as conn:
        await stored.keep_secret(conn, made, house.doors.seal(msgspec.json.encode(expired).decode()))
    with smtp_peer() as peer:
        peer.tokens["access-1"] = 0
        sender = SmtpSender(connect=connect, path_of=lambda file: tmp_path)
        end = Endpoint(host="127.0.0.1", port=peer.port, security="none")

        async def send(number: int) -> Delivery:
            letter = Outgoing(
                message_id=f"{number}@x", sender=party("from", LOGIN), people=(party("to", "p@x.example"),),
                subject="x", html="<p>x</p>", at=1.7e9,
            )  # fmt: skip
            raw = await sender.compose(letter)
            return await sender.send(
                number, end, await house.doors.credentials(made), raw, sender=LOGIN, to=("p@x.example",)
            )

        went = await asyncio.gather(*(send(number) for number in range(4)))
        assert [one.accepted for one in went] == [("p@x.example",)] * 4
        assert (house.provider.given, peer.tokens) == (1, {"access-1": 4}), "renewed once, four connections"
        await sender.close()


def test_a_signature_holds_nothing_that_runs_or_is_fetched() -> None:
    said = "<p>С уважением,<br><b>Анна</b></p>"
    bad = '<script>x</script><img src="http://x.example/a.png"><a href="javascript:x">y</a>'
    assert signature(said + bad) == said + '<a rel="noopener">y</a>'
    assert signature("<p><br></p>") == ""
