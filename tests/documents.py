"""The commands in the documents."""

import re
from collections.abc import Iterator

from tests.management.running import CHECKOUT

DOCUMENTS = {
    str(file.relative_to(CHECKOUT)): file.read_text()
    for file in sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])
}
NEEDS_SYSTEMD = re.compile(r"^(systemctl|journalctl) ", re.MULTILINE)  # as the first process, so not in a test


def blocks(text: str) -> Iterator[str]:
    """The blocks of shell, without the indentation that a list gives them."""
    for indentation, block in re.findall(r"^( *)```(?:sh|console|bash)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield re.sub(rf"^{indentation}", "", block, flags=re.MULTILINE)


def commands(block: str) -> Iterator[str]:
    """Each line that is to be typed, with what continues it, without comments."""
    for line in re.sub(r"\\\n\s*", "", block).splitlines():
        if command := re.sub(r"(^| +)#( .*)?$", "", line).strip():
            yield command


def section(text: str, heading: str) -> str:
    """What is under a heading of the second level; the whole text for none."""
    return text.split(f"\n## {heading}")[1].split("\n## ")[0] if heading else text
