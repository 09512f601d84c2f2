"""What is pasted into Asterisk's own files: whole for an empty one, looked for in one that somebody wrote."""

from __future__ import annotations

from dialplan.files import INCLUDED_BY, Site
from dialplan.paste import Need, pastes

SITE = Site(agi="127.0.0.1:4573", caller_id="74950000010", secrets={})


def test_a_file_with_all_of_it_lacks_nothing_and_an_empty_one_everything() -> None:
    for one in pastes(SITE):
        assert one.lacking(one.text()) == ()
        assert one.lacking("") == (*((one.include,) if one.include else ()), *one.needs)
    assert {one.file for one in pastes(SITE, browsers=False)} == {*INCLUDED_BY.values(), "confbridge.conf"}


def test_what_somebody_wrote_is_read_as_asterisk_does() -> None:
    (voicemail,) = (one for one in pastes(SITE) if one.file == "voicemail.conf")
    own = "[general]\nformat=>wav49 ; smaller\n;passwordlocation=spooldir\n; #include trubka_voicemail.conf\n"
    include, format_, place = voicemail.lacking(own)
    assert include == '#tryinclude "trubka_voicemail.conf"'
    assert [one.key for one in (format_, place) if isinstance(one, Need)] == ["format", "passwordlocation"]
    (pjsip,) = (one for one in pastes(SITE) if one.file == "pjsip.conf")
    other = pjsip.text().replace("0.0.0.0", "192.0.2.1")
    assert pjsip.lacking(other) == (), "the admin's own address"
