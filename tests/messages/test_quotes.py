"""Quotations are told from what the writer says, whatever program and language put them there."""

from __future__ import annotations

import time

import pytest

from cti.messages.quotes import pieces

OWN = "Добрый день! Да, подходит."
HEADERS = {
    "gmail ru": "пн, 12 окт. 2026 г. в 10:00, Алексей Петров <sales@alkhimov.example>:",
    "gmail ru old": "12 октября 2026 г., 10:00 пользователь Алексей <sales@alkhimov.example> написал:",
    "gmail en": "On Mon, Oct 12, 2026 at 10:00 AM Alexey Petrov <sales@alkhimov.example> wrote:",
    "gmail wrapped": "On Mon, Oct 12, 2026 at 10:00 AM Alexey Petrov\n<sales@alkhimov.example> wrote:",
    "yandex": '12.10.2026, 10:00, "Алексей Петров" <sales@alkhimov.example>:',
    "mail.ru": "Понедельник, 12 октября 2026, 10:00 +03:00 от Алексей Петров <sales@alkhimov.example>:",
    "thunderbird ru": "12.10.2026 10:00, Алексей Петров пишет:",
    "thunderbird en": "On 12/10/2026 10:00, Alexey Petrov wrote:",
    "apple": "12 окт. 2026 г., в 10:00, Алексей Петров <sales@alkhimov.example> написал(а):",
    "the bat": "Вы писали 12 октября 2026 г., 10:00:04:",
    "ours": "12 октября 2026 г., 10:00, Поддержка <support@house.example> пишет:",
    "outlook ru": "От: Алексей Петров <sales@alkhimov.example>\n"
    "Отправлено: 12 октября 2026 г. 10:00\nКому: support\nТема: Прайс",
    "outlook en": "________________________________\nFrom: Alexey\n"
    "Sent: Monday, October 12, 2026 10:00 AM\nTo: support\nSubject: Price",
    "outlook old": "-----Original Message-----\nFrom: Alexey\nSent: Monday\nTo: support\nSubject: Price",
    "outlook web": "*From:* Alexey\n*Date:* Monday\n*To:* support\n*Subject:* Price",
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("sign", ["", "> "])
def test_what_stands_under_a_header_is_quoted(header: str, sign: str) -> None:
    text = f"{OWN}\n\n{header}\n\n{sign}Пришлите прайс.\n{sign}Спасибо."
    found = pieces(text)
    assert [one.quoted for one in found] == [False, True]
    assert found[0].text.strip() == OWN
    assert found[1].text.startswith(header)
    assert "\n".join(one.text for one in found) == text


def test_answers_between_quoted_lines_stay_in_sight() -> None:
    text = "> Когда привезёте?\nЗавтра.\n\n> А счёт?\n>> старое\n\nВ письме.\n-- \nАнна"
    assert [(one.quoted, one.text.strip()) for one in pieces(text)] == [
        (True, "> Когда привезёте?"),
        (False, "Завтра."),
        (True, "> А счёт?\n>> старое"),
        (False, "В письме.\n-- \nАнна"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        "",
        "> только цитата\n> и больше ничего",
        f"---------- Forwarded message ---------\nFrom: A\nDate: x\nSubject: y\nTo: z\n\n{OWN}",
        "Встреча 12.10.2026 в 10:00, адрес прежний:\nМосква",
        "От: Москвы до Тулы 180 км",
        "Мы писали вам вчера: ответа нет",
    ],
)
def test_a_letter_that_only_quotes_or_does_not_stays_whole(text: str) -> None:
    assert [(one.quoted, one.text) for one in pieces(text)] == [(False, text)]


def test_a_million_lines_are_gone_over_once() -> None:
    begun = time.process_time()
    assert len(pieces("On \n" * 100_000 + "x:" * 100_000)) == 1
    assert len(pieces(("a" * 399 + " wrote\n") * 2000)) == 1
    assert time.process_time() - begun < 3
