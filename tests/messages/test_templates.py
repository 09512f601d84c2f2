"""Templates understand a closed list of fields and nothing else (SEC-18)."""

from __future__ import annotations

from datetime import date

import pytest

from cti.messages.outgoing import GIVE_UP_S, answer_people, answer_subject, next_try, party, thread
from cti.messages.plain_part import plain_part
from cti.messages.templates import PLAIN, Money, fields_of, fill, strangers

INSIDE = (
    "7*7", "''.__class__.__mro__", "self.__init__.__globals__", "config", "request.application", "cycler.__init__",
    "lipsum.__globals__['os'].popen('id').read()", "range(10**9)", "'a'*10**9", "x for x in ()", "client", "client.",
    "client.__class__", "client.name.__class__", "client.name|upper", "client.name()", "client.name[0]",
    "client.property.", "client.property.x", "client.property.-1", "client.property.1e3", "client.property.1.2",
    "manager.password", "my.password_hash", "settings.secret", "__import__('os')", "open('/etc/passwd')",
    "lambda: 0", "% raw %", "#", "!", "client.name\n", "client name", "Client.Name", "client.name;",
    "\u00adclient.name",
    "client.nаme", "{client.name}", "client.name:>99999999", "client.name!r", "0", "", " ", "." * 70,
)  # fmt: skip
AROUND = (
    "${client.name}", "#{client.name}", "<%= 7*7 %>", "{% for x in range(10**9) %}x{% endfor %}", "{{{{client.name",
    "{client.name}", "%(client.name)s", "$client.name", "{0.__class__}", "{{client.name", "client.name}}", "{{}}",
    "{#{{client.name#}", "[[client.name]]", "@client.name@", "<?php echo 1 ?>",
)  # fmt: skip
PAYLOADS = [f"{{{{{one}}}}}" for one in INSIDE] + list(AROUND)


@pytest.mark.parametrize("form", ["html", "text", "line"])
def test_SEC_18_sixty_payloads_are_only_text(form: str) -> None:
    assert len(PAYLOADS) >= 60
    for text in PAYLOADS:
        filled = fill(text, {"client.name": "Х"}, form=form, language="ru")  # type: ignore[arg-type]
        assert filled.text.replace("Х", "{{client.name}}") == text, text


def test_SEC_18_what_is_put_in_is_not_looked_at_again_and_no_template_makes_much_of_little() -> None:
    values = {"client.name": "{{my.name}}<script>\r\nBcc: x", "my.name": "Анна"}
    html = fill("<p>{{client.name}}</p>", values, form="html", language="ru").text
    assert html == "<p>{{my.name}}&lt;script&gt;<br>Bcc: x</p>"
    assert fill("{{client.name}}", values, form="line", language="ru").text == "{{my.name}}<script> Bcc: x"
    with pytest.raises(ValueError):
        fill("{{client.name}}" * 6000, {"client.name": "x" * 400}, form="text", language="ru")


def test_what_is_no_field_is_told_when_a_template_is_saved() -> None:
    assert strangers(frozenset({3}), "{{client.name}} {{ client.property.3 }}", "{{my.name}}") == ()
    assert strangers(frozenset({3}), "{{client.property.4}} {{7*7}}") == ("{{client.property.4}}", "{{7*7}}")
    assert fields_of("{{client.name}} {{ my.name }} {{client.name}}") == ("client.name", "my.name")
    assert all(fields_of(f"{{{{{one}}}}}") == (one,) for one in PLAIN)


def test_dates_and_sums_are_said_in_the_templates_language_and_what_is_missing_stays() -> None:
    values = {"contract.ends_on": date(2026, 12, 31), "contract.amount": Money(amount=123_456_750, currency="RUB")}
    text = "до {{contract.ends_on}}, {{contract.amount}}, {{contract.number}}"
    said = fill(text, values, form="text", language="ru")
    assert " ".join(said.text.split()) == "до 31 декабря 2026 г., 1 234 567,50 ₽, {{contract.number}}"
    assert said.missing == ("contract.number",)
    assert "December 31, 2026" in fill(text, values, form="text", language="en").text


def test_an_answer_goes_to_whom_it_should() -> None:
    ours = frozenset({"sales@romashka.example"})
    came = [
        party("from", "Pyotr@Alkhimov.example", "Пётр"), party("to", "sales@romashka.example"),
        party("to", "irina@alkhimov.example"), party("cc", "boss@alkhimov.example"),
        party("cc", "pyotr@alkhimov.example"),
    ]  # fmt: skip
    assert [one.address for one in answer_people("reply", came, ours)] == ["Pyotr@Alkhimov.example"]
    everybody = [(one.role, one.folded) for one in answer_people("all", came, ours)]
    assert everybody == [
        ("to", "pyotr@alkhimov.example"), ("cc", "irina@alkhimov.example"), ("cc", "boss@alkhimov.example"),
    ]  # fmt: skip
    sent = [party("from", "sales@romashka.example"), party("to", "pyotr@alkhimov.example")]
    assert [one.folded for one in answer_people("reply", sent, ours)] == ["pyotr@alkhimov.example"]
    assert [answer_subject(one, "reply") for one in ("Прайс", "RE: Re[2]: Ответ: Прайс")] == ["Re: Прайс"] * 2
    assert answer_subject("Re: Прайс", "forward") == "Fwd: Прайс"


def test_retries_end_after_two_days_and_references_keep_their_first() -> None:
    waits = [next_try(tries, 0.0, 0.0) for tries in range(1, 7)]
    assert waits == [60, 300, 900, 3600, 3600, 3600]
    assert next_try(50, 0.0, GIVE_UP_S - 1) is None
    row = thread("last@x", [f"{n}@x" for n in range(80)])
    assert (row[0], row[-1], len(row)) == ("0@x", "last@x", 50)


def test_the_plain_part_reads_as_people_write() -> None:
    html = '<p>Раз<br>два</p><ol><li>а</li><li>б</li></ol><a href="https://x.example">https://x.example</a>'
    assert plain_part(html) == "Раз\nдва\n\n1. а\n2. б\nhttps://x.example"
