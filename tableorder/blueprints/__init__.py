"""The HTTP routes, one blueprint per noun."""

import importlib
import pkgutil
from collections.abc import Iterator

from tableorder.web.nouns import Noun


def find_nouns() -> Iterator[Noun]:
    """The nouns of this package's modules."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Noun):
                yield value
