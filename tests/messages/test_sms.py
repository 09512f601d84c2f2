"""How large an SMS is: the alphabets' own limits, no sign torn apart, Russian in Latin letters."""

from __future__ import annotations

import pytest
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from cti.messages.sms import PART, SINGLE, alphabet_of, latin, measure, split

GSM = Codec()
GSM_TEXT = st.text(st.sampled_from("aZ0 @£é€[]{}~^|\\\n"), max_size=700)


@pytest.mark.parametrize(
    ("text", "alphabet", "signs", "parts", "left"),
    [
        ("", "gsm7", 0, 0, 160),
        ("a" * 160, "gsm7", 160, 1, 0),
        ("a" * 161, "gsm7", 161, 2, 145),
        ("€" * 80, "gsm7", 160, 1, 0),
        ("a" * 152 + "€" + "a" * 10, "gsm7", 164, 2, 141),  # the sign of two does not fit into the first part
        ("я" * 70, "ucs2", 70, 1, 0),
        ("я" * 71, "ucs2", 71, 2, 63),
        ("я" * 66 + "\N{TELEPHONE RECEIVER}" + "я" * 10, "ucs2", 78, 2, 55),
        ("Здравствуйте! Ваш заказ готов.", "ucs2", 30, 1, 40),
    ],
)
def test_a_text_is_measured_as_the_air_counts_it(text: str, alphabet: str, signs: int, parts: int, left: int) -> None:
    size = measure(text)
    assert (size.alphabet, size.signs, size.parts, size.left) == (alphabet, signs, parts, left)


@given(st.one_of(GSM_TEXT, st.text(max_size=400)))
def test_parts_are_the_text_and_each_fits(text: str) -> None:
    alphabet, pieces = alphabet_of(text), split(text)
    assert "".join(pieces) == text
    room = SINGLE[alphabet] if len(pieces) == 1 else PART[alphabet]
    for piece in pieces:
        sent = GSM.encode(piece)[0] if alphabet == "gsm7" else piece.encode("utf-16-be", "surrogatepass")
        assert len(sent) <= (room if alphabet == "gsm7" else 2 * room)
    assert measure(text).parts == len(pieces)


def test_russian_in_latin_letters_is_short_and_plain() -> None:
    text = "Уважаемый Пётр! Съезд «Юность» — 5 мая, щётка №7…"
    said = latin(text)
    assert said == 'Uvazhaemyy Petr! Sezd "Yunost" - 5 maya, shchetka N7...'
    assert (alphabet_of(text), alphabet_of(said)) == ("ucs2", "gsm7")


@given(st.text(st.sampled_from("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВЁЖЩЮЯ «»—…№,.!1"), max_size=300))
def test_no_russian_letter_is_left(text: str) -> None:
    assert alphabet_of(latin(text)) == "gsm7"
