"""What the frame of a letter is given: cleaned, its quotations folded, its numbers hidden from who may not see them."""

from __future__ import annotations

import time

import pytest

from cti.channels.email.showing import shown

GMAIL = (
    "<div dir=ltr>Да, подходит.</div><br><div class=gmail_quote><div class=gmail_attr>ср, 9 сент. 2026 г. в 15:20, "
    "Анна &lt;<a href='mailto:a@house.example'>a@house.example</a>&gt;:<br></div>"
    "<blockquote>Когда?</blockquote></div>"
)
OUTLOOK = (
    "<div class=WordSection1><p class=MsoNormal>Да, подходит.</p>"
    "<div><div style='border:none;border-top:solid #E1E1E1 1pt'>"
    "<p><b>От:</b> Анна<br><b>Отправлено:</b> 9 сентября<br><b>Кому:</b> Алексей<br><b>Тема:</b> Цены</p></div></div>"
    "<p>Когда?</p></div><p>после</p>"
)
YANDEX = (
    '<div>Да, подходит.</div><div>09.09.2026, 15:20, "Анна" &lt;a@house.example&gt;:</div>'
    "<blockquote>Когда?</blockquote>"
)


def show(html: str = "", text: str = "", **more: bool) -> str:
    asked = {"pictures": False, "hides": False} | more
    return shown(text, html, address="/x", fold="Earlier", **asked)


@pytest.mark.parametrize("html", [GMAIL, OUTLOOK, YANDEX], ids=["gmail", "outlook", "yandex"])
def test_a_quotation_is_folded_with_the_line_over_it(html: str) -> None:
    own, _, rest = show(html).partition("<details><summary>Earlier</summary>")
    folded, _, after = rest.partition("</details>")
    assert "Да, подходит." in own
    assert "Анна" in folded
    assert "Когда?" in folded
    assert ("после" in after) == (html == OUTLOOK)
    assert own.count("<div") == own.count("</div>") + folded.count("</div>") + after.count("</div>") - folded.count(
        "<div"
    )


def test_a_letter_that_is_nothing_but_a_quotation_is_open() -> None:
    assert "<details>" not in show("<blockquote>Всё письмо</blockquote>")


def test_styles_go_into_elements_and_what_asks_for_something_goes() -> None:
    html = (
        "<style>.a{color:red;background:url(http://x.example/a.png)} p{position:fixed}</style>"
        "<p class=a onclick=x>x</p>"
        "<div style='background:\\75rl(//x.example);font-size:12px'>y</div>"
        "<img src='http://x.example/a.png' alt=logo>"
    )
    assert show(html) == '<p style="color:red">x</p><div style="font-size:12px">y</div><img alt="logo">'
    assert 'src="/x/picture?url=http%3A%2F%2Fx.example%2Fa.png"' in show(html, pictures=True)


def test_words_have_their_links_and_no_markup() -> None:
    said = show(text="См. https://a.example/?x=1&y=<b>, пишите a@b.example.\n> было\n<script>")
    assert 'href="/x/link?to=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D" title="https://a.example/?x=1&amp;y="' in said
    assert 'href="/x/link?to=mailto%3Aa%40b.example"' in said
    assert "&lt;script&gt;" in said
    assert "<b>" not in said


def test_hidden_numbers_are_hidden_across_tags_titles_and_links() -> None:
    said = show(
        "<p title='8 935 555-01-01'>+7&nbsp;935 <b>555</b>-01-<i>01</i>, заказ 17</p><a href='https://wa.me/79355550101'>w</a>",
        hides=True,
    )
    assert "555" not in said
    assert "заказ 17" in said
    assert "wa.me" not in said
    assert "555" not in show(text="8 (935) 555-01-01", hides=True)


@pytest.mark.parametrize(
    "html", ["<p><b>" * 3000 + "From: x", "<blockquote>" * 2000, "<div>" * 500 + "x" * 100_000, "<a title='>'>" * 5000]
)
def test_intricate_html_is_gone_over_in_a_moment(html: str) -> None:
    begun = time.process_time()
    show(html)
    assert time.process_time() - begun < 2
