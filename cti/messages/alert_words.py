"""What an alert says in letters and SMS, in the language of whom it reaches. PURE."""

from __future__ import annotations

from collections.abc import Mapping

WATCHED: Mapping[str, Mapping[str, str]] = {
    "en": {
        "level": "service level {value} %", "longest-wait": "longest wait {value} s", "waiting": "waiting: {value}",
        "abandoned": "hung up in half an hour: {value}", "nobody-ready": "nobody is ready",
        "unreachable": "telephones out of reach: {value}", "pbx": "the PBX is lost", "mailbox": "mailbox in trouble",
        "gateway": "SMS gateway in trouble",
    },
    "ru": {
        "level": "уровень сервиса {value} %", "longest-wait": "дольше всех ждут {value} с", "waiting": "ждут: {value}",
        "abandoned": "положили трубку за полчаса: {value}", "nobody-ready": "нет готовых операторов",
        "unreachable": "телефонов вне связи: {value}", "pbx": "связь с АТС потеряна",
        "mailbox": "неполадка почтового ящика", "gateway": "неполадка SMS-шлюза",
    },
}  # fmt: skip
HEADS: Mapping[str, Mapping[str, str]] = {
    "en": {"began": "Alert", "again": "Alert, nobody has seen to it", "ended": "Over", "trial": "Trial"},
    "ru": {"began": "Тревога", "again": "Тревога, ею никто не занялся", "ended": "Отбой", "trial": "Проверка"},
}


def sentence(language: str, *, what: str, rule: str, watched: str, subject: str, value: float, trial: bool) -> str:
    """`Alert: sales – waiting: 7 (Evening rule)`."""
    own = language if language in HEADS else "en"
    head = HEADS[own]["trial"] if trial else HEADS[own][what]
    return f"{head}: {matter(language, rule=rule, watched=watched, subject=subject, value=value)}"


def matter(language: str, *, rule: str, watched: str, subject: str, value: float) -> str:
    """`sales – waiting: 7 (Evening rule)`."""
    said = WATCHED[language if language in HEADS else "en"][watched].replace("{value}", f"{value:g}")
    return f"{subject} – {said} ({rule})"
