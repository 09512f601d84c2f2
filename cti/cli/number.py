"""`cti number`: how a number is read, step by step: the own plan first, then the world's.

For whoever wonders why a card did not come: what was typed, each rule that was tried, what it gave, and the result as
the client base keeps it. Nothing is dialled and nobody is looked up.
"""

from __future__ import annotations

import json
import locale
from dataclasses import asdict
from typing import Literal

import click
import phonenumbers

from cti.cli import examples, settings_of
from cti.telephony.numbering import Number, NumberPlan, explain, show

Language = Literal["en", "ru"]
RULES: dict[str, tuple[str, str]] = {
    "several": ("several numbers in one field", "в поле несколько номеров"),
    "cleaned": ("cleaned of invisible characters", "без невидимых знаков"),
    "uri": ("taken out of an address", "взят из адреса"),
    "hidden": ("hidden or empty: never looked up", "скрыт или пуст: никогда не ищется"),
    "extension": ("extension", "добавочный"),
    "letters": ("has letters: not a number", "есть буквы: не номер"),
    "too-long": ("too many digits", "слишком много цифр"),
    "too-short": ("too few digits", "слишком мало цифр"),
    "internal": ("own plan: an internal number", "свой план: внутренний номер"),
    "not-internal": ("own plan: not internal, the rule is", "свой план: не внутренний, правило"),
    "area-code": ("local digits, area code added", "местный номер, добавлен код города"),
    "double-zero": ("00 instead of +", "00 вместо +"),
    "prefix-810": ("810 instead of +", "810 вместо +"),
    "plus": ("international, with +", "международный, с +"),
    "national": ("national", "междугородный"),
    "without-plus": ("another country's, without +", "номер другой страны без +"),
}
WORDS: dict[str, tuple[str, str]] = {
    "result": ("result", "итог"),
    "unreadable": ("not a number", "не номер"),
    "hidden": ("hidden", "скрыт"),
    "internal": ("internal", "внутренний"),
    "extension": ("extension", "доб."),
    "valid": ("in service as far as the library knows", "известен библиотеке"),
    "possible": ("possible, its range is not known", "возможен, диапазон не известен"),
}


@click.command(
    epilog=examples(
        'cti number "8 (495) 000-00-00 доб. 12"',
        "cti number 101 --internal '[1-3][0-9]{2}'",
        "cti number 2345678 --area-code 812 --language ru",
        "cti number --json 375291234567",
    )
)
@click.argument("text")
@click.option("--region", metavar="XX", help="Country of the installation; else that of the settings.")
@click.option("--area-code", metavar="DIGITS", help="Code added to local numbers; else that of the settings.")
@click.option("--internal", metavar="REGEX", help="What an internal number is; else that of the settings.")
@click.option("--language", type=click.Choice(["en", "ru"]), help="Else that of the environment.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per step.")
@click.pass_context
def command(
    ctx: click.Context,
    text: str,
    region: str | None,
    area_code: str | None,
    internal: str | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Explain how TEXT is read as a telephone number."""
    numbers = settings_of(ctx).numbers
    plan = NumberPlan(
        region=region or numbers.region,
        area_code=numbers.area_code if area_code is None else area_code,
        internal=internal or numbers.internal,
    )
    column = 1 if (language or _language()) == "ru" else 0
    for step in explain(text, plan):
        if as_json:
            click.echo(json.dumps(asdict(step), ensure_ascii=False))
        elif step.number is not None:
            click.echo(f"= {WORDS['result'][column]}: {_result(step.number, plan, column)}")
        else:
            click.echo(f"  {RULES[step.rule][column]}: {step.text}")


def _language() -> Language:
    code = (locale.setlocale(locale.LC_MESSAGES) or "").lower()
    return "ru" if code.startswith("ru") else "en"


def _result(number: Number, plan: NumberPlan, column: int) -> str:
    if number.kind == "unreadable":
        return WORDS["unreadable"][column]
    if number.kind == "hidden":
        return WORDS["hidden"][column]
    extension = f", {WORDS['extension'][column]} {number.extension}" if number.extension else ""
    if number.e164 is None:
        return f"{number.internal} ({WORDS['internal'][column]}){extension}"
    found = phonenumbers.parse(number.e164)
    known = "valid" if phonenumbers.is_valid_number(found) else "possible"
    country = phonenumbers.region_code_for_number(found) or f"+{found.country_code}"
    return f"{number.e164} ({show(number.e164, plan.region)}; {country}; {WORDS[known][column]}){extension}"
