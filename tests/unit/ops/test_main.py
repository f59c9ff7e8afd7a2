"""./image-scan: its commands, their exit statuses, and what is printed where."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ops import __main__, commands, status
from ops.__main__ import main
from ops.commands import COMMANDS, parser, take_settings
from ops.errors import Failed, NoAnswer, OpsError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Replaces `status` by a function that raises or returns."""

    def replace(end: Any) -> None:
        def run(*_: Any) -> int:
            if isinstance(end, BaseException):
                raise end
            return int(end)

        monkeypatch.setattr(status, "run", run)

    return replace


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_its_options_and_examples(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: ./image-scan {command}" in shown
    assert shown.count(f"  ./image-scan {command}") >= len(COMMANDS[command].examples)
    text = [line for line in shown.splitlines() if not line.startswith("  ./image-scan")]
    assert max(map(len, text)) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_can_be_typed(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for example in COMMANDS[command].examples:
        parser().parse_args(take_settings([command, *example.split()]))


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scam"])
    assert ended.value.code == 2
    assert "invalid choice: 'scam'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (0, 0),
        (1, 1),
        (Failed("it failed"), 1),
        (OpsError("what was given is wrong"), 2),
        (NoAnswer("AWS does not answer"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_status_says_how_it_ended(
    ending: Callable[[Any], None], end: Any, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ending(end)
    assert main(["status"]) == expected
    shown = capsys.readouterr()
    assert shown.out == ""
    if isinstance(end, OpsError):
        assert shown.err == f"{end}\n"


@pytest.mark.parametrize("error", [OpsError, Failed, NoAnswer])
def test_with_json_an_error_is_json_too(
    ending: Callable[[Any], None], error: type[OpsError], capsys: pytest.CaptureFixture[str]
) -> None:
    ending(error("one sentence."))
    main(["status", "--json"])
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"error": "one sentence.", "status": error.status}
    assert shown.err == "one sentence.\n"


def test_a_fault_of_the_tool_is_no_finding(
    ending: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own status for a traceback is 1, which would read as findings."""
    ending(ZeroDivisionError())
    monkeypatch.setattr(sys, "argv", ["ops", "status"])
    assert __main__.run() == 3


def test_an_interrupted_deployment_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.deploy.installation.run", run)
    assert main(["deploy"]) == 130
    assert capsys.readouterr().err == "Interrupted. The same command goes on from here.\n"


def test_settings_may_be_typed_as_for_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"REGION": "eu-west-1"})
    seen: list[Namespace] = []

    def run(arguments: Namespace, _: Any) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(status, "run", run)
    assert main(["status", "NAME_PREFIX=other", "JSON=1"]) == 0
    (given,) = seen
    assert (given.name_prefix, given.region, given.json) == ("other", "eu-west-1", True)


@pytest.mark.attack(12)
@pytest.mark.parametrize("name", [*commands._SECRETS, "TF_VAR_qualys_credentials"])
@pytest.mark.held("the credential")
def test_a_secret_on_the_command_line_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deploy", f"{name}=canary"]) == 2
    shown = capsys.readouterr().err
    assert shown == f"{name} belongs into the environment, not on the command line.\n"
    assert name not in os.environ


def refusing(*_: Any) -> None:
    raise OpsError("no")


@pytest.mark.parametrize(
    ("words", "run"),
    [
        (["status"], lambda _, console: console.print("x")),
        (["completion", "bash"], None),
        (["status", "--json"], refusing),
    ],
    ids=["with rich", "without it", "an error as JSON"],
)
def test_a_reader_that_ends_early_ends_the_command(
    ending: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch, words: list[str], run: Any
) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return 99

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr(status, "run", run)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 141
