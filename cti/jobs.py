"""Heavy work in a process of its own: the event loop stays free, and what dies there dies alone.

The process is `cti/cli/work.py`. It is told its job in one line of JSON on its input, and ends by itself when
that input closes: with the server, however that dies. It answers in lines of JSON, and is done when one says so.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec

from cti.errors import CtiError, Refused
from cti.processes import ended

LINE_MOST = 8 << 20
ROOT = str(Path(__file__).resolve().parent.parent)  # the process takes its code from where this comes from
BEGIN = (  # all that is loaded stays: the collector need not walk it while it grows
    f"import gc, sys; gc.disable(); sys.path.insert(0, {ROOT!r}); from cti.cli.work import main; gc.enable(); main()"
)
Said = dict[str, Any]


class JobLost(CtiError):
    """The process ended without an answer."""


class Jobs:
    """Runs jobs. common: what each of them is told beside its own: the database, the plan of numbers, the zone."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = common

    async def done(self, what: str, **asked: Any) -> Any:
        """What a job says at its end. Raises as `run` does."""
        async with aclosing(self.run(what, **asked)) as said:
            async for one in said:
                if "done" in one:
                    return one["done"]
        raise JobLost("The work was interrupted: try again.")

    async def run(self, what: str, **asked: Any) -> AsyncGenerator[Said, None]:
        """What the process says, line by line; the last one has `done`. Closing it early ends the process.

        Raises Refused as the process did, JobLost where it ended without a word.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BEGIN, stdin=PIPE, stdout=PIPE, limit=LINE_MOST
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode({**self._common, **asked, "what": what}) + b"\n")
            await process.stdin.drain()
            while line := await process.stdout.readline():
                said: Said = msgspec.json.decode(line)
                if "refusal" in said:
                    raise Refused(said["refusal"], said["message"])
                yield said
                if "done" in said:
                    return
            raise JobLost("The work was interrupted: try again.")
        except ConnectionError as error:
            raise JobLost("The work was interrupted: try again.") from error
        finally:
            await ended(process)


def say(said: Said) -> None:
    """What the process tells the server."""
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()
