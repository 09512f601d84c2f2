"""A carrier at which a line signs in: it asks for the password and says who is there."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from typing import Self

from lab import sip

NONCE = "5f2e0c"


class Registrar:
    """Answers REGISTER and OPTIONS on a port of its own. signed_in: who has shown the password, with his address."""

    def __init__(self, host: str, password: str) -> None:
        self._password = password
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._host = host
        self.signed_in: dict[str, str] = {}
        self._thread = threading.Thread(target=self._serve, name="registrar", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as goodbye:
            goodbye.sendto(b"", (self._host, self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            datagram, sender = self._socket.recvfrom(65535)
            if not datagram:
                return
            asked = sip.read(datagram)
            if asked is None:
                continue
            code, extra = (200, ()) if asked.method != "REGISTER" else self._register(asked)
            self._socket.sendto(sip.answer(asked, code, tag="carrier", extra=extra).write(), sender)

    def _register(self, asked: sip.Message) -> tuple[int, tuple[tuple[str, str], ...]]:
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', asked.get("authorization")))
        if not told or told["response"] != self._right(told):
            return 401, (("www-authenticate", f'Digest realm="carrier", nonce="{NONCE}", algorithm=MD5, qop="auth"'),)
        self.signed_in[told["username"]] = asked.get("contact")
        return 200, (("contact", f"{asked.get('contact')};expires=3600"),)

    def _right(self, told: dict[str, str]) -> str:
        mine = _md5(f"{told['username']}:carrier:{self._password}")
        return _md5(f"{mine}:{NONCE}:{told['nc']}:{told['cnonce']}:auth:{_md5('REGISTER:' + told['uri'])}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
