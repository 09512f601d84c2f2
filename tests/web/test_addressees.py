"""Whom a letter can be written to: colleagues, clients and their persons; a restricted one is told to be so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.channels.letters import Endpoint
from cti.features.mailboxes import MailboxDraft
from cti.storage import users
from tests.web.panel import ANNA, BORIS, PAVEL, Browser, Panel, panel


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        async with made.services.database.read() as conn:
            pavel = await users.by_id(conn, PAVEL)
        assert pavel is not None
        ends = Endpoint(host="mail.romashka.example", port=993), Endpoint(host="mail.romashka.example", port=465)
        for address, kind, owner, people in (
            ("boris@romashka.example", "personal", BORIS, ()),
            ("sales@romashka.example", "shared", None, (ANNA,)),
        ):
            draft = MailboxDraft(
                address=address,
                kind=kind,
                owner_id=owner,
                people=people,
                imap=ends[0],
                smtp=ends[1],
                signature="<p>С</p>",
            )
            await made.services.mailboxes.add(pavel.person, draft, "secret")
        yield made


async def test_who_writes_has_his_mailboxes_and_finds_whom_he_writes_to(running: Panel) -> None:
    async with Browser(running, "anna") as anna, Browser(running, "pavel") as pavel:
        _, boxes = await anna.ask("GET", "/mailboxes")
        assert [(one["address"], one["signature"]) for one in boxes] == [("sales@romashka.example", "<p>С</p>")]
        emails = ["office@alkhimov.example", "accounts@alkhimov.example"]
        _, made = await pavel.ask("POST", "/clients", {"name": "Алхимов", "emails": emails})
        person = {"name": "Ольга Волкова", "emails": ["olga@alkhimov.example"]}
        assert (await pavel.ask("POST", f"/clients/{made['id']}/contacts", person))[0] == 201
        for words, first in (
            ("алх", "office@alkhimov.example"),
            ("accounts@", "accounts@alkhimov.example"),
            ("Boris", "boris@romashka.example"),
            ("sales@", "sales@romashka.example"),
            ("Волкова", "olga@alkhimov.example"),
        ):
            _, found = await anna.ask("GET", f"/addressees?q={words}")
            assert found[0]["address"] == first, words
        assert (found[0]["of"], found[0]["client_id"], found[0]["restricted"]) == ("Алхимов", made["id"], False)
        assert (await pavel.ask("POST", f"/clients/{made['id']}/restrict", {"why": "спор"}))[0] == 200
        _, found = await anna.ask("GET", "/addressees?q=алх")
        assert found[0]["restricted"]
        assert (await anna.ask("GET", "/addressees"))[0] == 422
