"""Why the line to a PBX does not work, in sentences an operator can act on; never a secret in them."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from cti.channels.phone.codec import FrameTooLong
from cti.errors import CtiError, SettingsError


class SignInRefused(Exception):
    """The PBX does not take this account."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are always checked. Raises SettingsError when ca_file cannot be used."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsError([f"pbx: tls_ca_file {ca_file}: {error.strerror or error}"]) from None


def in_words(error: Exception, where: str, *, spoke: bool) -> str:
    """Why a connection to `where` ended. spoke: the other side had greeted as a manager interface does."""
    if isinstance(error, CtiError | SignInRefused | FrameTooLong):
        return str(error).rstrip(".")
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the PBX's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS at {where}: {(error.reason or 'broken off').replace('_', ' ').lower()}; is it the TLS port?"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {where}: is the PBX running, is manager.conf enabled?"
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return f"{where}: no name server answers, see /etc/resolv.conf of this machine"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{where}: no such host name"
    if isinstance(error, TimeoutError):
        return str(error) if spoke and str(error) else f"no answer from {where}: check host, port and firewall"
    if isinstance(error, EOFError | ConnectionError):
        return "the PBX closed the link" if spoke else f"{where} closes the link at once: is it the manager port?"
    return f"{where}: {error}"
