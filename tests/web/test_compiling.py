"""Templates are compiled by a process of their own, and the server takes over what it made."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import NoReturn

import aiohttp_jinja2
import pytest
from aiohttp import web

from web import render
from web.compiling import compile_ahead


async def test_the_server_compiles_no_template_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    app = web.Application()
    render.set_up(app)
    environment = aiohttp_jinja2.get_env(app)
    monkeypatch.setattr(environment, "compile", _refused)
    await compile_ahead(app, after_s=0.0)
    assert environment.cache is not None
    assert len(environment.cache) == len(environment.list_templates(extensions=["html"])) > 100
    assert environment.bytecode_cache is None
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


def _refused(*_given: object, **_named: object) -> NoReturn:
    raise AssertionError("a template is compiled here")
