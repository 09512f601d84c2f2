"""Recordings without people: consistent within a file, and nothing personal left."""

from __future__ import annotations

from cti.channels.phone.anonymise import Anonymiser

EVENT: dict[str, str | list[str]] = {
    "Event": "Newchannel",
    "Channel": "PJSIP/trunk-00000001",
    "Uniqueid": "1763890000.12",
    "CallerIDNum": "79355551234",
    "CallerIDName": "Иванов Пётр",
    "ConnectedLineNum": "+79355551234",
    "Exten": "74950000001",
    "AccountCode": "",
    "Address": "10.20.30.40",
    "ChanVariable": ["SECRET=1"],
}


def test_numbers_and_names_go_and_the_rest_stays() -> None:
    told = Anonymiser().headers(EVENT)
    assert "5551234" not in str(told)
    assert "Иванов" not in str(told)
    assert "10.20.30.40" not in str(told)
    assert "ChanVariable" not in told
    assert (told["Uniqueid"], told["Channel"]) == ("1763890000.12", "PJSIP/trunk-00000001")


def test_the_same_number_becomes_the_same_other_in_every_spelling() -> None:
    hide = Anonymiser()
    told = hide.headers(EVENT)
    assert str(told["ConnectedLineNum"]).endswith(str(told["CallerIDNum"]))
    assert hide.headers({"CallerIDNum": "89355551234"})["CallerIDNum"][-10:] == told["CallerIDNum"][-10:]
    assert hide.headers({"CallerIDNum": "101"})["CallerIDNum"] == "101"


def test_different_people_stay_different() -> None:
    hide = Anonymiser()
    names = {str(hide.headers({"CallerIDName": n})["CallerIDName"]) for n in ("Anna", "Boris", "Anna", "<unknown>")}
    assert names == {"Person 1", "Person 2", "<unknown>"}


def test_what_the_dialplan_tells_of_a_client_is_left_out() -> None:
    told = Anonymiser().headers({"Event": "UserEvent", "UserEvent": "Trubka", "Channel": "PJSIP/1-1", "inn": "Иванов"})
    assert told == {"Event": "UserEvent", "UserEvent": "Trubka", "Channel": "PJSIP/1-1"}
    stay = {"Event": "UserEvent", "UserEvent": "TrubkaQueue", "Queue": "sales", "Status": "FULL"}
    assert Anonymiser().headers(stay) == stay
