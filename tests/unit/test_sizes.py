"""A file has one subject, and a function fits on a screen."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("functions", "ops", "sandbox")
    for path in (REPOSITORY / folder).rglob("*.py")
)
LONGEST_FILE, LONGEST_FUNCTION = 250, 40
# The core, whose functions have to be read together.
CORE, LONGEST_OF_CORE = ("cache", "inventory", "completion.py"), 30


def functions(path: Path) -> dict[str, int]:
    """The lines of each function of a file, by its name."""
    return {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    is_core = any(
        REPOSITORY / "functions/image_scan" / each in (path, *path.parents) for each in CORE
    )
    longest = LONGEST_OF_CORE if is_core else LONGEST_FUNCTION
    assert {name: n for name, n in functions(path).items() if n > longest} == {}


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 250
    assert max(max(functions(path).values(), default=0) for path in FILES) > 30
