"""The locale of the programs that we run: the machine's, but for their messages, which we read."""

from __future__ import annotations

from collections.abc import Mapping


def in_english(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment for a program whose messages are to be in English.

    LC_ALL would overrule LC_MESSAGES, so all else that it says is said by LANG and LC_CTYPE.
    """
    settings = {name: value for name, value in environment.items() if name != "LC_ALL"}
    if everything := environment.get("LC_ALL"):
        settings |= {"LANG": everything, "LC_CTYPE": everything}
    return settings | {"LC_MESSAGES": "C"}
