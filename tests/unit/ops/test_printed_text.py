"""All that a command prints passes through the module that makes text inert."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops import printing
from ops.in_use import command as in_use

if TYPE_CHECKING:
    from collections.abc import Iterator

OPS = Path(__file__).parents[3] / "ops"
# What prints text as it is; the last writes to the stream that it is given.
AS_IT_IS = (
    "print",
    "sys.stdout.write",
    "sys.stderr.write",
    "Console",
    "rich.console.Console",
    "rich.print",
    "traceback.print_exc",
    "structlog.PrintLoggerFactory",
)
EVIL = "app\x1b]0;owned\x07 \x1b[2J\x1b[8m \x9b31m \u202egnp"


def prints(source: str) -> Iterator[str]:
    """Names the calls that print text as it is, with their lines."""
    for node in ast.walk(ast.parse(source)):
        name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        is_inert = name.endswith("PrintLoggerFactory") and "inert_stream(" in ast.unparse(node)
        if name in AS_IT_IS and not is_inert:
            yield f"line {node.lineno}: {name}"  # type: ignore[attr-defined]  # a call has one


@pytest.mark.attack(12)
@pytest.mark.parametrize(
    "path",
    sorted(path for path in OPS.rglob("*.py") if path.name != "printing.py"),
    ids=lambda path: str(path.relative_to(OPS)),
)
def test_no_other_module_prints(path: Path) -> None:
    assert list(prints(path.read_text(encoding="utf-8"))) == []


def test_what_prints_is_recognised() -> None:
    source = "print(1)\nsys.stdout.write('')\nnotes = Console(stderr=True)\nconsole.print(1)\n"
    assert [each.split(": ")[1] for each in prints(source)] == [*AS_IT_IS[:2], "Console"]
    assert list(prints("structlog.PrintLoggerFactory(inert_stream(sys.stderr))")) == []


@pytest.mark.attack(12)
def test_a_form_of_what_is_in_use_does_not_control_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_use._write(f"{EVIL}\n", "")
    printed = capsys.readouterr().out
    assert "owned" in printed
    assert all(each.isprintable() or each == "\n" for each in printed)


@pytest.mark.attack(12)
def test_notes_and_errors_do_not_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printing.line(EVIL, printing.Notes())
    printing.to_stderr(EVIL)
    printing.inert_stream(sys.stderr).write(EVIL)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("owned") == 3
    assert all(each.isprintable() or each == "\n" for each in err)


@pytest.mark.parametrize("colour", ["0", "1", "3", "31", "39", "97", "1;31", "0;1;4"])
def test_the_colours_of_terraform_stay(colour: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"\x1b[{colour}mplan\x1b[0m\n"
    printing.write(text, colours=True)
    assert capsys.readouterr().out == text


@pytest.mark.attack(12)
@pytest.mark.parametrize("other", ["8m", "1;8m", "38;5;0m", "30;40m", "40m", "1;m", "2J"])
def test_and_nothing_else_that_controls_a_terminal(
    other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printing.write(f"\x1b[{other}plan", colours=True)
    assert capsys.readouterr().out == f"?[{other}plan"
