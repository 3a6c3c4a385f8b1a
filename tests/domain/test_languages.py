"""Language tags: which are well-formed, how they are written, and how they are looked up."""

import pytest

from tableorder.domain.languages import canonical_tag, is_language_tag, lookup_tags


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("en", "en"),
        ("EN-us", "en-US"),
        ("ZH-HANS", "zh-Hans"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-Rozaj-Biske", "sl-rozaj-biske"),
        ("de-ch-1996", "de-CH-1996"),
        ("en-a-bbb-X-a-ccc", "en-a-bbb-x-a-ccc"),  # after a singleton nothing is a region (RFC 5646, 2.1.1)
        ("en-X-US", "en-x-us"),
    ],
)
def test_a_tag_is_written_in_the_usual_case(sent, kept):
    assert is_language_tag(sent) and canonical_tag(sent) == kept == canonical_tag(kept)


NO_TAGS = [
    "",
    "e",
    "english",
    "en_US",
    "en-",
    "-en",
    "en--US",
    "한국어",
    "*",
    "en-USAX-USAX",
    "en US",
    "en\n",
    "x",
    "en-x",
]


@pytest.mark.parametrize("sent", [*NO_TAGS, "en-" + "abcde-" * 6 + "abcde"])
def test_what_is_no_tag_is_refused(sent):
    assert not is_language_tag(sent)


@pytest.mark.parametrize(
    ("asked", "tags"),
    [
        ("en", ["en"]),
        ("EN-us", ["en-US", "en"]),
        ("zh-Hant-TW", ["zh-Hant-TW", "zh-Hant", "zh"]),
        # the example of RFC 4647, 3.4
        (
            "zh-Hant-CN-x-private1-private2",
            ["zh-Hant-CN-x-private1-private2", "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh"],
        ),
    ],
)
def test_a_tag_is_looked_up_from_the_exact_one_to_the_language(asked, tags):
    assert lookup_tags(asked) == tags
