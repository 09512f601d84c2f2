"""What a supervisor reads of a call, line by line."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from cti.storage.corrections import Correction
from cti.storage.journal import CallRow, LegRow
from cti.storage.waits import Stay
from web.course import course

MOSCOW = ZoneInfo("Europe/Moscow")
NONE: dict[str, Any] = dict.fromkeys(CallRow.__dataclass_fields__)
ROW: dict[str, Any] = NONE | {
    "id": "1.1", "direction": "inbound", "number": "+79355550101", "queue": "sales", "started_at": 0.0,
    "answered_at": 12.0, "ended_at": 80.0, "outcome": "answered", "released_by": "called", "cause": 16,
    "legs": (), "waits": (), "corrections": (), "notes": (), "transfers": (), "conferences": (),
    "open": False,
}  # fmt: skip
ANNA = LegRow(
    leg="PJSIP/101-1", leg_id="1.2", device="PJSIP/101", user_id=1, user_name="Анна", rang_at=5.0, answered_at=12.0,
    ended_at=80.0, result="talked", cause=16, talk_s=61.0, hold_s=7.0,
)  # fmt: skip


def said(language: str = "ru", **values: Any) -> list[str]:
    return [text for _, _, text in course(CallRow(**(ROW | values)), language, MOSCOW)]


def test_a_call_is_told_from_its_beginning_to_who_hung_up() -> None:
    stays = (
        Stay(queue="vip", joined_at=1.0, left_at=2.0, how="full", position=None),
        Stay(queue="sales", joined_at=2.0, left_at=12.0, how="answered", position=1),
    )
    assert said(legs=(ANNA,), waits=stays) == [
        "Начало звонка: +7 935 555-01-01",
        "Ждёт в очереди «vip»",
        "Покинул очередь «vip»: она заполнена",
        "Ждёт в очереди «sales»",
        "Звонит у: Анна",
        "Ответ: Анна",
        "Анна: разговор 1 мин 1 с, удержание 7 с",
        "Звонок окончен: отвечен; трубку положила вызванная сторона",
    ]


def test_a_talk_of_three_has_its_people_and_its_time() -> None:
    stretch = {"began": 20.0, "ended": 55.0, "legs": ["PJSIP/trunk-0", "PJSIP/101-1"]}
    [line] = [text for text in said(legs=(ANNA,), conferences=(stretch,)) if "вместе" in text]
    assert line == "Говорят вместе: +7 935 555-01-01, Анна; 35 с"
    assert "Talk together: +7 935 555-01-01, Анна" in said("en", legs=(ANNA,), conferences=(stretch | {"ended": None},))


def test_a_cause_that_says_more_is_said() -> None:
    assert (
        said("en", answered_at=None, outcome="busy", cause=17)[-1]
        == "The call is over: busy; the called side hung up (busy)"
    )
    assert said("en", outcome="failed", released_by="pbx", cause=99)[-1].endswith("; the PBX ended it (code 99)")


def test_an_unseen_end_has_two_times_or_one() -> None:
    unseen: dict[str, Any] = {"ended_at": None, "released_by": None, "outcome": "unfinished", "reason": "gap"}
    assert said(**unseen, unseen_since=3600.0, unseen_until=3661.0)[-1] == (
        "Звонок закончился незамеченным, между 04:00:00 и 04:01:01"
    )
    assert said("en", **unseen, unseen_since=3600.0)[-1] == "The call ended unseen, after 04:00:00"


def test_corrections_stand_at_their_time() -> None:
    by_anna = Correction(at=90.0, user_id=1, user_name="Анна", field="client", was=None, became="Гранит")
    learned = Correction(at=91.0, user_id=None, user_name="", field="outcome", was="unfinished", became="answered")
    assert said(corrections=(by_anna, learned))[-2:] == [
        "Анна: указан клиент звонка, был «неизвестно», стал «Гранит»",
        "Исправлено: исход был «конец не виден», стал «отвечен»",
    ]
