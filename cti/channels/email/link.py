"""The link to one mailbox: its own thread, in which everything that blocks is done, and a bell that ends its waiting.

A mailbox costs a thread with a small stack, a socket and what TLS keeps: 200 of them some tens of MiB. A link is opened
once; after a failure another one is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from cti.channels.email.imap import ImapBox
from cti.channels.email.imap_wire import READ_S
from cti.channels.email.troubles import imap_trouble
from cti.channels.folders import Box
from cti.channels.letters import Credentials, Endpoint, MailTrouble
from cti.channels.reach import Connect
from cti.errors import ChannelError

Got = TypeVar("Got")
STACK_BYTES = 256 * 1024
CLOSE_S = 5.0


class ImapLink:
    """A MailboxLink by IMAP. connect: makes a socket to a host that may be reached; tls: whom we believe.

    read_s: how long a server may say nothing when it was asked.
    """

    def __init__(self, name: str, *, connect: Connect, tls: ssl.SSLContext, read_s: float = READ_S) -> None:
        self._name = name
        self._connect = connect
        self._tls = tls
        self._read_s = read_s
        self._box: ImapBox | None = None
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._bell, self._rung = socket.socketpair()
        self._bell.setblocking(False)
        self._rung.setblocking(False)

    async def open(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Connect and sign in."""
        plain = await self._connect(endpoint.host, endpoint.port)
        if self._thread is None:
            self._thread = _small_thread(self._run, f"mail-{self._name}")
        await self._do(partial(self._enter, plain, endpoint, credentials))

    async def ask(self, work: Callable[[Box], Got]) -> Got:
        """Do something with the open mailbox, after what was asked before."""
        box = self._box
        if box is None:
            raise MailTrouble("closed")
        return await self._do(partial(work, box))

    async def wait(self, seconds: float) -> bool:
        """Until something happens in the inbox, `wake` is called or the time is over; whether it happened there."""
        box = self._box
        if box is None:
            raise MailTrouble("closed")
        return await self._do(partial(box.wait, seconds, self._rung))

    def wake(self) -> None:
        """End the waiting, or the next one."""
        with contextlib.suppress(OSError):  # full: it is rung; closed: nobody waits
            self._bell.send(b"!")

    async def close(self) -> None:
        """Leave; the thread ends. What it waits for is cut off."""
        thread, self._thread = self._thread, None
        try:
            if thread is not None:
                self._work.put(self._leave)
                self._work.put(None)
                self.wake()
                await asyncio.to_thread(thread.join, CLOSE_S)
        finally:  # whoever closes may himself be told to end
            self._abort()
            for end in (self._bell, self._rung):
                end.close()

    def _enter(self, plain: socket.socket, endpoint: Endpoint, credentials: Credentials) -> None:
        self._box = ImapBox(plain, endpoint, credentials, self._tls, self._read_s)

    def _leave(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            box.close()

    def _abort(self) -> None:
        box = self._box
        if box is not None:
            box.abort()

    async def _do(self, work: Callable[[], Got]) -> Got:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Got] = loop.create_future()

        def job() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - all of it is told to who asked
                _tell(loop, done, None, _explained(error))
            else:
                _tell(loop, done, result, None)

        self._work.put(job)
        try:
            return await done
        except asyncio.CancelledError:
            self._abort()
            raise

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            job()


def _explained(error: Exception) -> Exception:
    """ChannelError for what the other side did; what is a bug of ours stays one."""
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, IMAPClientError) and not isinstance(error, IMAPClientAbortError):
        words = " ".join(str(error).split())
        if "OVERQUOTA" in words:
            return MailTrouble("quota", words, permanent=True)
        return ChannelError(words[:200], permanent=True)
    if isinstance(error, (IMAPClientError, OSError, EOFError)):
        return imap_trouble(error)
    return error


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    def settle() -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle)


_STACKS = threading.Lock()


def _small_thread(run: Callable[[], None], name: str) -> threading.Thread:
    """A started thread; the size of stacks is the process's, so it is put back."""
    made = threading.Thread(target=run, name=name, daemon=True)
    with _STACKS:
        before = threading.stack_size(STACK_BYTES)
        try:
            made.start()
        finally:
            threading.stack_size(before)
    return made
