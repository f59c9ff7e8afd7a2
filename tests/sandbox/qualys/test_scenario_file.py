"""A scene in one file: from the start, by the control API, and in a process of its own."""

import re
from pathlib import Path

import pytest

from sandbox.qualys import Clock, ControlRefused, QualysProcess, QualysSimulator
from tests.sandbox.qualys.caller import REGISTRY, Caller, single
from tests.sandbox.qualys.conftest import CREDENTIALS

EXAMPLE = Path(__file__).with_name("crowded_day.toml")
SECRET = "c" * 64


def play(caller: Caller) -> None:
    """What the example sets, all of it."""
    caller.push("team/app", "1.0", single())
    assert caller.post("/registry", {"registryType": "V2"}).status_code == 400
    registry = _registry(caller)
    body = {"name": "job", "filters": [{"repoTags": [{"repo": "team/app", "tag": "1.0"}]}]}
    job = caller.post(f"/registry/{registry}/schedule", body).json()
    assert isinstance(job, str)
    caller.finish()
    assert caller.job(registry, job)["status"] == "Completed"
    path = f"/images/{'a' * 64}"
    assert [caller.get(path).status_code for _ in range(3)] == [200, 429, 200]
    assert caller.image()["vulnerabilities"] is None
    caller.control.advance(121)
    row = caller.get("/images").json()["data"][0]
    assert row["vulnerabilities"]["severity5Count"] == 40
    assert [one["qid"] for one in caller.image()["vulnerabilities"]] == [351234]
    assert caller.get("/images").json()["count"] == 1
    assert caller.get(f"/images/{SECRET}").status_code == 403


def _registry(caller: Caller) -> str:
    """The registry, which is listed late."""
    assert caller.post("/registry", REGISTRY).status_code == 201
    assert caller.post("/registry", REGISTRY).status_code == 409
    assert caller.get("/registry").status_code == 204
    caller.control.advance(31)
    return str(caller.get("/registry").json()["data"][0]["registryUuid"])


def test_the_example_is_played_from_the_start_and_again_after_a_reset() -> None:
    clock = Clock(frozen=True)
    with QualysSimulator(CREDENTIALS, scenario_file=EXAMPLE, clock=clock) as simulator:
        caller = Caller(simulator)
        play(caller)
        caller.control.reset()
        play(caller)


def test_the_example_is_notified_to_a_running_simulator_until_a_reset(caller: Caller) -> None:
    caller.control.load(EXAMPLE)
    play(caller)
    caller.control.reset()
    assert caller.control.faults() == {}
    assert caller.control.scenario()["schedule_reply"] == "scheduleUuid"


def test_switches_that_are_given_win_over_those_of_the_file() -> None:
    stated = {"scan_seconds": 9.0}
    with QualysSimulator(CREDENTIALS, scenario=stated, scenario_file=EXAMPLE) as simulator:
        found = simulator.control.scenario()
    assert (found["scan_seconds"], found["schedule_reply"]) == (9.0, "string")


def test_a_process_of_its_own_reads_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE.parent)
    with QualysProcess(CREDENTIALS, scenario_file=EXAMPLE.name) as running:
        assert running.control.scenario()["schedule_reply"] == "string"
        assert [one["sha"] for one in running.control.state()["images"]] == [SECRET]
        assert len(running.control.faults()) == 1


WRONG = {
    "[scenario]\nscan_seconds = 'x'": "scenario: scan_seconds cannot be 'x'",
    "[scenario]\nspeed = 1": "scenario: unknown name speed",
    "scenario = 1": "scenario must be a table",
    "[registries]": "unknown name registries",
    "[behaviours.'team/app']\nnever_ends = 1": 'behaviours."team/app": never_ends cannot be 1',
    "[behaviours]\n'*' = 1": 'behaviours."*": ',
    "[[findings.app]]\nqid = 1": 'findings."app": a finding needs',
    "[findings]\napp = 1": 'findings."app": ',
    "[[images]]\nsha = 'x'": "images[1]: sha must be 64 hex digits",
    "[images]\nsha = 'x'": "images must be an array",
    f"[[images]]\nsha = '{SECRET}'\nrepo = [{{host = 'h'}}]": "images[1]: ",
    "[[faults]]\n[[faults]]\npath = '('": "faults[2]: path: ",
    "[[faults]]\nbody = 2026-10-12": "not JSON serializable",
    "[scenario": "Expected",
}


@pytest.mark.parametrize(("text", "reason"), WRONG.items())
def test_a_wrong_file_is_refused_by_the_name_of_what_is_wrong(
    caller: Caller, tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(reason)):
        QualysSimulator(CREDENTIALS, scenario_file=path)
    before = caller.control.scenario()
    with pytest.raises(ControlRefused, match=re.escape(reason)):
        caller.control.load(path)
    assert (caller.control.scenario(), caller.control.faults()) == (before, {})


def test_a_file_is_notified_whole_or_not_at_all(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "half.toml"
    path.write_text("[scenario]\nexternal_id = 1\n[[faults]]\nstatus = 500\n[[faults]]\nnth = 'x'")
    with pytest.raises(ControlRefused, match="nth"):
        caller.control.load(path)
    assert caller.get("/registry/aws-base").json()["externalId"] == 4711004711
    assert caller.control.faults() == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    with pytest.raises(ValueError, match=r"missing\.toml"):
        QualysSimulator(CREDENTIALS, scenario_file=missing)
    with (
        pytest.raises(RuntimeError, match=r"ended with 1 .*missing\.toml"),
        QualysProcess(CREDENTIALS, scenario_file=missing),
    ):
        pass
