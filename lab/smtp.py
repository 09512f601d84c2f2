"""`python -m lab.smtp PORT LMTP HOUSE WORLD PASSWORD`: takes letters, and brings them to Dovecot."""

from __future__ import annotations

import asyncio
import smtplib
import sys
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lab.settings import HOST

MOST_BYTES = 40 << 20


class Bringer:
    """To the house what is the house's; to the world all else."""

    def __init__(self, lmtp: int, house: str, world: str) -> None:
        self._lmtp = lmtp
        self._house, self._world = house, world

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        to = {self._house if one.casefold() == self._house else self._world for one in envelope.rcpt_tos}
        try:
            await asyncio.to_thread(self._bring, envelope.mail_from or "", sorted(to), content)
        except (OSError, smtplib.SMTPException):
            return "451 The mailbox is not there now"
        return "250 Taken"

    def _bring(self, sender: str, to: list[str], content: bytes) -> None:
        for one in to:
            with smtplib.LMTP(HOST, self._lmtp) as link:
                link.sendmail(sender, one, content)


def main() -> None:
    """Until it is ended."""
    port, lmtp, house, world, password = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == password.encode()
        return AuthResult(success=good, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            Bringer(lmtp, house, world), data_size_limit=MOST_BYTES, authenticator=known, auth_require_tls=False
        )

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(protocol, HOST, port)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
