"""A number's way said in a line, in both languages."""

from __future__ import annotations

from dataclasses import replace

from dialplan.plan import Plan
from tests.dialplan.house import HOUSE
from web.dialplan_way import way_in_words


def test_a_way_is_said_as_an_admin_would() -> None:
    titled = replace(HOUSE, queues=(replace(HOUSE.queues[0], title="Продажи"),), boxes=())
    assert way_in_words(titled, "when", "ru") == (
        "Пн-Пт 9:00-18:00: (меню 1 → (Продажи, ждать 2 с → перезвон по клавише 1 → конец; иначе голосовая почта); "
        "2 → Клара, 2 с → голосовая почта; 3 → на 79355550101, 2 с → голосовая почта; "
        "иначе менеджер клиента → голосовая почта); "
        "в праздники объявление beep → голосовая почта; иначе голосовая почта"
    )
    assert way_in_words(HOUSE, "sales", "en").endswith("call-back by key 1 → the end; otherwise voicemail Общий ящик")


def test_a_way_that_comes_back_is_said_once_and_a_way_to_nowhere_ends() -> None:
    menu = next(one for one in HOUSE.nodes if one.id == "menu")
    again = replace(HOUSE, nodes=(replace(menu, choices=(("0", "menu"),), otherwise=""),))
    assert way_in_words(again, "menu", "en") == "menu 0 → as before: menu; otherwise the end"
    assert way_in_words(Plan(), "nowhere", "en") == "the end"
