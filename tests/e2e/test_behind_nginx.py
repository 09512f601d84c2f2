"""A real nginx with the sample of `config/nginx` before the server: people, wires and files pass it, others do not."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import socketio
from yarl import URL

from lab.free_ports import free_port
from lab.nginx import nginx
from lab.pbx import Pbx
from tests.bench import report
from tests.channels.test_ami_tls import certificate
from tests.e2e.server import DEADLINE_S, PASSWORD, Server, until

pytestmark = pytest.mark.lab
SAMPLE = Path(__file__).resolve().parent.parent.parent / "config/nginx/trubka.conf"
TAKEN_UP_S = 60.0
HERE = "127.0.0.9"  # the visitor's address
REGISTER = (
    "REGISTER sip:pbx.invalid SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bKn1\r\nMax-Forwards: 70\r\n"
    "From: <sip:103-web@pbx.invalid>;tag=n\r\nTo: <sip:103-web@pbx.invalid>\r\nCall-ID: nginx-1\r\nCSeq: 1 REGISTER\r\n"
    "Contact: <sip:103-web@a.invalid;transport=ws>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
)


class Front:
    """The running nginx. file: its certificate with its key."""

    def __init__(self, folder: Path, port: int, server: Server) -> None:
        self.folder, self.url, self.server = folder, f"https://127.0.0.1:{port}", server
        self.file = certificate(folder)[1]
        own = SAMPLE.read_text(encoding="utf-8")
        for was, now in (
            (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{server.port};"),
            (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
            (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
            (r"/etc/ssl/\S+;", f"{self.file};"),
        ):
            own, count = re.subn(was, now, own)
            assert count, f"the sample has no {was}"
        temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi"))
        user = "user root root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
            f"http {{ access_log {folder}/access; {temporary} uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
            f"{own}\n}}\n"
        )
        binary = nginx()
        command = [str(binary.program), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")]
        environment = {**os.environ, **binary.env}
        tried = subprocess.run([*command, "-t"], env=environment, capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self.port = port

    def trusting(self) -> ssl.SSLContext:
        """A browser's trust in the certificate that is there now."""
        return ssl.create_default_context(cafile=self.file)

    async def shown(self) -> bytes:
        """The certificate that a new connection is shown."""
        text = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", self.port), timeout=10)
        return ssl.PEM_cert_to_DER_cert(text)


@asynccontextmanager
async def signed_in(front: Front, login: str, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody at his own address; the token against foreign forms is in the session's headers."""
    link = aiohttp.TCPConnector(ssl=front.trusting(), local_addr=(HERE, 0))
    async with aiohttp.ClientSession(
        connector=link, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": front.url, **headers}
    ) as http:
        body = {"login": login, "password": PASSWORD}
        async with http.post(f"{front.url}/api/v1/session", json=body) as answer:
            assert answer.status == 201, await answer.text()
            assert "Secure" in answer.headers["Set-Cookie"]
            http.headers["X-CSRF-Token"] = (await answer.json())["csrf"]
        yield http


@pytest.fixture
async def front(pbx: Pbx, folder: Path) -> AsyncIterator[Front]:
    port = free_port()
    settings = pbx.settings() | {
        "CTI_HTTP__PUBLIC_URL": f"https://127.0.0.1:{port}",
        "CTI_HTTP__TRUSTED_PROXIES": '["127.0.0.1"]',
    }
    (folder / "nginx").mkdir()
    with Server(folder / "data", settings).prepare() as server:
        one = Front(folder / "nginx", port, server)
        try:
            await until(lambda: _listens(port), why="nginx listens")
            yield one
        finally:
            one.process.terminate()
            await asyncio.to_thread(one.process.wait, 10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@asynccontextmanager
async def wire(front: Front, http: aiohttp.ClientSession) -> AsyncIterator[socketio.AsyncClient]:
    """The live wire of a page behind nginx."""
    cookies = http.cookie_jar.filter_cookies(URL(front.url))
    header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=front.trusting())) as own:
        live = socketio.AsyncClient(reconnection=False, http_session=own)
        headers = {"Cookie": header, "Origin": front.url}
        await live.connect(front.url, headers=headers, transports=["websocket"], wait_timeout=DEADLINE_S)
        try:
            yield live
        finally:
            await live.disconnect()


async def test_F_54_a_day_behind_nginx_and_a_renewed_certificate(front: Front) -> None:
    """One start for all that passes: sign-in, both wires, files; and what is renewed under them cuts none."""
    async with signed_in(front, "clara", **{"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"}) as http:
        async with http.get(f"{front.url}/profile") as answer:
            page = await answer.text()
        assert HERE in page
        assert "6.6.6.6" not in page
        async with wire(front, http) as live, http.ws_connect(f"{front.url}/sip", protocols=("sip",)) as phone:
            assert await live.call("resume", {"last_seq": 0}, timeout=DEADLINE_S)
            assert phone.protocol == "sip"
            await phone.send_str(REGISTER)
            assert (await phone.receive_str(timeout=DEADLINE_S)).startswith("SIP/2.0 401")
            await _renewed(front)
            assert await live.call("resume", {"last_seq": 0}, timeout=DEADLINE_S)
            await phone.send_str(REGISTER.replace("n1", "n2").replace("CSeq: 1", "CSeq: 2"))
            assert (await phone.receive_str(timeout=DEADLINE_S)).startswith("SIP/2.0 401")
    for path, status in (("/metrics", 403), ("/readyz", 403), ("/healthz", 403), ("/sign-in", 200)):
        trusting = aiohttp.TCPConnector(ssl=front.trusting())
        async with aiohttp.ClientSession(connector=trusting) as stranger, stranger.get(front.url + path) as answer:
            assert answer.status == status, path
    async with signed_in(front, "pavel") as http:
        for size, status in ((3 << 20, 409), (53 << 20, 413)):  # 409: it came, and is no table
            async with http.post(f"{front.url}/api/v1/imports/files", data=io.BytesIO(b"\0" * size)) as answer:
                assert answer.status == status, size
        for path in ("/settings/past/files", "/api/v1/past/files"):  # a log may be larger: it came, and is none
            async with http.post(front.url + path, data=io.BytesIO(b"\0" * (53 << 20))) as answer:
                assert answer.status == 409, path
    assert "socket.io" not in (front.folder / "access").read_text()


async def _renewed(front: Front) -> None:
    """The files are swapped, nginx reloads as trubka-certificate.service has it: new connections see the new one."""
    old = await front.shown()
    (front.folder / "new").mkdir()
    shutil.move(certificate(front.folder / "new")[1], front.file)
    loop = asyncio.get_running_loop()
    began = loop.time()
    front.process.send_signal(signal.SIGHUP)

    async def another() -> bool:  # several times: the worker of before takes what was at its door yet
        return all([await front.shown() != old for _ in range(5)])

    await until(another, within_s=TAKEN_UP_S, why="the new certificate is shown")
    report("a renewed certificate is shown", loop.time() - began, "s", limit=f"< {TAKEN_UP_S:g}")
