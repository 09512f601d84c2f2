"""A browser, a device, a colleague or an account that fails: a sentence says what to do, and the client stays."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page, expect

from tests.channels.test_ami_tls import certificate
from tests.e2e.proxy import Proxy
from tests.e2e.server import Desk
from tests.phone.booth import Booth, Office, chromium

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA, SALES, CLARAS, ANNAS = "74950000002", "74950000001", "PJSIP/103-web", "PJSIP/101-web"
HIS = {"users": "id", "devices": "user_id", "user_queues": "user_id"}  # tables that hold clara, by which column
SILENT_STUN = """
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(how) { super({ ...how, iceServers: [{ urls: "stun:127.0.0.1:9" }] }); }
    get iceGatheringState() { return "gathering"; }
  };
"""
STOPPED = """
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(url, words) { super(String(url).replace(/\\/sip$/, "/nowhere"), words); }
  };
"""

Out = Callable[[Office], AbstractAsyncContextManager[None]]


async def says(page: Page, text: str) -> None:
    await expect(page.locator("#line-fault")).to_contain_text(text)


@pytest.mark.parametrize(
    ("lacks", "text"),
    [
        ("delete window.RTCPeerConnection;", "не может быть телефоном"),
        ('Object.defineProperty(window, "isSecureContext", { value: false });', "только по HTTPS"),
        (STOPPED, "не пропускает WebSocket"),
    ],
    ids=["no-webrtc", "insecure", "stopped-on-the-way"],
)
async def test_a_browser_that_cannot_be_a_phone_says_so_at_once(office: Office, lacks: str, text: str) -> None:
    page = await office.visit("clara", office.server.url)
    await page.add_init_script(lacks)
    await page.reload()
    await says(page, text)


async def test_a_chosen_microphone_that_is_gone_is_replaced_and_told(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    await clara.page.evaluate("""() => localStorage.setItem("trubka-sound", JSON.stringify({ mic: "gone" }))""")
    await talks(office, clara, CLARA)
    await says(clara.page, "Выбранный микрофон")
    await clara.voice_flows()


async def test_ways_for_the_voice_that_are_never_all_found_hold_no_call_up(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    await clara.page.add_init_script(SILENT_STUN)
    await clara.page.reload()
    await clara.be_rung_at(CLARAS)
    await talks(office, clara, CLARA)
    await clara.voice_flows()


async def test_a_colleague_who_is_gone_in_the_middle_leaves_the_client_with_us(office: Office) -> None:
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    client = await talks(office, anna, SALES)
    await anna.press("t")
    await anna.page.locator("#hand-over-list li", has_text="Клара").locator("[data-act=ask]").click()
    await clara.page.locator("#answer").click()
    await anna.is_("talking")
    await clara.context.close()
    office.booths.remove(clara)
    row = anna.page.locator("#line-others li")
    await expect(row).to_contain_text("Алхимов")
    await row.locator("[data-act=take]").click()
    await anna.is_("talking")
    await anna.voice_flows()
    assert not client.over


@asynccontextmanager
async def blocked(office: Office) -> AsyncIterator[None]:
    async with Desk(office.server, "pavel") as pavel:
        await pavel.form("/settings/people/3/block")
        try:
            yield
        finally:
            await pavel.form("/settings/people/3/unblock")


@asynccontextmanager
async def deleted(office: Office) -> AsyncIterator[None]:
    """As an operator does it at the database itself: the panel only blocks people."""
    with sqlite3.connect(office.server.data / "trubka.db") as base:
        base.execute("PRAGMA foreign_keys = on")
        rows = {table: base.execute(f"SELECT * FROM {table} WHERE {key} = 3").fetchall() for table, key in HIS.items()}
        base.execute("DELETE FROM users WHERE id = 3")
    try:
        yield
    finally:
        with sqlite3.connect(office.server.data / "trubka.db") as base:
            for table, his in rows.items():
                base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(his[0]))})", his)


@pytest.mark.parametrize("out", [blocked, deleted])
async def test_who_is_shut_out_in_a_call_talks_on_and_is_sent_to_the_door_after_it(office: Office, out: Out) -> None:
    clara = await office.booth("clara", CLARAS)
    client = await talks(office, clara, CLARA)
    async with out(office):
        await says(clara.page, "Вы вышли")
        await clara.voice_flows()
        assert not client.over
        await asyncio.to_thread(client.hang_up)
        await clara.page.wait_for_url("**/sign-in")


async def test_who_loses_his_browser_phone_in_a_call_talks_on_and_is_told_what_to_do(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    client = await talks(office, clara, CLARA)
    desk, web = CLARAS.removesuffix("-web"), CLARAS
    async with Desk(office.server, "pavel") as pavel:
        both = {"device": [desk, web], "extension": ["103", "103"], "kind": ["desk", "browser"], "use": ["rung", ""]}
        await pavel.form("/settings/people/3/devices", device=desk, extension="103", kind="desk", use="rung")
        try:
            await says(clara.page, "больше не ваш телефон")
            await clara.voice_flows()
            assert not client.over
        finally:
            await pavel.form("/settings/people/3/devices", **both)


async def test_a_certificate_that_is_not_trusted_any_more_is_told_and_the_call_goes_on(
    office: Office, tmp_path: Path
) -> None:
    context, file = certificate(tmp_path)
    context.num_tickets = 0  # each link is judged by its certificate
    async with (
        Proxy(office.server.port, tls=context) as front,
        chromium(f"--ignore-certificate-errors-spki-list={pin(file)}") as trusting,
    ):
        clara = await office.booth("clara", CLARAS, url=f"https://127.0.0.1:{front.port}", browser=trusting)
        client = await talks(office, clara, CLARA)
        (tmp_path / "other").mkdir()
        context.load_cert_chain(certificate(tmp_path / "other")[1])
        await front.drop()
        await says(clara.page, "предупреждает о сертификате")
        await clara.voice_flows()
        assert not client.over
        context.load_cert_chain(file)
        await expect(clara.page.locator("#line-fault")).to_be_hidden()
        await clara.context.close()
        office.booths.remove(clara)


def pin(file: Path) -> str:
    """The key of a certificate, as Chromium is told to trust it."""
    key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
    return base64.b64encode(
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()


async def talks(office: Office, booth: Booth, did: str):  # type: ignore[no-untyped-def]
    client = await office.client(did)
    await booth.page.locator("#answer").click()
    await booth.is_("talking")
    return client
