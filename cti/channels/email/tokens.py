"""OAuth2 of mail providers: the page where a person lets us in, tokens for its code, new tokens for old ones.

The addresses are the settings' (and so the operator's), never anybody else's. RFC 6749, RFC 7636 (PKCE, S256).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from cti.channels.letters import MailTrouble, Tokens

WITHIN_S = 20.0
ANSWER_MOST = 64 * 1024
LIFE_S = 3600.0  # of a token whose provider says nothing of it


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application registered with a provider."""

    client_id: str
    secret: str
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return "Application(...)"


USUAL: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "google": (
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        ("https://mail.google.com/",),
    ),
    "microsoft": (
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        (
            "https://outlook.office.com/IMAP.AccessAsUser.All",
            "https://outlook.office.com/SMTP.Send",
            "offline_access",
        ),
    ),
}


def application(
    name: str, *, client_id: str, secret: str, authorize_url: str, token_url: str, scopes: tuple[str, ...]
) -> Application:
    """As the settings say it, the usual addresses of a known provider where they say none."""
    page, tokens, usual = USUAL.get(name, ("", "", ()))
    return Application(
        client_id=client_id,
        secret=secret,
        authorize_url=authorize_url or page,
        token_url=token_url or tokens,
        scopes=scopes or usual,
    )


class OAuthServers:
    """Providers by name."""

    def __init__(self, applications: Mapping[str, Application], clock: Callable[[], float]) -> None:
        self._applications = applications
        self._clock = clock
        self.names = tuple(applications)

    def page(self, provider: str, *, state: str, verifier: str, back: str, login: str) -> str:
        """The address of the provider's page. access_type, prompt: Google gives a refresh token only when asked so."""
        known = self._known(provider)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": known.client_id,
            "redirect_uri": back,
            "scope": " ".join(known.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "login_hint": login,
            "access_type": "offline",
            "prompt": "consent",
        }
        return f"{known.authorize_url}{'&' if '?' in known.authorize_url else '?'}{urlencode(asked)}"

    async def exchange(self, provider: str, *, code: str, verifier: str, back: str) -> Tokens:
        """The tokens for what that page gave."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        return await self._ask(provider, asked, "")

    async def refresh(self, provider: str, refresh: str) -> Tokens:
        """New tokens for an old one; a provider that gives no new refresh token means the old one."""
        return await self._ask(provider, {"grant_type": "refresh_token", "refresh_token": refresh}, refresh)

    def _known(self, provider: str) -> Application:
        known = self._applications.get(provider)
        if known is None:
            raise MailTrouble("oauth2", "the provider is not set up any more", permanent=True)
        return known

    async def _ask(self, provider: str, asked: dict[str, str], before: str) -> Tokens:
        known = self._known(provider)
        form = {**asked, "client_id": known.client_id}
        if known.secret:
            form["client_secret"] = known.secret
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                aiohttp.ClientSession(trust_env=False) as client,
                client.post(known.token_url, data=form, allow_redirects=False) as answer,
            ):
                said = _read(await answer.content.read(ANSWER_MOST))
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise MailTrouble("silent") from None
        if status >= 500 or status == 429:
            raise MailTrouble("silent")
        access, refresh = said.get("access_token"), said.get("refresh_token") or before
        if status != 200 or not isinstance(access, str) or not isinstance(refresh, str) or not refresh:
            raise MailTrouble("oauth2", str(said.get("error", "")), permanent=True)
        life = said.get("expires_in")
        seconds = float(life) if isinstance(life, (int, float, str)) and str(life).isdigit() else LIFE_S
        return Tokens(access=access, refresh=refresh, expires_at=self._clock() + seconds)


def _read(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
