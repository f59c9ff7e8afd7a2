"""The pages that users read, and their fenced blocks: commands, Terraform, JSON."""

import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.emulator_process import REPOSITORY

PAGES = ("*.md", "docs/*.md", "modules/*/README.md", "examples/**/README.md")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: `name` is its page, its heading, and its number where it is not the first."""

    name: str
    language: str
    text: str


def pages() -> list[Path]:
    return sorted({path for pattern in PAGES for path in REPOSITORY.glob(pattern)})


def without_blocks(text: str) -> str:
    return _FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    names = [_anchor(heading) for heading in _HEADING.findall(without_blocks(text))]
    again = [
        f"{name}-{names[:i].count(name)}" if name in names[:i] else name
        for i, name in enumerate(names)
    ]
    return set(again)


def links(text: str) -> list[str]:
    """The targets of a page's links and pictures."""
    return _LINK.findall(without_blocks(text))


def blocks() -> dict[str, Block]:
    """The blocks of all pages, by name."""
    found: dict[str, Block] = {}
    for path in pages():
        page = path.read_text()
        for fence in _FENCE.finditer(page):
            indent, language, text = fence.groups()
            heading = [*_HEADING.findall(without_blocks(page[: fence.start()])), ""][-2]
            name = f"{path.relative_to(REPOSITORY)}#{_anchor(heading)}"
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


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
