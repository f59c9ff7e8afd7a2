"""Dependencies point one way: handlers, domain, then qualys and aws, then errors."""

import ast
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGE = FUNCTIONS / "image_scan"
MODULES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted(path for path in PACKAGE.glob("handlers/*.py") if path.stem != "__init__")
# Without AWS, HTTP or an environment: they can be read and tested by themselves.
PURE = {
    "events.api_calls",
    "events.fields",
    "events.scaling",
    "events.scan_request",
    "events.task_state",
    "events.platforms",
    "ecr.identity",
    "ecr.references",
    "findings.summary",
    "findings.detections",
    "findings.encoding",
    "findings.fields",
    "findings.fixes",
    "findings.threats",
    "findings.entries",
    "payloads",
    "errors",
    "security_findings",
    "security_detections",
}
LOW = {
    "errors",
    "payloads",
    "config",
    "ecr.references",
    "events.fields",
    "findings.entries",
    "findings.fields",
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """What a module imports, type checking aside; our own by their name in the package."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            own = {f"{node.module}.{alias.name}" for alias in node.names}
            is_package = (FUNCTIONS / node.module.replace(".", "/")).is_dir()
            found |= own if is_package else {node.module}
    return {name.removeprefix("image_scan.") for name in found}


def level(name: str) -> int:
    if name.startswith("handlers."):
        return 3
    if name.startswith("qualys.") or name in {"aws", "log", "metrics"}:
        return 1
    return 0 if name in LOW else 2


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_imports_upward(path: Path) -> None:
    own = {name_of(module) for module in MODULES}
    used = {name for name in imports(path) if name in own}
    assert all(level(name) <= level(name_of(path)) for name in used), used
    if name_of(path).startswith("handlers."):
        assert not [name for name in used if name.startswith("handlers.")]


@pytest.mark.parametrize("name", sorted(PURE))
def test_what_is_pure_stays_so(name: str) -> None:
    used = imports(PACKAGE / f"{name.replace('.', '/')}.py")
    foreign = {each.split(".", 1)[0] for each in used - PURE}
    assert foreign <= {*sys.stdlib_module_names} - {"os", "socket", "subprocess"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_environment_and_boto3_have_one_door_each(path: Path) -> None:
    assert "os" not in imports(path) or name_of(path) == "config"
    clients = {"boto3"} & imports(path)
    assert not clients or name_of(path) == "aws"


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_a_handler_only_connects(path: Path) -> None:
    """At most 15 lines, and no decision in them."""
    (function,) = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    assert function.name == "handler"
    assert (function.end_lineno or 0) - function.lineno < 15
    assert not [n for n in ast.walk(function) if isinstance(n, ast.If | ast.For | ast.Try)]
