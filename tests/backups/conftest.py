"""A database with meals in it, and a folder for its backups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.backups.commands import Commands
from tests.backups.meals import serve_meals
from tests.database.embedded import new_database, url_of


@pytest.fixture(scope="session")
def meals_template(postgres: str, template: str) -> Iterator[str]:
    """The name of a database with meals, to be cloned."""
    with new_database(postgres, template) as name:
        with closing(psycopg2.connect(url_of(postgres, name))) as connection:
            serve_meals(connection)
        yield name


@pytest.fixture
def meals_url(postgres: str, meals_template: str) -> Iterator[str]:
    """A database with meals for one test."""
    with new_database(postgres, meals_template) as name:
        yield url_of(postgres, name)


@pytest.fixture
def meals(meals_url: str) -> Iterator[psycopg2.extensions.connection]:
    """A superuser's connection to it."""
    with closing(psycopg2.connect(meals_url)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def commands(meals_url: str, tmp_path: Path) -> Commands:
    return Commands(meals_url, tmp_path / "backups")
