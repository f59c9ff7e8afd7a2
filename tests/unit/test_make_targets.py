"""Every target that `make help` lists is run by CI, or something that is run stands for it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.support.makefile import runs, targets

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTED = {name for name, target in targets().items() if target.help}
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "modules/*/README.md", "examples/**/README.md")
    for path in REPOSITORY.glob(pattern)
)
# What CI does not run as it is: the test that stands for it, and why.
ELSEWHERE = {
    "fuzz": ("tests/properties/test_runner.py", "runs ten minutes; the same code runs for seconds"),
    "bench": ("tests/budgets/test_counts.py", "rewrites pages; the test compares their counts"),
    "lock": ("tests/unit/test_locks.py", "asks a package index; the test compares the files"),
    "sandbox-patches": (
        "tests/sandbox/test_held_by.py",
        "runs ten minutes; one patch stands for all",
    ),
    "chaos": ("tests/e2e/chaos/test_chaos.py", "runs 13 minutes; 260 deployments stand for 2,000"),
    "hostile": (
        "tests/e2e/chaos/test_hostile.py",
        "runs four minutes; 9 deployments stand for 50",
    ),
}


def run_by_ci() -> set[str]:
    started = re.findall(r"^make ([a-z0-9-]+)", (REPOSITORY / ".ci/run").read_text(), re.MULTILINE)
    return set().union(*map(runs, started))


def run_by_tests() -> set[str]:
    """The targets that are named where an end-to-end test calls `make`."""
    found = set()
    for path in (REPOSITORY / "tests/e2e").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "make":
                found |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def parts_of_the_tests() -> set[str]:
    """The targets that run one folder of the tests, of those that `make test` runs."""
    recipe = targets()["test"].recipe
    assert re.search(r"\$\(PYTEST\) \S+ tests ", recipe)
    left_out = set(re.findall(r"--ignore=tests/(\S+)", recipe))
    part = re.compile(r"\t\$\(PYTEST\) (?:\S+ )*tests/([a-z0-9]+)\n")
    found = {name: part.fullmatch(target.recipe) for name, target in targets().items()}
    return {name for name, match in found.items() if match and match[1] == name} - left_out


def test_help_has_groups() -> None:
    groups = re.split(r"^##@ (.+)\n", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)
    titles, parts = groups[1::2], groups[2::2]
    assert [title.split()[0] for title in titles] == ["Try", "Deploy", "Operate", "Develop"]
    grouped = set(re.findall(r"^([a-z0-9-]+):.*## ", "".join(parts), re.MULTILINE))
    assert grouped == DOCUMENTED - {"help"}


def test_help_lists_the_targets() -> None:
    assert {"demo", "demo-org", "deploy", "destroy-hub", "doctor", "test"} <= DOCUMENTED


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_a_listed_target_is_run(name: str) -> None:
    run = run_by_ci() | run_by_tests() | parts_of_the_tests()
    assert name in run or name in ELSEWHERE, "run it in tests/e2e, or say what stands for it"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_stands_for_a_target_is_there(name: str) -> None:
    file, reason = ELSEWHERE[name]
    assert reason
    assert (REPOSITORY / file).is_file()
    assert name in DOCUMENTED - run_by_ci() - run_by_tests()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_page_names_only_listed_targets(page: Path) -> None:
    named = set(re.findall(r"(?:^|`|\$ )make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
    assert named <= DOCUMENTED
