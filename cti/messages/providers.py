"""Mail providers by the domain of an address: where their servers listen, and what a person has to do there first.

Sources: the providers' own help pages. Exchange Online takes no passwords for IMAP and SMTP: OAuth2 alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Security = Literal["tls", "starttls", "none"]


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """imap, smtp: host, port, security. needs: what has to be done there first: app-password | oauth2 | "".

    oauth2: its name among the settings' providers, "" where it has no such sign-in of ours.
    """

    code: str
    imap: tuple[str, int, Security]
    smtp: tuple[str, int, Security]
    needs: str = ""
    oauth2: str = ""


YANDEX = Provider(
    code="yandex",
    imap=("imap.yandex.ru", 993, "tls"),
    smtp=("smtp.yandex.ru", 465, "tls"),
    needs="app-password",
)
MAIL_RU = Provider(
    code="mail.ru", imap=("imap.mail.ru", 993, "tls"), smtp=("smtp.mail.ru", 465, "tls"), needs="app-password"
)
GOOGLE = Provider(
    code="google",
    imap=("imap.gmail.com", 993, "tls"),
    smtp=("smtp.gmail.com", 465, "tls"),
    needs="app-password",
    oauth2="google",
)
MICROSOFT = Provider(
    code="microsoft",
    imap=("outlook.office365.com", 993, "tls"),
    smtp=("smtp.office365.com", 587, "starttls"),
    needs="oauth2",
    oauth2="microsoft",
)
DOMAINS: Mapping[str, Provider] = {
    **dict.fromkeys(("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "narod.ru"), YANDEX),
    **dict.fromkeys(("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"), MAIL_RU),
    **dict.fromkeys(("gmail.com", "googlemail.com"), GOOGLE),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "office365.com"), MICROSOFT),
}
KNOWN: tuple[Provider, ...] = (YANDEX, MAIL_RU, GOOGLE, MICROSOFT)


def of_address(address: str) -> Provider:
    """The provider of an address; of a domain of one's own: the hosts that it usually has."""
    domain = address.rpartition("@")[2].strip().casefold()
    own = domain or "example.org"
    return DOMAINS.get(domain) or Provider(
        code="own", imap=(f"imap.{own}", 993, "tls"), smtp=(f"smtp.{own}", 465, "tls")
    )
