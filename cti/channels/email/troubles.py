"""What went wrong with a mail server, told by the code that web/mail_texts.py says in words."""

from __future__ import annotations

import re
import socket
import ssl

import aiosmtplib
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from cti.channels.letters import Credentials, MailTrouble

_FOR_NOW = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|try again|temporar", re.IGNORECASE
)  # RFC 5530
_APP_PASSWORD = re.compile(
    r"application.?specific|app(?:lication)?.?password|пароль приложения|invalid credentials.*app", re.IGNORECASE
)
_NO_TLS = re.compile(r"\[PRIVACYREQUIRED\]|plaintext authentication (?:is )?disallowed", re.IGNORECASE)
_NO_IMAP = re.compile(
    r"imap.{0,20}(?:disabled|not enabled|is off|отключ)|imap (?:access|доступ)|(?:enable|not enabled for) imap",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"over ?quota|quota exceeded|mailbox full", re.IGNORECASE)


def refused(said: str, *, oauth2: bool) -> MailTrouble:
    """Why a server does not let us in, as far as its words tell."""
    words = plain(said)
    if _FOR_NOW.search(words):
        return MailTrouble("silent", words)
    if _QUOTA.search(words):
        return MailTrouble("quota", words)
    for code, signs in (("app-password", _APP_PASSWORD), ("no-tls", _NO_TLS), ("no-imap", _NO_IMAP)):
        if signs.search(words):
            return MailTrouble(code, words, permanent=True)
    return MailTrouble("oauth2" if oauth2 else "password", words, permanent=True)


def imap_trouble(error: Exception, *, while_connecting: bool = False) -> MailTrouble:
    """What went wrong with a server that holds mailboxes, or what became of a link that was open."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailTrouble("certificate", error.verify_message, permanent=True)
    if isinstance(error, ssl.SSLError):
        return MailTrouble("no-tls", error.reason or "", permanent=while_connecting)
    if isinstance(error, TimeoutError):
        return MailTrouble("silent")
    if isinstance(error, socket.gaierror):
        return MailTrouble("lookup" if error.errno == socket.EAI_AGAIN else "host")
    if isinstance(error, OSError):
        return MailTrouble("closed")
    if while_connecting and isinstance(error, IMAPClientError) and "EOF" not in str(error):
        return MailTrouble("not-mail", permanent=not isinstance(error, IMAPClientAbortError))
    return MailTrouble("closed", plain(str(error)) if "BYE" in str(error) else "")


def smtp_trouble(error: BaseException, credentials: Credentials) -> MailTrouble:
    """What went wrong with a server that sends."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return MailTrouble("certificate", permanent=True)
        if isinstance(cause, ssl.SSLError):
            return MailTrouble("not-mail", permanent=True)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        if error.code < 500:
            return MailTrouble("silent", error.message)
        return refused(error.message, oauth2=credentials.oauth2)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailTrouble("no-tls", permanent=True)
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return MailTrouble("other", f"{error.code} {error.message}")
    if isinstance(error, (TimeoutError, aiosmtplib.SMTPTimeoutError)):
        return MailTrouble("silent")
    return MailTrouble("not-mail", permanent=True)


def plain(said: str) -> str:
    """A server's words without what libraries put around them."""
    return re.sub(r"^(?:b['\"])|['\"]$", "", re.sub(r"^[a-z]+ failed: ", "", said))[:200]
