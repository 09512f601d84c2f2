"""Telephone links of other pages arrive at a page that asks; nothing is dialled by an address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.web.panel import Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("link", "dials"),
    [
        ("tel:+7-935-555-01-01", "+79355550101"),
        ("tel:8(935)5550101", "+79355550101"),
        ("callto://+79355550101", "+79355550101"),
        ("sip:+79355550101@pbx.example;user=phone", "+79355550101"),
        ("tel:+79355550101;ext=12", "+79355550101 доб. 12"),
        ("tel:%2B79355550101", "+79355550101"),
        ("102", "102"),
    ],
)
async def test_a_link_of_any_form_is_asked_about(running: Panel, link: str, dials: str) -> None:
    async with Visitor(running, "anna") as anna:
        answer = await anna.get(f"/dial?to={quote(link)}")
        text = answer.text
        assert answer.status == 200
        assert f'data-dial="{dials}"' in text


@pytest.mark.parametrize("link", ["", "tel:", "javascript:alert(1)", "tel:<b>1</b>", "x" * 5000])
async def test_what_is_no_number_is_said_so(running: Panel, link: str) -> None:
    async with Visitor(running, "anna") as anna:
        answer = await anna.get(f"/dial?to={quote(link)}")
        text = answer.text
        assert answer.status == 200
        assert 'id="dial-confirm"' in text
        assert "data-dial=" not in text.partition('id="dial-confirm"')[2].partition("</section>")[0]
        assert "<b>1</b>" not in text
