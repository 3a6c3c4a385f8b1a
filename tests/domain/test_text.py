"""What becomes of a text, and which texts are refused."""

import pytest

from tableorder.domain.errors import Invalid
from tableorder.domain.text import clean

NFD = "\u1100\u116e\u11a8\u1109\u116e"  # 국수, as macOS writes it


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("국수", "국수"),
        (NFD, "국수"),
        ("  국수 \u3000\u00a0\t\r\n", "국수"),
        ("e\u0301", "é"),
        ("\u212b", "Å"),
        ("김치 찌개", "김치 찌개"),
        ("김치\u00a0찌개", "김치\u00a0찌개"),
        ("١٢٣", "١٢٣"),
        ("a\u0301\u0323", "ạ\u0301"),
    ],
)
def test_a_text_is_normalised_and_trimmed(sent, kept):
    assert clean(sent, most=50) == clean(sent, most=50, may_break=True) == kept


@pytest.mark.parametrize(
    "text",
    [
        "🍜",
        "❤️",
        "❤️‍🔥",
        "👩‍🍳",
        "👨‍👩‍👧‍👦",
        "🧑🏽‍🍳 추천",
        "🏳️‍🌈",
        "1️⃣",
        "🇰🇷",
        "☎︎",
        "葛\U000e0100",
        "می‌خواهم",
        "क्‍ष",
        "\U0001fae8",
        "½ ㎏ (주) — 100%",
    ],
)
def test_what_can_be_seen_stays_as_it_is(text):
    assert clean(text, most=50) == text


INVISIBLE = "\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u061c\u17b4\u180e\u200b\u200e\u200f\u2060\u2064\ufeff\U000e0041"


@pytest.mark.parametrize("filler", INVISIBLE)
def test_what_takes_space_or_none_and_shows_nothing_is_refused(filler):
    for text in (filler, f"국{filler}수", f"{filler}국수", f"국수{filler}"):
        refuse(text)


@pytest.mark.parametrize(
    "text",
    [
        "국\u200d",
        "\u200d수",
        "국 \u200d 수",
        "국\u200d\u200d수",
        "국\u200c\u200d수",
        "\u200c",
        "국\ufe0f\ufe0f",
        "\ufe0f",
        " \ufe0f",
        "국 \ufe0f",
        "\U000e0100",
        "\u0301",
        "국 \u200d\u0301",
    ],
)
def test_what_joins_or_varies_needs_something_visible_beside_it(text):
    refuse(text)


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_turns_the_direction_of_text_is_refused(character):
    refuse(f"국{character}수")


@pytest.mark.parametrize("character", "\0\a\b\t\v\f\x1b\x1c\x7f\x80\x85\x9f\ud800\udfff\ud83d\ude00\n\r\u2028\u2029")
def test_control_characters_and_half_characters_are_refused(character):
    refuse(f"국{character}수")


@pytest.mark.parametrize("text", ["", " ", "\u3000\u00a0\n"])
def test_a_blank_text_is_refused(text):
    refuse(text)


def test_lines_may_break_where_they_are_meant_to():
    for text in ("첫 줄\n둘째 줄", "첫 줄\r\n둘째 줄", "첫 줄\n\n셋째 줄", "첫\u2028둘"):
        assert clean(text, most=50, may_break=True) == text
        refuse(text)
    for text in ("첫\r둘", "첫\t둘", "첫\v둘", "첫\x85둘", "첫\n\u200d둘"):
        with pytest.raises(Invalid):
            clean(text, most=50, may_break=True)


def test_a_text_is_as_long_as_it_is_when_it_is_normalised():
    syllable = "\u1100\u116e\u11a8"
    assert clean(f" {syllable * 50} ", most=50) == "국" * 50
    refuse(syllable * 51)
    assert clean("\u0958" * 25, most=50) == "\u0915\u093c" * 25  # one that NFC takes apart
    refuse("\u0958" * 26)
    assert clean("\u03b1\u0313\u0300\u0345" * 50, most=50) == "\u1f82" * 50  # four that it puts together


@pytest.mark.timeout(20)
def test_marks_without_end_take_no_time():
    """Putting them into their order takes time that grows with the square of their number."""
    refuse("a" + "\u0301\u0323" * 1_000_000)


def refuse(text):
    with pytest.raises(Invalid) as refusal:
        clean(text, most=50)
    assert len(refusal.value.detail) < 200
