"""Mistakes that are none: the path, what stands there and what would, and why nobody can notice the difference."""

from tests.mutants.mistakes import Mutant

CONVERSION = "tableorder/domain/image_conversion.py"
QUALITIES = "QUALITIES = (82, 72, 60, 45, 30) # tried in turn, until the WebP is small enough"

EQUIVALENT = {
    (
        "tableorder/domain/passwords.py",
        'return bcrypt.gensalt(cost) + b"." * 31',
        'return bcrypt.gensalt(cost) + b"." * 30',
    ): "no digest is that of a decoy, and its length costs nothing",
    (
        CONVERSION,
        "shown = shown.resize(_within(shown.size), Image.Resampling.LANCZOS, reducing_gap=3.0)",
        "shown = shown.resize(_within(shown.size), Image.Resampling.LANCZOS, reducing_gap=4.0)",
    ): "it only makes the scaling slower",
    **{
        (CONVERSION, QUALITIES, QUALITIES.replace(str(quality), str(other))): "a quality that nobody sees"
        for quality in (82, 72, 60, 45, 30)
        for other in (quality - 1, quality + 1)
    },
}


def is_equivalent(mutant: Mutant) -> bool:
    """Whether it is one of these; cosmic-ray puts a space before a number."""
    return _key(mutant.path, mutant.before, mutant.after) in _KEYS


def _key(*parts: str) -> tuple[str, ...]:
    return tuple("".join(part.split()) for part in parts)


_KEYS = {_key(*parts) for parts in EQUIVALENT}
