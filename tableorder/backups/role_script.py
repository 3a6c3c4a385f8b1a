"""The script of pg_dumpall for roles, made safe for a server on which some of them are there already."""

from __future__ import annotations

import re

CREATE = re.compile(r"CREATE ROLE (.+);")

HEADING = """\
-- It makes the roles that are missing, without passwords, and all memberships; a role that is there stays as it is.
-- Run it as a superuser with psql. Then give each role that logs in a password: \\password NAME
"""

GUARD = """\
DO {tag}
BEGIN
IF to_regrole({name}) IS NULL THEN
{statements}
END IF;
END
{tag};
"""


def make_missing_roles(script: str) -> str:
    """The same script, but that it makes and alters only the roles that are not there."""
    lines = script.splitlines()
    roles = [match[1] for line in lines if (match := CREATE.fullmatch(line))]
    statements = {role: [line for line in lines if _is_about(line, role)] for role in roles}
    made = [_guard(role, statements[role]) for role in roles]
    others = [line for line in lines if not any(_is_about(line, role) for role in roles)]
    # First come settings of the session, last the memberships, which need the roles.
    first = next((place for place, line in enumerate(others) if line.startswith("GRANT ")), len(others))
    return "\n".join([HEADING, *others[:first], *made, *others[first:], ""])


def _is_about(line: str, role: str) -> bool:
    return line.startswith((f"CREATE ROLE {role};", f"ALTER ROLE {role} "))


def _guard(role: str, statements: list[str]) -> str:
    text = "\n".join(statements)
    tag = next(tag for number in range(len(text) + 1) if (tag := f"$role{number}$") not in text)
    name = "'" + role.replace("'", "''") + "'"
    return GUARD.format(tag=tag, name=name, statements=text)
