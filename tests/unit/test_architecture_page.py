"""docs/architecture.md names files and functions that exist, and handlers of every Task state."""

import ast
import re

import pytest

from sandbox.emulator_process import REPOSITORY

PAGE = (REPOSITORY / "docs/architecture.md").read_text()
FUNCTIONS = REPOSITORY / "functions/image_scan"
NAMED = sorted({*re.findall(r"`([\w./-]+/[\w.-]*|\w+\.py|\w+\.py:\w+|[\w/]+\.py:\w+)`", PAGE)})
INDEX = dict(re.findall(r"^\| (.+\?) \| `(.+)` \|$", PAGE, re.MULTILINE))


def test_the_page_has_an_index() -> None:
    assert len(INDEX) >= 12


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    file, _, function = name.partition(":")
    found = [root / file for root in (FUNCTIONS, REPOSITORY) if (root / file).exists()]
    assert found, "neither in the project nor below functions/image_scan"
    if function:
        tree = ast.parse(found[0].read_text())
        assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("handler", sorted((FUNCTIONS / "handlers").glob("[!_]*.py")))
def test_each_function_stands_in_it(handler: object) -> None:
    state = "".join(part.title() for part in getattr(handler, "stem", "").split("_"))
    assert f"**{state}**" in PAGE
