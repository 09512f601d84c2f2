"""Settings of telephones: strict readers of each format find exactly what was meant, whatever names hold."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.phones import LABEL_CHARS, WRITERS, Account, Kind, file_name, mac_of, settings_file
from tests.dialplan.test_files import NAMES

ANNA = Account(
    user="101", secret="dGhpcy1pcy1z.ZWNyZXQ", extension="101", name="Анна", server="10.0.1.5", voicemail="*97"
)
MAC = "001565aabbcc"
LINPHONE = "{http://www.linphone.org/xsds/lpconfig.xsd}"
NAME = st.one_of(st.text(max_size=200), st.sampled_from(NAMES))


def read(kind: Kind, text: str) -> dict[str, str]:
    """Key -> value; anything that the format does not know fails."""
    if kind == "yealink":
        first, *lines, last = text.split("\n")
        assert (first, last) == ("#!version:1.0.0.1", "")
        pairs = []
        for line in lines:
            found = re.fullmatch(r"([a-z][a-z0-9_.]*) = (\S|\S.*\S)", line)
            assert found, line
            pairs.append((found[1], "" if found[2] == "%NULL%" else found[2]))
    elif kind == "grandstream":
        root = ElementTree.fromstring(text)
        assert (root.tag, root.attrib, [one.tag for one in root]) == (
            "gs_provision",
            {"version": "1"},
            ["mac", "config"],
        )
        assert root[0].text == MAC
        assert all(re.fullmatch(r"P\d+", one.tag) and not len(one) for one in root[1])
        pairs = [(one.tag, one.text or "") for one in root[1]]
    else:
        root = ElementTree.fromstring(text)
        assert root.tag == f"{LINPHONE}config"
        assert all(one.tag == f"{LINPHONE}section" for one in root)
        pairs = [(f"{one.get('name')}/{entry.get('name')}", entry.text or "") for one in root for entry in one]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def shown(name: str) -> str:
    """What of a name one line can show."""
    clean = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+", " ", name)
    return " ".join(clean.split())[:LABEL_CHARS].strip()


@pytest.mark.parametrize("kind", WRITERS)
def test_each_file_says_who_the_phone_is(kind: Kind) -> None:
    found = read(kind, settings_file(kind, ANNA, MAC))
    where = {
        "yealink": ("account.1.user_name", "account.1.password", "account.1.sip_server.1.address"),
        "grandstream": ("P35", "P34", "P47"),
        "linphone": ("auth_info_0/username", "auth_info_0/passwd", "auth_info_0/domain"),
    }[kind]
    user, secret, server = (found[one] for one in where)
    assert (user, secret) == ("101", ANNA.secret)
    assert server in ("10.0.1.5", "10.0.1.5:5060")


@given(name=NAME)
def test_a_hostile_name_stays_one_value(name: str) -> None:
    for kind in WRITERS:
        plain = read(kind, settings_file(kind, ANNA, MAC))  # type: ignore[arg-type]
        found = read(kind, settings_file(kind, replace(ANNA, name=name), MAC))  # type: ignore[arg-type]
        assert found.keys() == plain.keys()
        differ = {key for key in plain if found[key] != plain[key]}
        assert differ <= {"account.1.label", "account.1.display_name", "P270", "P3", "proxy_0/reg_identity"}
        if kind != "linphone" and shown(name) != "%NULL%":
            assert found[{"yealink": "account.1.display_name", "grandstream": "P3"}[kind]] == shown(name)
        elif kind == "linphone":
            assert re.fullmatch(r'"[^"\\]*" <sip:101@10\.0\.1\.5>', found["proxy_0/reg_identity"])


@pytest.mark.parametrize(
    "change",
    [
        {"user": "101\naccount.2.enable = 1"}, {"user": ""}, {"server": "a b"}, {"server": "h\nx = 1"}, {"server": ""},
        {"server": "a/b"}, {"port": 0}, {"secret": "short"}, {"secret": "has space in it"},
        {"secret": "line\nbreaks-it"},
        {"extension": "1 0"}, {"voicemail": "*97\nx"}, {"transport": "carrier-pigeon"},
    ],
)  # fmt: skip
def test_what_is_no_account_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        replace(ANNA, **change)  # type: ignore[arg-type]


def test_addresses_in_the_network_in_any_spelling() -> None:
    for spelling in ("00:15:65:AA:BB:CC", "0015.65aa.bbcc", "00-15-65-aa-bb-cc", " 001565AABBCC "):
        assert mac_of(spelling) == MAC
    for none in ("", "00:15:65", "00:15:65:AA:BB:CG", "../../etc/passwd", "001565aabbccdd"):
        assert mac_of(none) is None
    assert [file_name("yealink", MAC), file_name("grandstream", MAC)] == [f"{MAC}.cfg", f"cfg{MAC}.xml"]
    with pytest.raises(ValueError):
        file_name("yealink", "../x")
