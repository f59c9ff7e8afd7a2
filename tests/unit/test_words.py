"""One word for one thing: no page, name or comment has a word that the project gave up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.emulator_process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# By what to say instead. CONTRIBUTING.md has the list for people.
GIVEN_UP = {
    "workload": "place places",
    "notify; give, say, show": "tell tells telling tellings teller told untold",
    "be notified": "hear hears hearing heard unheard",
    "inventory": "ledger ledgers",
    "complete": "settle settles settled settling settlement",
    "cache entry, permit or claim": "memo memos memoise memoised memoises slot slots",
    "queued for redrive; stored": "kept",
    "fix, remedy": "mend mends mended mending",
    "again": "anew",
    "foreign account": "stranger strangers",
}
INSTEAD = {word: instead for instead, words in GIVEN_UP.items() for word in words.split()}
# To install is a verb; what it makes is an installation, as is the part of a longer name.
INSTALL = re.compile(
    r"\b(?:an?|the|this|each|every|one|two|no|other|another|whole|second|next|of) installs?\b"
    r"|\b[Ii]nstall's|\b[Ii]nstall(?=[.:,=\[\])]\S)|\w_install\b|\binstall_|Install(?=[A-Z(\[])"
)
ALLOWED = re.compile(
    r"\bin place\b"  # Terraform's term for a change that replaces nothing
    r"|/install\.tfstate"  # the key of states from before the present one, which are still found
)
# History, a licence that is not ours, and this list.
ELSEWHERE = {"CHANGELOG.md", "LICENSE", "tests/unit/test_words.py"}
LIST = re.compile(r"^## Words$.*?(?=^## )", re.MULTILINE | re.DOTALL)
# What a name is made of: `told_at`, `toldAt` and `TOLD_AT` have the same two parts.
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MAYBE = re.compile("|".join(["install", *INSTEAD]), re.IGNORECASE)
FOLDERS = (".ci", "docs", "examples", "functions", "modules", "ops", "sandbox", "tests")
MADE = {"__pycache__", ".terraform", "dist", ".coverage", "report.html"}


def given_up(text: str) -> Iterator[str]:
    """Yields what is wrong with a text, in its order."""
    for line in LIST.sub("", text).splitlines():
        if not MAYBE.search(line):
            continue
        read = ALLOWED.sub("", line)
        for part in PART.findall(read):
            if instead := INSTEAD.get(part.lower()):
                yield f"{part!r} in {line.strip()!r}: say {instead}"
        for noun in INSTALL.findall(read):
            yield f"{noun!r} in {line.strip()!r}: say installation"


def committed() -> Iterator[Path]:
    """Yields the files of the project; what tools have made beside them is left out."""
    yield from (path for path in REPOSITORY.iterdir() if path.is_file() and path.name not in MADE)
    for folder in FOLDERS:
        for path in (REPOSITORY / folder).rglob("*"):
            if path.is_file() and not MADE & {*path.relative_to(REPOSITORY).parts}:
                yield path


def test_each_word_is_the_one_of_the_list() -> None:
    wrong, number = [], 0
    for path in sorted(committed()):
        name = str(path.relative_to(REPOSITORY))
        if name not in ELSEWHERE:
            number += 1
            text = f"{name}\n{path.read_text(encoding='utf-8', errors='replace')}"
            wrong += [f"{name}: {each}" for each in given_up(text)]
    assert wrong == []
    assert number > 500


@pytest.mark.parametrize(
    "text",
    [
        "in two places", "told_at", "toldAt", "_MOST_PLACES", "who hears of it", "class ScanSlots:",
        "the install's role", "an install without one", "install_name()", "InstallNotices(table)",
        "install.outputs", "it is kept", "until it is mended",
    ],
)  # fmt: skip
def test_a_word_is_seen_whole_and_as_part_of_a_name(text: str) -> None:
    assert list(given_up(text))


@pytest.mark.parametrize(
    "text",
    [
        "replace", "placementConstraints", "changed in place", "memory", "a recommendation",
        "pip install --upgrade", "install Terraform 1.11", "the installation's role", "uninstall",
    ],
)  # fmt: skip
def test_other_words_that_look_alike_pass(text: str) -> None:
    assert not list(given_up(text))
