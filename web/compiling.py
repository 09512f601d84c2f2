"""All templates, compiled in a process of their own soon after a start: `python -m web.compiling FOLDER`.

The first look at a page then holds nobody up (0.1 s each), nor does the compiling itself: five seconds of a processor,
which threads of the server would take from the cards of ringing calls.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp_jinja2
import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemBytecodeCache

from cti.processes import ended
from web import render

AHEAD_S = 15.0
NICE = 19

log = structlog.get_logger()


async def compile_ahead(app: web.Application, *, after_s: float = AHEAD_S) -> None:
    """after_s: a server that starts has better things to do. What could not be compiled is, when it is asked for."""
    environment = aiohttp_jinja2.get_env(app)
    await asyncio.sleep(after_s)
    with TemporaryDirectory(prefix="trubka-templates-") as folder:
        try:
            if code := await _compiled(folder):
                log.warning("templates are compiled as they are asked for", reason=f"exit code {code}")
                return
            before, environment.bytecode_cache = environment.bytecode_cache, FileSystemBytecodeCache(folder)
            try:
                for name in await asyncio.to_thread(_names, environment):
                    await asyncio.to_thread(environment.get_template, name)
            finally:
                environment.bytecode_cache = before
        except OSError as error:
            log.warning("templates are compiled as they are asked for", reason=str(error))


async def _compiled(folder: str) -> int:
    """Compile all into a folder; the exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.compiling",
        folder,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
    )
    try:
        return await process.wait()
    finally:
        await ended(process)


def _names(environment: Environment) -> list[str]:
    return environment.list_templates(extensions=["html"])


def main(folder: str) -> None:
    """Compile all templates as the server does, whenever nobody else wants the processor."""
    os.nice(NICE)
    app = web.Application()
    render.set_up(app)
    environment = aiohttp_jinja2.get_env(app)
    environment.bytecode_cache = FileSystemBytecodeCache(folder)
    for name in _names(environment):
        environment.get_template(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
