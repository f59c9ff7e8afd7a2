"""docs/commands.md says which JSON each command prints; tests/e2e/ops compares what is printed."""

from __future__ import annotations

import re

import pytest

from ops import where
from ops.commands import COMMANDS
from tests.support.json_pages import Field, faults, require_documented, tables
from tests.unit.ops.test_printing import ITEM, RECONCILED, STATUS

WITHOUT = {"completion", *(name for name in COMMANDS if name.startswith("deploy"))}


def test_each_command_has_a_table_and_each_table_a_command() -> None:
    named = {"error", "doctor --shapes", *COMMANDS} - WITHOUT
    assert named <= tables().keys()
    used, waiting = set(named), list(named)
    while waiting:
        for field in tables()[waiting.pop()].values():
            kind = re.sub(r"^(?:list of |map of )*|(?: or null)$", "", field.type)
            if kind in tables() and kind not in used:
                used.add(kind)
                waiting.append(kind)
    assert tables().keys() - used == set()


@pytest.mark.parametrize("table", tables())
def test_each_value_has_a_known_type(table: str) -> None:
    assert tables()[table]
    for name, field in tables()[table].items():
        kind = re.sub(r"^(?:list of |map of )*|(?: or null)$", "", field.type)
        assert kind in {"text", "number", "boolean", "any", *tables()}, name


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"error": "no", "status": 2}, []),
        ({"error": "no"}, [".status: missing"]),
        ({"error": "no", "status": "2"}, [".status: no number"]),
        ({"error": "no", "status": True}, [".status: no number"]),
        ({"error": "no", "status": 2, "more": 1}, [".more: not documented"]),
        ([], [": no object"]),
    ],
)
def test_a_difference_is_seen(document: object, fault: list[str]) -> None:
    assert faults(document, "error") == fault


@pytest.mark.parametrize(
    ("value", "kind", "fault"),
    [
        ({"a": [1]}, "map of list of number", []),
        ({"a": ["x"]}, "map of list of number", [".a[]: no number"]),
        (None, "list of text or null", []),
        ("x", "list of text or null", [": no list"]),
        ([{"check": "a", "reason": "", "remedy": ""}], "list of remedy", []),
    ],
)
def test_types_may_be_within_others(value: object, kind: str, fault: list[str]) -> None:
    assert faults(value, kind) == fault


def test_what_the_other_tests_show_is_as_documented() -> None:
    require_documented("status", STATUS)
    require_documented("where", {"asked": {"qid": "1"}, "known": [where.described(ITEM)]})
    require_documented("coverage", {"reconciliations": [RECONCILED]})
    assert tables()["finding"]["qds"] == Field("number or null", optional=True)
