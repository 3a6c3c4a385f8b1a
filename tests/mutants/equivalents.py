"""Mistakes that are none: the path, what stands there and what would, and why nobody can notice the difference."""

EQUIVALENT: dict[tuple[str, str, str], str] = {}
