"""Texts: how they are kept, and which are refused. Every text that anybody sends goes through here."""

import functools
import re
import unicodedata

from tableorder.domain.errors import ValidationFailed

SPACES = " \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
WHITE_SPACE = "\t\n\v\f\r\x85\u2028\u2029" + SPACES

LONGEST_DECOMPOSITION = 4  # characters that NFC makes one of, at most

# They show nothing, though Unicode counts them among letters, marks and symbols.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U00016fe4\U0001d159"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_JOINERS = "\u200c\u200d"  # they join emoji, and part or join the letters of some scripts
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # as which variant a character shows
_BREAKS = "\n\u2028\u2029"

# Of a text's kinds: a joiner without something visible on both sides, a selector of nothing.
_ASTRAY = re.compile("(?<![VMS])J|J(?![VM])|(?<![VM])S")


def clean(text: str, *, most: int, may_break: bool = False) -> str:
    """The text in NFC and without white space around it, 1 to `most` characters.

    Raises ValidationFailed, with a detail that follows the name of the field. Lines may be broken only if `may_break`.
    """
    trimmed = text.strip(WHITE_SPACE)
    # Putting a character's marks into order takes time that grows with the square of their number.
    if len(trimmed) > most * LONGEST_DECOMPOSITION:
        raise _too_long(most)
    normal = unicodedata.normalize("NFC", trimmed).strip(WHITE_SPACE)
    if not normal:
        raise ValidationFailed("must not be blank")
    _require_visible(normal.replace("\r\n", "\n") if may_break else normal, may_break)
    if len(normal) > most:
        raise _too_long(most)
    return normal


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space."""
    return not text.strip(WHITE_SPACE)


def _too_long(most: int) -> ValidationFailed:
    return ValidationFailed(f"must have 1 to {most} characters")


def _require_visible(text: str, may_break: bool) -> None:
    """Raise ValidationFailed if the text has what nobody sees, or nothing that somebody does."""
    kinds = "".join(map(_kind_of, text))
    if "X" in kinds:
        raise ValidationFailed(f"must not contain {_name(text[kinds.index('X')])}")
    if "B" in kinds and not may_break:
        raise ValidationFailed("must not contain line breaks")
    if astray := _ASTRAY.search(kinds):
        raise ValidationFailed(f"must have something visible beside {_name(text[astray.start()])}")
    if "V" not in kinds:
        raise ValidationFailed("must have a visible character")


@functools.lru_cache(maxsize=4096)
def _kind_of(character: str) -> str:
    """V for visible, M for a mark on it, S selector, J joiner, B line break, a blank for white space, X refused."""
    if character in _BREAKS:
        return "B"
    if character in _JOINERS:
        return "J"
    if _SELECTORS.match(character):
        return "S"
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs") or _FILLERS.match(character):
        return "X"
    return {"M": "M", "Z": " "}.get(category[0], "V")


def _name(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
