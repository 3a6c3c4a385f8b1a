"""The locale of the programs that we run: the machine's, except for their messages. We read those."""

from __future__ import annotations

from collections.abc import Mapping


def in_english(environment: Mapping[str, str]) -> dict[str, str]:
    """Copy an environment so that a program writes its messages in English.

    LC_ALL would overrule LC_MESSAGES, so LANG and LC_CTYPE take its place.
    """
    settings = {name: value for name, value in environment.items() if name != "LC_ALL"}
    if everything := environment.get("LC_ALL"):
        settings |= {"LANG": everything, "LC_CTYPE": everything}
    return settings | {"LC_MESSAGES": "C"}
