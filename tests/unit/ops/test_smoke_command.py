"""make smoke: the report of a run, and of what it leaves."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from ops.errors import OpsError
from ops.hints import make
from ops.smoke import command
from ops.smoke.command import minutes
from ops.smoke.course import Late, Step, Stuck
from ops.smoke.definition import Definition
from ops.smoke.report import LATE, PASSED, STUCK, Report
from ops.smoke.stages import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ARN = "arn:aws:ecs:us-east-1:111111111111:task-definition/unit-smoke:3"


def report(as_json: bool) -> tuple[Report, Console]:
    console = Console(record=True, width=60, file=io.StringIO())
    return Report(console, as_json=as_json, image="uri"), console


def test_the_lines_of_a_run_that_passes() -> None:
    stated, console = report(as_json=False)
    stated.registered(Definition(ARN, AT))
    stated.passed(Step("trail", AT.timestamp() + 75.4, "seen"))
    stated.passed(Step("verdict", AT.timestamp() - 1, "the scan has ended", "CLEAN"))
    stated.result = PASSED
    assert stated.status == 0
    assert [line.rstrip() for line in console.export_text().splitlines()] == [
        "registered 08:00:00            unit-smoke:3",
        "trail      08:01:15  +75 s     seen",
        "verdict    07:59:59  +0 s      CLEAN: the scan has ended",
    ]


@pytest.mark.parametrize(
    ("result", "found", "status", "line"),
    [
        (STUCK, [Remedy("sensor-alive", "no sensor", "start one")], 1, "no sensor  ->  start one"),
        (LATE, [], 3, "->  wait"),
    ],
)
def test_the_lines_of_one_that_stops(
    result: str, found: list[Remedy], status: int, line: str
) -> None:
    for as_json in (False, True):
        stated, console = report(as_json)
        stated.stopped(result, Stuck("scan", "why"), found, "wait")
        stated.end()
        assert stated.status == status
        text = console.export_text()
        if as_json:
            assert (json.loads(text)["result"], json.loads(text)["why"]) == (result, "why")
        else:
            assert line in text


@pytest.mark.parametrize(("text", "value"), [("30", 30), ("0.2", 0.2), ("1440", 1440)])
def test_minutes(text: str, value: float) -> None:
    assert minutes(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "soon", "1441", "nan", "1e3", "", "99999"])
def test_no_minutes(text: str) -> None:
    sentence = f"WAIT_MINUTES={text} is no number of minutes above 0, 1440 at most"
    with pytest.raises(OpsError, match=sentence):
        minutes(text)


class World:
    """What the command finds: how its course ends, what AWS refuses, and what the cache has."""

    def __init__(self) -> None:
        self.ends: BaseException | None = None
        self.refuses: set[str] = set()
        self.status = ""
        self.registered = False
        self.environment = {"LOG_LEVEL": "INFO"}
        self.family = "unit-smoke"

    def make(self, target: str, **settings: str) -> str:
        return make(target, "unit", **settings)

    def find(self, _uri: str) -> list[dict[str, Any]]:
        known = {"imageDigest": "sha256:1", "status": self.status, "ttl": 9_999_999_999}
        return [known] if self.status else []

    def register(self, _uri: str) -> Definition:
        self.registered = True
        self._refuse("RegisterTaskDefinition")
        return Definition(ARN, AT)

    def remove(self, _arn: str) -> None:
        self._refuse("DeleteTaskDefinitions")

    def take_back(self, _items: Any) -> int:
        self._refuse("DeleteMessage")
        return 1

    def steps(self) -> Iterator[Step]:
        if self.ends:
            raise self.ends
        yield Step("verdict", AT.timestamp(), "the scan has ended", "CLEAN")

    def _refuse(self, call: str) -> None:
        if call in self.refuses:
            raise OpsError(f"AWS refused {call}")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    for name in ("CacheItems", "Here", "Definitions", "Traces", "Scans", "Course", "depths"):
        monkeypatch.setattr(command, name, lambda *_: found)
    monkeypatch.setattr(command, "Installation", SimpleNamespace(of=lambda _: found))
    monkeypatch.setattr(command, "ecr_uri", lambda *given: given[-1])
    monkeypatch.setattr(command, "remedies", lambda *_: [])
    return found


def run(as_json: bool = True) -> tuple[int | BaseException, str]:
    """The exit status, or what is raised, and the output."""
    console = Console(record=True, width=200, file=io.StringIO())
    arguments = Namespace(image="uri", wait_minutes="1", json=as_json)
    try:
        return command.run(arguments, console), console.export_text()
    except (OpsError, KeyboardInterrupt) as error:
        return error, console.export_text()


TASK_LEFT = (
    "A task definition of unit-smoke is left, remove it by hand: AWS refused DeleteTaskDefinitions"
)
MESSAGES_LEFT = f"Messages about {ARN} may be left in the queues: AWS refused DeleteMessage"


def test_a_verdict_is_notified_though_something_is_left(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.refuses = {"DeleteTaskDefinitions"}
    status, output = run()
    assert (status, capsys.readouterr().err) == (3, f"{TASK_LEFT}\n")
    stated = json.loads(output)
    assert (stated["result"], stated["verdict"], stated["left"]) == ("passed", "CLEAN", [TASK_LEFT])


def test_all_that_is_left_is_notified(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.refuses = {"DeleteTaskDefinitions", "DeleteMessage"}
    world.ends = Stuck("intake", "why")
    status, output = run()
    assert (status, capsys.readouterr().err) == (3, f"{TASK_LEFT}\n{MESSAGES_LEFT}\n")
    stated = json.loads(output)
    assert (stated["result"], stated["why"]) == ("stuck", "why")
    assert stated["left"] == [TASK_LEFT, MESSAGES_LEFT]


def test_an_interrupted_run_prints_what_it_knows(world: World) -> None:
    world.ends = KeyboardInterrupt()
    error, output = run()
    assert isinstance(error, KeyboardInterrupt)
    stated = json.loads(output)
    assert (stated["result"], stated["task_definition"], stated["left"]) == ("interrupted", ARN, [])


def test_a_refused_call_is_notified_beside_what_is_left(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ends, world.refuses = OpsError("AWS refused FilterLogEvents"), {"DeleteMessage"}
    status, output = run()
    said = f"AWS refused FilterLogEvents\n{MESSAGES_LEFT}\n"
    assert (status, capsys.readouterr().err) == (3, said)
    stated = json.loads(output)
    assert (stated["result"], stated["why"]) == ("refused", "AWS refused FilterLogEvents")


@pytest.mark.parametrize(
    ("ends", "status"), [(None, 0), (Stuck("rule", ""), 1), (Late("rule", ""), 3)]
)
@pytest.mark.parametrize("as_json", [True, False])
def test_the_status_of_a_run(world: World, ends: Any, status: int, as_json: bool) -> None:
    world.ends = ends
    assert run(as_json)[0] == status


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
@pytest.mark.parametrize("status", ["CLEAN", "FINDINGS", "UNSCANNABLE", "IN_PROGRESS"])
def test_what_cannot_be_seen_is_not_begun(world: World, level: str, status: str) -> None:
    world.status, world.environment = status, {"LOG_LEVEL": level}
    error, output = run()
    assert str(error) == (
        f"The functions log nothing below {level}, so the event of an image that the cache knows "
        f"({status}) cannot be seen: give an image without a verdict, or set log.level to INFO."
    )
    assert (output, world.registered) == ("", False)


@pytest.mark.parametrize(
    ("level", "status"),
    [("ERROR", ""), ("WARNING", "ERROR"), ("INFO", "CLEAN"), ("DEBUG", "FINDINGS")],
)
def test_what_can_be_seen_is_begun(world: World, level: str, status: str) -> None:
    """Where a scan starts, that shows the way of the event."""
    world.status, world.environment = status, {"LOG_LEVEL": level}
    assert run()[0] == 0
