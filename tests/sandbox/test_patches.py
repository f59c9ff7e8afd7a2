"""The registry of patches: all changes of ministack, in an order of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import REPOSITORY, Aws, SandboxError
from sandbox.emulator.patching import apply, around, replaced
from tests.sandbox.emulator_python import run

MODULES = sorted(
    path.stem
    for path in (REPOSITORY / "sandbox/emulator").glob("*.py")
    if path.stem not in {"__init__", "__main__", "lambda_mother", "lambda_worker"}
)


def patched(modules: list[str]) -> Any:
    return json.loads(run(str(Path(__file__).parent / "patched.py"), *modules))


def test_imports_change_nothing_and_their_order_neither() -> None:
    forth, back = patched(MODULES), patched(MODULES[::-1])
    assert forth["changed"] == back["changed"] == []
    assert forth["chains"] == back["chains"]
    start = forth["chains"]["ministack.services.stepfunctions:_start_execution"]
    assert start == [
        "sandbox.emulator.executions.start",
        "sandbox.emulator.express.start",
        "ministack.services.stepfunctions._start_execution",
    ]


def test_each_patch_has_a_name_of_its_own_and_says_what_ministack_does() -> None:
    rows = [json.loads(line) for line in run("-m", "sandbox.emulator.patches").splitlines()]
    assert len(rows) > 50
    assert len({row["name"] for row in rows}) == len(rows)
    assert [row for row in rows if "ministack" not in row["what"]] == []


class Stock:
    table: dict[str, Any] = {}  # noqa: RUF012 - it stands for a table of ministack


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (f"{__name__}:Stock.absent", AttributeError),
        (f"{__name__}:Stock.table.absent", KeyError),
        ("tests.sandbox.absent:name", ModuleNotFoundError),
    ],
)
def test_a_target_that_is_gone_is_an_error(target: str, error: type[Exception]) -> None:
    for make in (around, replaced):
        with pytest.raises(error, match="absent"):
            apply([make(target, print)])


def test_the_later_patch_of_a_target_wraps_the_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner(stock: Any, text: str) -> str:
        return f"inner({stock(text)})"

    def outer(stock: Any, text: str) -> str:
        return f"outer({stock(text)})"

    target = f"{__name__}:Stock.table.call"
    monkeypatch.setitem(Stock.table, "call", str.upper)
    apply([around(target, inner), around(target, outer)])
    assert Stock.table["call"]("x") == "outer(inner(X))"
    apply([replaced(target, lambda original: [original])])
    assert Stock.table["call"][0]("x") == "outer(inner(X))"


def test_an_emulator_starts_without_a_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_WITHOUT", "express._list_executions,mail._matches_filter_policy")
    with Aws() as aws:
        machine = aws.client("stepfunctions").list_state_machines()
        assert machine["stateMachines"] == []


def test_a_patch_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_WITHOUT", "express.absent")
    with pytest.raises(SandboxError, match=r"no patch is named express\.absent"):
        Aws().start()
