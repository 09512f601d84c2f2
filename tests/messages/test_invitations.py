"""Invitations are read whatever program sent them, and answered in the form that all of them take."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from cti.messages.invitations import answer, invitation

MOSCOW = ZoneInfo("Europe/Moscow")
OUTLOOK = r"""BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Ekaterinburg Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN="Петров, Алексей":MAILTO:sales@alkhimov.example
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Поддержка:mailto:support@house.example
SUMMARY;LANGUAGE=ru-RU:Договор\, цены
DTSTART;TZID=Ekaterinburg Standard Time:20260914T110000
DTEND;TZID=Ekaterinburg Standard Time:20260914T123000
UID:040000008200E00074C5B7101A82E008
SEQUENCE:2
LOCATION:Переговорная 2
RRULE:FREQ=WEEKLY;COUNT=3
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
"""
HEAD, TAIL = (
    "BEGIN:VCALENDAR\nMETHOD:{}\nBEGIN:VEVENT\nUID:1\nORGANIZER:mailto:a@b.example\n",
    "END:VEVENT\nEND:VCALENDAR\n",
)


def test_an_invitation_of_Outlook_is_read_in_its_own_zone() -> None:
    found = invitation(OUTLOOK, MOSCOW)
    assert found is not None
    assert (found.summary, found.place, found.repeats, found.asks) == ("Договор, цены", "Переговорная 2", True, True)
    assert (found.organizer, found.organizer_name) == ("sales@alkhimov.example", "Петров, Алексей")
    assert (found.begins, found.ends - found.begins) == (1789365600.0, 5400.0)
    assert [(one.name, one.address, one.state) for one in found.guests] == [
        ("Поддержка", "support@house.example", "accepted")
    ]


@pytest.mark.parametrize(
    ("lines", "begins", "lasts", "whole"),
    [
        ("DTSTART:20260914T060000Z\nDURATION:PT45M\n", 1789365600.0, 2700.0, False),
        ("DTSTART:20260914T090000\nDTEND:20260914T100000\n", 1789365600.0, 3600.0, False),  # of the house's zone
        ("DTSTART;VALUE=DATE:20260914\n", 1789333200.0, 86400.0, True),
        ("DTSTART:20260914T060000Z\n", 1789365600.0, 0.0, False),
    ],
)
def test_times_of_every_kind(lines: str, begins: float, lasts: float, whole: bool) -> None:
    found = invitation(HEAD.format("REQUEST") + lines + TAIL, MOSCOW)
    assert found is not None
    assert (found.begins, found.ends - found.begins, found.whole_days) == (begins, lasts, whole)


def test_an_answer_names_the_event_and_who_answers() -> None:
    said = answer(OUTLOOK, address="support@house.example", name='Ромашка\n"продажи"', how="declined", now=1789300000.0)
    back = invitation(said, MOSCOW)
    assert back is not None
    assert (back.method, back.uid, back.begins) == ("reply", "040000008200E00074C5B7101A82E008", 1789365600.0)
    assert [(one.address, one.state) for one in back.guests] == [("support@house.example", "declined")]
    assert "SEQUENCE:2" in said
    assert "VALARM" not in said
    assert "RRULE" not in said


@pytest.mark.parametrize(
    "calendar",
    [
        "",
        "x",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" * 500,
        HEAD.format("REQUEST") + "DTSTART:yesterday\n" + TAIL,
        HEAD.format("REQUEST") + "DTSTART;TZID=Nowhere/None:20260914T110000\nDTEND:99999999T999999\n" + TAIL,
        HEAD.format("REQUEST") + "x" * 70_000 + TAIL,
        "BEGIN:VCARD\nVERSION:3.0\nFN:x\nN:x\nEND:VCARD",
    ],
)
def test_what_is_no_invitation_is_none(calendar: str) -> None:
    assert invitation(calendar, MOSCOW) is None


def test_a_cancelled_one_and_an_answer_wait_for_nothing() -> None:
    for method in ("CANCEL", "REPLY", "PUBLISH"):
        found = invitation(HEAD.format(method) + "DTSTART:20260914T060000Z\n" + TAIL, MOSCOW)
        assert found is not None
        assert (found.method, found.asks) == (method.lower(), False)
