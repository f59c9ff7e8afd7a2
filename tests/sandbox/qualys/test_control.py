"""The control API: scene, counts, log, reset."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.qualys import ControlRefused, QualysSimulator
from tests.sandbox.qualys.caller import TOKEN, Caller, digest, single
from tests.sandbox.qualys.conftest import CREDENTIALS


@pytest.mark.parametrize(
    "wrong",
    [
        {"nothing": 1},
        {"tag_matching": "glob"},
        {"scan_seconds": "1"},
        {"force_scan_enabled": 1},
        {"external_id": "1"},
        {"external_id": True},
        {"rate_limits": []},
    ],
)
def test_a_wrong_switch_is_refused_and_changes_nothing(
    caller: Caller, wrong: dict[str, Any]
) -> None:
    before = caller.control.scenario()
    with pytest.raises(ControlRefused):
        caller.control.scenario(queue_seconds=9, **wrong)
    assert caller.control.scenario() == before


@pytest.mark.parametrize("wrong", [{"nothing": 1}, {"never_ends": "yes"}])
def test_a_wrong_behaviour_is_refused(caller: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused):
        caller.control.behave("team/app", **wrong)


@pytest.mark.parametrize(
    ("sha", "values"), [("x", {}), ("a" * 64, {"nothing": 1}), ("a" * 64, {"repo": [{"x": 1}]})]
)
def test_a_wrong_image_is_refused(caller: Caller, sha: str, values: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused):
        caller.control.know_image(sha, **values)


def test_calls_are_counted_by_method_and_route(caller: Caller) -> None:
    registry = caller.registry()
    caller.schedule(registry)
    for letter in "abc":
        caller.get(f"/images/{letter * 64}")
    caller.get("/nothing")
    control = caller.control
    assert control.count("GET", "/csapi/v1.3/images/{sha}") == 3
    assert control.count("POST", "/csapi/v1.3/registry/{registry_id}/schedule") == 1
    assert control.count("GET", "/csapi/v1.3/nothing") == 1
    assert sum(control.counts().values()) == 7
    control.forget_calls()
    assert control.counts() == {}


def test_the_log_holds_no_secret(caller: Caller) -> None:
    form = {"username": "robot", "password": "secret", "token": "true"}
    url = f"{caller.url}/auth?password=secret"
    jwt = requests.post(url, data=form, timeout=5).text
    Caller(caller.simulator, jwt).get("/images", filter="sha:*")
    log = caller.control.calls()
    assert [(one["path"], one["status"]) for one in log] == [
        ("/auth", 201),
        ("/csapi/v1.3/images", 204),
    ]
    assert "sha" in log[1]["query"]
    assert not any(secret in str(log) for secret in ("secret", TOKEN, jwt))


def test_counts_are_exact_under_load(caller: Caller) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: caller.get("/registry/aws-base").status_code, range(100)))
    assert found == [200] * 100
    assert caller.control.count("GET", "/csapi/v1.3/registry/aws-base") == 100


def test_a_one_shot_fault_fires_once_under_load(caller: Caller) -> None:
    caller.control.fail("/csapi/.*", status=500, times=3)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: caller.get("/registry/aws-base").status_code, range(50)))
    assert sorted(found) == [200] * 47 + [500] * 3


def test_jobs_made_at_once_all_finish(caller: Caller) -> None:
    for number in range(10):
        caller.push(f"app-{number}", "1.0", single(f"{number:x}"))
    registry = caller.registry()
    with ThreadPoolExecutor(8) as pool:
        ids = pool.map(lambda number: caller.schedule(registry, repo=f"app-{number}"), range(10))
        assert len(set(ids)) == 10
    caller.finish()
    assert {one["status"] for one in caller.control.state()["schedules"]} == {"Finished"}
    assert len(caller.control.state()["images"]) == 10


def test_reset_forgets_all_but_what_the_simulator_was_started_with() -> None:
    with QualysSimulator(CREDENTIALS, scenario={"external_id": 42}) as simulator:
        caller = Caller(simulator)
        caller.push("team/app", "1.0", single())
        caller.registry()
        caller.control.scenario(external_id=43, modules_allowed=[])
        caller.control.know_image(digest("a"))
        caller.control.fail("/nothing", status=500)
        caller.control.reset()
        assert caller.control.state() == {
            "registries": [],
            "connectors": [],
            "schedules": [],
            "images": [],
        }
        assert caller.control.counts() == {}
        assert caller.control.faults() == {}
        assert caller.get("/registry/aws-base").json()["externalId"] == 42
