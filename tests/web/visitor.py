"""A browser without scripts: follows redirects by hand, reads pages and sends their forms with the session's token."""

from __future__ import annotations

import re
from html import unescape
from types import TracebackType
from typing import Self

import aiohttp

from tests.web.panel import PASSWORD, Panel

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


class Answer:
    """A response, read."""

    def __init__(self, response: aiohttp.ClientResponse, text: str) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = text

    @property
    def place(self) -> str:
        """Where it sends the browser."""
        return self.headers.get("Location", "")

    def says(self, words: str) -> bool:
        return words in unescape(self.text)


class Visitor:
    """A browser with its own cookies."""

    def __init__(self, panel: Panel, login: str = "") -> None:
        self.panel, self.login = panel, login
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"User-Agent": AGENT})
        self.csrf = ""

    async def __aenter__(self) -> Self:
        if self.login:
            answer = await self.sign_in(self.login)
            if answer.status != 303:
                await self.http.close()
                raise AssertionError(answer.text)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self.http.close()

    @property
    def cookie(self) -> str:
        """The session's cookie, as it stands in the jar."""
        return next((morsel.value for morsel in self.http.cookie_jar if morsel.key == "trubka"), "")

    async def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> Answer:
        """Send the sign-in form; with success the token of the session is known."""
        answer = await self.post("/sign-in", login=login, password=password, **more)
        if answer.status == 303:
            found = re.search(r'name="csrf" value="([^"]+)"', (await self.get("/profile")).text)
            assert found, "the profile shows no form"
            self.csrf = found[1]
        return answer

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, **fields: str) -> Answer:
        """Send a form as the page would."""
        return await self.ask("POST", path, data={"csrf": self.csrf, **fields}, headers={"Origin": self.panel.url})

    async def ask(
        self, method: str, path: str, *, data: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        url = f"{self.panel.url}{path}"
        async with self.http.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
            return Answer(response, await response.text())
