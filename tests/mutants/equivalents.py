"""Mistakes that are none: the path, what stands there and what would, and why nobody can notice the difference."""

CONVERSION = "tableorder/domain/image_conversion.py"
QUALITIES = "QUALITIES = (82, 72, 60, 45, 30) # tried in turn, until the WebP is small enough"

EQUIVALENT = {
    (
        "tableorder/domain/passwords.py",
        'return bcrypt.gensalt(cost) + b"." * 31',
        'return bcrypt.gensalt(cost) + b"." * 30',
    ): "no digest is that of a decoy, and its length costs nothing",
    **{
        (CONVERSION, QUALITIES, QUALITIES.replace(str(quality), str(other))): "a quality that nobody sees"
        for quality in (82, 72, 60, 45, 30)
        for other in (quality - 1, quality + 1)
    },
}
