"""Each JSONata expression of the state machines gives the same by the reference implementation and
in the embedded AWS, whatever the states hold: nothing, one item, two, and what no state should."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.emulator_process import REPOSITORY
from tests.judges.programs import HERE, ask_node, run
from tests.support import definitions

Json = dict[str, Any]
PYTHON = REPOSITORY / ".sandbox/venv/bin/python"
ABSENT = object()
FAILED = {"result": "failed", "error": "E", "cause": "", "digests": {"app": "sha256:1"}}
OTHER = {"result": "failed", "error": "F", "digests": {}}
ITEMS = [[], [FAILED], [FAILED, OTHER], [{"result": "started"}], [OTHER, {"result": "skipped"}]]
TEXTS = ["", "text", "sha256:1", [], ["app"], ["app", "proxy"]]
VALUES = [ABSENT, None, 0, 30, True, False, {}, FAILED, "ImageNotScannable", *ITEMS, *TEXTS]
FEW = [ABSENT, None, 3, {}, *TEXTS]  # of expressions that read three values and more
# How expressions begin in which jsonata-python takes null for nothing. It is upstream's, and out of
# reach, since no function here answers null for either.
NULLS = {"$count($states.input.images)", "$contains($states.context.Execution.Input.image.uri"}
_READ = re.compile(r"\$(states|registry|submission|status|poll_count)\b((?:\.\w+)*)")


def expressions(part: Any) -> Iterator[str]:
    """Every expression of a machine, or of a part of it."""
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from expressions(each)
    elif isinstance(part, str) and (found := re.fullmatch(r"\{% (.*) %\}", part)):
        yield found[1].replace("$millis()", "1764393600123")


def reads(expression: str) -> list[tuple[str, ...]]:
    """The paths that an expression reads, the longer ones last."""
    paths = {(root, *rest.split(".")[1:]) for root, rest in _READ.findall(expression)}
    return sorted(paths, key=lambda path: (len(path), path))


def cases(expression: str) -> Iterator[Json]:
    """The expression with every combination of values for what it reads."""
    paths = reads(expression)
    every = VALUES if len(paths) < 3 else FEW
    possible = [[each for each in every if may(path, each)] for path in paths]
    for values in itertools.product(*possible):
        known: Json = {"states": {}}
        for path, value in zip(paths, values, strict=True):
            if value is not ABSENT:
                put(known, path, value)
        yield {"expression": expression, "states": known.pop("states"), "variables": known}


def may(path: tuple[str, ...], value: Any) -> bool:
    """False for a state without an input, which does not exist."""
    return path != ("states", "input") or value is not ABSENT


def has_null(case: Json) -> bool:
    """Whether an expression reads a null."""
    return "null" in json.dumps(case)


def put(known: Any, path: tuple[str, ...], value: Any) -> None:
    """Sets a value, where what is there already can hold it."""
    for name in path[:-1]:
        known = known.setdefault(name, {})
        if not isinstance(known, dict):
            return
    known[path[-1]] = json.loads(json.dumps(value))


def both(given: list[Json]) -> tuple[list[Any], list[Any]]:
    """What the reference implementation and the embedded AWS make of the cases."""
    ours = run([PYTHON, HERE / "emulated_expressions.py"], given)
    return ask_node("expressions.cjs", given), json.loads(ours)


def test_they_agree() -> None:
    machines = [definitions.rendered(name) for name in definitions.MACHINES]
    found = {expression for machine in machines for expression in expressions(machine)}
    given = [case for expression in sorted(found) for case in cases(expression)]
    assert len(found) > 40
    assert len(given) > 2000
    reference, ours = both(given)
    assert {each[0] for each in reference} == {"value", "nothing", "error"}
    differ = [
        (case["expression"], has_null(case), theirs, our)
        for case, theirs, our in zip(given, reference, ours, strict=True)
        if json.dumps(theirs, sort_keys=True) != json.dumps(our, sort_keys=True)
    ]
    assert [each for each in differ if not each[1]] == []
    assert {each[0].partition(",")[0].partition(" >")[0] for each in differ} == NULLS
