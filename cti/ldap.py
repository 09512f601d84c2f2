"""Sign-in by Active Directory or LDAP: a person's own bind proves the password. Needs the extra `[ldap]`.

The person must be known to Trubka by login; the directory only says whether the password is his. An empty password
is refused before it is asked: servers take an empty bind for an anonymous one and say yes. Asked it is by
`cti/ldap_bind.py`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from cti.errors import Refused, SettingsError
from cti.processes import ended
from cti.settings import LdapSettings

ROOT = Path(__file__).parent.parent
TIMEOUT_S = 5.0  # of each step, in the process that asks
WITHIN_S = 7.0  # of all of it
_LOGIN = re.compile(r"[\w.@-]{1,64}")

log = structlog.get_logger()


def ldap_check(settings: LdapSettings) -> Callable[[str, str], Awaitable[bool]] | None:
    """A function (login, password) -> whether the directory takes them; None when it is off. Raises SettingsError.

    The function raises Refused `directory-away` when the directory cannot be asked: that is no wrong password.
    """
    if not settings.url:
        return None
    if settings.url.startswith("ldap://") and not settings.start_tls:
        raise SettingsError(["auth.ldap.start_tls: must be on with ldap://, else passwords travel in the open"])
    if "{login}" not in settings.bind_dn:
        raise SettingsError(["auth.ldap.bind_dn: must hold {login}, for instance {login}@corp.example"])
    if importlib.util.find_spec("bonsai") is None:
        raise SettingsError(["auth.ldap.url: needs the LDAP library; run pip install 'trubka[ldap]'"])

    async def check(login: str, password: str) -> bool:
        if not password or not _LOGIN.fullmatch(login):
            return False
        return await _bind(settings, login, password)

    return check


async def _bind(settings: LdapSettings, login: str, password: str) -> bool:
    asked = {
        "url": settings.url,
        "start_tls": settings.start_tls and settings.url.startswith("ldap://"),
        "ca_file": str(settings.ca_file or ""),
        "timeout_s": TIMEOUT_S,
        "user": settings.bind_dn.replace("{login}", login),
        "password": password,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.ldap_bind", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=ROOT
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            told, _ = await process.communicate(json.dumps(asked).encode())
        answer = json.loads(told)
    except (TimeoutError, ValueError) as error:  # it has not answered, or not in JSON
        answer = {"taken": False, "away": type(error).__name__}
    finally:
        await ended(process)
    if answer["away"]:
        log.warning("directory cannot be asked", reason=answer["away"])
        raise Refused("directory-away", "The directory of your company does not answer; try again later.")
    return bool(answer["taken"])
