"""Sign-in by Active Directory or LDAP: a person's own bind proves the password. Needs the extra `[ldap]`.

The person must be known to Trubka by login; the directory only says whether the password is his. An empty password
is refused before it is asked: servers take an empty bind for an anonymous one and say yes.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Awaitable, Callable

import structlog

from cti.errors import Refused, SettingsError
from cti.settings import LdapSettings

TIMEOUT_S = 5.0
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
    import bonsai

    client = bonsai.LDAPClient(settings.url, tls=settings.start_tls and settings.url.startswith("ldap://"))
    if settings.ca_file:
        client.set_ca_cert(str(settings.ca_file))
    client.set_credentials("SIMPLE", user=settings.bind_dn.replace("{login}", login), password=password)
    try:
        async with client.connect(is_async=True, timeout=TIMEOUT_S):
            return True
    except bonsai.AuthenticationError:
        return False
    except (bonsai.LDAPError, OSError) as error:
        log.warning("directory cannot be asked", reason=type(error).__name__)
        raise Refused("directory-away", "The directory of your company does not answer; try again later.") from None
