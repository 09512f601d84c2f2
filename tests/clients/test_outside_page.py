"""The address of another system's page: where it may lead, and what is filled in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from cti.clients.outside_page import OutsidePage


@pytest.mark.parametrize(
    "template",
    [
        "https://crm.example/clients?phone={phone}&id={client_id}",
        "https://crm.example:8443/#/c/{client_id}",
        "http://127.0.0.1:9000/?q={name}",
        "http://[::1]/{phone}",
        "http://localhost/?{inn}{call_id}{queue}{agent}",
    ],
)
def test_an_address_over_https_or_at_this_machine_is_taken(template: str) -> None:
    assert OutsidePage(template=template).fault() == ""


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("http://crm.example/?p={phone}", "bad-page-scheme"),
        ("http://localhost.crm.example/?p={phone}", "bad-page-scheme"),
        ("https://user:secret@crm.example/", "bad-page"),
        ("https://crm.example:0/", "bad-page-scheme"),
        ("https://crm.example:99999/", "bad-page-scheme"),
        ("javascript:alert({phone})", "bad-page"),
        ("//crm.example/?p={phone}", "bad-page"),
        ("https://{name}.example/", "bad-page"),
        ("https://crm.example{phone}/", "bad-page"),
        ("{phone}://crm.example/", "bad-page"),
        ("https://crm.example", "bad-page"),
        ("https://crm.example/ x", "bad-page"),
        ("https://crm.example/\n", "bad-page"),
        ("https://crm.example\\@evil.example/", "bad-page"),
        ("https://crm.example/" + "x" * 1000, "bad-page"),
        ("https://crm.example/?{password}", "bad-page-place"),
        ("https://crm.example/?{phone", "bad-page-place"),
        ("https://crm.example/?}{", "bad-page-place"),
        ("https://crm.example/?{{phone}}", "bad-page-place"),
    ],
)
def test_any_other_is_refused(template: str, fault: str) -> None:
    assert OutsidePage(template=template).fault() == fault


def test_what_is_filled_in_stays_in_its_place() -> None:
    page = OutsidePage(template="https://crm.example/c/{name}?p={phone}&q={queue}#{inn}")
    nasty = "../../x?a=b&p=1#f{phone}%00\r\n:@ Ромашка"
    address = page.address({"name": nasty, "phone": "+79355550101", "queue": nasty})
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path.count("/"), parts.fragment) == ("https", "crm.example", 2, "")
    assert parse_qs(parts.query) == {"p": ["+79355550101"], "q": [nasty]}
