"""The fenced blocks of the pages that users read: commands, Terraform, JSON."""

import re
from dataclasses import dataclass

from sandbox.emulator_process import REPOSITORY

PAGES = ("*.md", "docs/*.md", "modules/*/README.md", "examples/**/README.md")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: `name` is its page, its heading, and its number where it is not the first."""

    name: str
    language: str
    text: str


def blocks() -> dict[str, Block]:
    """The blocks of all pages, by name."""
    found: dict[str, Block] = {}
    for path in sorted({path for pattern in PAGES for path in REPOSITORY.glob(pattern)}):
        page = path.read_text()
        for fence in _FENCE.finditer(page):
            indent, language, text = fence.groups()
            heading = [*_HEADING.findall(_FENCE.sub("", page[: fence.start()])), ""][-2]
            anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            name = f"{path.relative_to(REPOSITORY)}#{anchor}"
            number = sum(each.partition(" ")[0] == name for each in found) + 1
            name += f" {number}" if number > 1 else ""
            found[name] = Block(name, language, re.sub(f"(?m)^{indent}", "", text))
    return found


def block(name: str, **values: str) -> str:
    """The text of a block, with the placeholders (`<name>`) that it has replaced."""
    text = blocks()[name].text
    for placeholder, value in values.items():
        assert f"<{placeholder}>" in text
        text = text.replace(f"<{placeholder}>", value)
    return text
