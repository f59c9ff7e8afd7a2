"""Packages depend on lower packages only, pure modules on nothing but Python, handlers compose."""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGE = FUNCTIONS / "image_scan"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
HANDLERS = [path for path in MODULES if path.parent.name == "handlers"]
# From low to high. A module imports from lower lines, and from its own package.
RANKS = (
    ("errors", "fair", "results"),
    ("contracts",),
    ("config",),
    ("log", "metrics", "findings"),
    ("aws",),
    ("qualys", "ecr", "state"),
    ("events",),
    ("cache",),
    ("inventory", "scans", "security_hub"),
    ("notifications",),
    ("completion", "gate"),
    ("compose",),
    ("handlers",),
)
RANK = {package: rank for rank, packages in enumerate(RANKS) for package in packages}
# Without AWS, HTTP or an environment: they can be read and tested by themselves.
PURE = {
    "cache.entries",
    "cache.turns",
    "contracts",
    "ecr.identity",
    "ecr.keys",
    "ecr.references",
    "errors",
    "events.api_calls",
    "events.by_hand",
    "events.execution_ended",
    "events.fields",
    "events.platforms",
    "events.scaling",
    "events.scan_request",
    "events.scope",
    "events.task_state",
    "events.workloads",
    "fair",
    "findings.detected",
    "findings.detections",
    "findings.encoding",
    "findings.entries",
    "findings.fields",
    "findings.fixes",
    "findings.summary",
    "findings.threats",
    "findings.upgrades",
    "gate.bypass",
    "gate.decision",
    "gate.inputs",
    "inventory.coverage",
    "notifications.acceptance",
    "notifications.lead",
    "notifications.plain_text",
    "notifications.selection",
    "qualys.reading",
    "results",
    "security_hub.asff",
    "security_hub.detections",
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(path: Path, *, at_run_time: bool = False) -> set[str]:
    """The modules that a module imports, ours by their name in the package.

    Imports for type checking and inside of functions count, unless only those of the run time are
    asked for.
    """
    tree = ast.parse(path.read_text())
    found = set()
    for node in tree.body if at_run_time else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix("image_scan.") for name in found}


def own_imports() -> dict[str, set[str]]:
    names = {name_of(path) for path in MODULES}
    return {name_of(path): imports(path) & names for path in MODULES}


def test_a_package_imports_from_lower_ranks_only() -> None:
    arrows = {(name, each) for name, used in own_imports().items() for each in used}
    wrong = {
        (name, each)
        for name, each in arrows
        if (package := each.split(".")[0]) != name.split(".")[0]
        and RANK[package] >= RANK[name.split(".")[0]]
    }
    assert wrong == set()
    assert not [arrow for arrow in arrows if all(each.startswith("handlers.") for each in arrow)]


def test_no_functions_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(own_imports()).prepare()


@pytest.mark.parametrize("package", ["ops", "sandbox"])
def test_no_tools_import_each_other_in_a_circle(package: str) -> None:
    project = FUNCTIONS.parent
    names = {
        ".".join(path.relative_to(project).with_suffix("").parts): path
        for path in (project / package).rglob("*.py")
    }
    graphlib.TopologicalSorter(
        {name: imports(path) & names.keys() for name, path in names.items()}
    ).prepare()


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_only_pure_ones(name: str) -> None:
    used = imports(PACKAGE / f"{name.replace('.', '/')}.py", at_run_time=True)
    packages = {each.split(".")[0] for each in PURE}
    foreign = {each.split(".")[0] for each in used} - packages - {"image_scan"}
    own = {each for each in used if each in {name_of(path) for path in MODULES}}
    assert own <= PURE
    assert foreign <= {*sys.stdlib_module_names} - {"os", "socket", "subprocess"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_environment_and_boto3_have_one_door_each(path: Path) -> None:
    used = imports(path)
    assert "os" not in used or name_of(path) == "config"
    assert "boto3" not in used or name_of(path) == "aws.clients"


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_a_handler_only_connects(path: Path) -> None:
    """At most 15 lines, and no decision in them."""
    (function,) = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    assert function.name == "handler"
    assert (function.end_lineno or 0) - function.lineno < 15
    assert not [n for n in ast.walk(function) if isinstance(n, ast.If | ast.For | ast.Try)]
