"""Every command of the pages is run by a test as it is printed, or a reason says why not."""

from __future__ import annotations

import ast
import functools

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.support.documents import blocks

COMMANDS = {name for name, block in blocks().items() if block.language == "bash"}
NOT_RUN = {
    "CONTRIBUTING.md#set-up": "they are parts of what .ci/run runs",
    "docs/development.md#test": "it is what .ci/run runs",
    "examples/organization/README.md#3-check": "the embedded AWS has no StackSets to list",
    "modules/org-spoke/README.md#who-applies-it": "nor can it let them into an organization",
}
# What else a fence may hold: blocks of Terraform have a test of their own, and the rest is shown.
OTHERS = {"hcl", "mermaid", "text", ""}


@functools.cache
def named_in_tests() -> set[str]:
    """All strings of the tests, without this module's."""
    found = set()
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        if path.name != "test_documented_commands.py":
            nodes = ast.walk(ast.parse(path.read_text()))
            found |= {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return found


def test_the_pages_have_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_run(name: str) -> None:
    run = name in named_in_tests()
    assert run or name in NOT_RUN, "type it in a test, by its name, or give a reason in NOT_RUN"


def test_each_exception_is_a_command_with_a_reason() -> None:
    assert NOT_RUN.keys() <= COMMANDS
    assert all(NOT_RUN.values())


def test_every_fence_says_what_it_holds() -> None:
    """So that no command hides under another name."""
    assert {block.language for block in blocks().values()} <= {"bash", *OTHERS}
    hidden = [
        block.name
        for block in blocks().values()
        if block.language in {"text", ""}
        and block.text.startswith(("make ", "aws ", "terraform ", "$ "))
    ]
    assert hidden == []
