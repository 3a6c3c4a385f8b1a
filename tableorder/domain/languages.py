"""The languages that guests read: tags of BCP 47 (RFC 5646), and in which order a tag is looked up (RFC 4647, 3.4)."""

import re
from collections.abc import Collection, Iterable

OWN_LANGUAGE = "ko"  # of the names that a store gives its menus
MAX_TAG = 35  # characters, RFC 5646, 4.4.1
MAX_LANGUAGES = 20  # of one name
MAX_TRANSLATIONS = 8192  # bytes of one name's translations, as JSON

# langtag of RFC 5646, 2.1; of languages, those of ISO 639: the longer ones of the grammar were never given out.
WELL_FORMED = (
    r"[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?"
)
_TAG = re.compile(WELL_FORMED)


def is_language_tag(text: str) -> bool:
    """Whether it is well-formed, and not too long."""
    return len(text) <= MAX_TAG and _TAG.fullmatch(text) is not None


def canonical_tag(tag: str) -> str:
    """The tag in the case that everybody writes it in: zh-Hans, en-US (RFC 5646, 2.1.1)."""
    parts = tag.lower().split("-")
    after_singleton = False
    for position, part in enumerate(parts[1:], 1):
        after_singleton = after_singleton or len(parts[position - 1]) == 1
        if not after_singleton and len(part) == 2:
            parts[position] = part.upper()
        elif not after_singleton and len(part) == 4 and part.isalpha():
            parts[position] = part.capitalize()
    return "-".join(parts)


def lookup_tags(tag: str) -> list[str]:
    """The tags that serve who asks for `tag`, the best one first: en-US, en."""
    parts = canonical_tag(tag).split("-")
    tags = []
    while parts:
        tags.append("-".join(parts))
        parts.pop()
        if parts and len(parts[-1]) == 1:  # what only introduces the rest says nothing by itself
            parts.pop()
    return tags


def found_language(wanted: Iterable[str], languages: Collection[str]) -> str:
    """The first of `wanted` that is among `languages`, or a store's own."""
    return next((tag for tag in wanted if tag in languages), OWN_LANGUAGE)
