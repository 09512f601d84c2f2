"""Just enough of the manager interface for tests of the lab, with the server's own account."""

from __future__ import annotations

import socket
from typing import Self

from lab.pbx import Pbx


class Ami:
    """A signed-in connection; events of the given classes arrive on it."""

    def __init__(self, pbx: Pbx, *, events: str = "on", within_s: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", pbx.ports.ami), timeout=within_s)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\r\n")
        self._secret = pbx.secret_file.read_text()
        self._events = events

    def __enter__(self) -> Self:
        self._lines.readline()
        answer = self.action("Login", Username="trubka", Secret=self._secret, Events=self._events)
        assert answer["Response"] == "Success", answer
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def action(self, name: str, **fields: str) -> dict[str, str]:
        """Send an action; its response. Events that came before it are dropped."""
        lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in fields.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while True:
            message = self.message()
            if "Response" in message:
                return message

    def event(self, name: str) -> dict[str, str]:
        """The next event of this name; others are dropped."""
        while True:
            message = self.message()
            if message.get("Event") == name:
                return message

    def until(self, name: str) -> list[dict[str, str]]:
        """Every event up to and with the next of this name."""
        seen = [self.message()]
        while seen[-1].get("Event") != name:
            seen.append(self.message())
        return seen

    def message(self) -> dict[str, str]:
        """The next message, whatever it is."""
        fields: dict[str, str] = {}
        while (line := self._lines.readline()) != "\r\n":
            if not line:
                raise ConnectionError("the PBX closed the connection")
            key, _, text = line.removesuffix("\r\n").partition(": ")
            fields[key] = text
        return fields
