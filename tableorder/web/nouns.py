"""The blueprint of a noun."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

API = "/api/v1"


class Noun(Blueprint):
    """The routes of a noun, under each of `prefixes`, and under a `heading` of /openapi.json.

    Routes that do not need the database never answer that it is away.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        heading: str,
        prefixes: Sequence[str] = (API,),
        needs_database: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, **options)
        self.heading = heading
        self.prefixes = prefixes
        self.needs_database = needs_database
