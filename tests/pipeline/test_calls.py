"""What a scan costs in calls to Qualys: these, in this order, and no others."""

from __future__ import annotations

import pytest

from tests.support.pipeline import REPOSITORY, Pipeline, verdict

LOOK = "GET /registry"
CONNECTORS = "GET /registry/aws/connectors/{account}"
BASE = "GET /registry/aws-base"
CONNECT = "POST /registry/aws/connector"
CREATE = "POST /registry"
SUBMIT = "POST /registry/{registry}/schedule"
JOB = "GET /registry/{registry}/schedule"
IMAGE = "GET /images/{sha}"
MALWARE = "GET /images/{sha}/layers/malware"
RESULT = "GET /images/{sha}/vuln"
CLEAN_UP = "DELETE /registry/{registry}/schedule/{schedule}"


@pytest.mark.parametrize("severities", [(), (5, 4, 1)], ids=["clean", "bad"])
def test_a_new_image_costs_seven_calls_at_two_polls(
    connected: Pipeline, severities: tuple[int, ...]
) -> None:
    """One poll asks for the job; the one that finds it ended asks for the image as well."""
    connected.qualys.scenario(scan_seconds=100.0)
    connected.find(*severities)
    run = connected.scan()
    assert run.visited.count("CheckStatus") == 2
    assert connected.calls() == [SUBMIT, JOB, JOB, IMAGE, MALWARE, RESULT, CLEAN_UP]


def test_each_further_poll_costs_one_call(connected: Pipeline) -> None:
    connected.qualys.scenario(scan_seconds=400.0)
    run = connected.scan()
    polls = run.visited.count("CheckStatus")
    assert polls == 7
    assert connected.calls() == [SUBMIT, *[JOB] * polls, IMAGE, MALWARE, RESULT, CLEAN_UP]


def test_the_very_first_image_has_its_registry_and_connector_made(pipeline: Pipeline) -> None:
    pipeline.scan()
    assert pipeline.calls() == [
        LOOK,  # with the filter
        LOOK,  # and without, since a filter may miss
        CONNECTORS,
        BASE,
        CONNECT,
        CREATE,
        LOOK,
        SUBMIT,
        JOB,
        IMAGE,
        MALWARE,
        RESULT,
        CLEAN_UP,
    ]


def test_an_image_that_is_known_costs_nothing(connected: Pipeline) -> None:
    connected.scan()
    connected.qualys.forget_calls()
    reads = connected.secret_reads()
    for service in ("web", "worker"):
        connected.announce(service=service)
    assert connected.scans() == []
    assert connected.calls() == []
    assert connected.secret_reads() == reads


def test_a_known_bad_image_that_runs_elsewhere_is_notified_without_a_call(
    connected: Pipeline,
) -> None:
    connected.find(5)
    connected.scan()
    connected.qualys.forget_calls()
    connected.announce(service="worker")
    assert connected.calls() == []
    assert len(connected.notifications()) == 2


def test_a_day_later_the_registry_is_looked_for_once(connected: Pipeline) -> None:
    connected.time.sleep(86_401)
    connected.scan()
    assert connected.calls()[:2] == [LOOK, SUBMIT]
    assert CONNECT not in connected.calls()
    assert CREATE not in connected.calls()


@pytest.mark.parametrize(
    ("secret", "door"),
    [
        ({"username": "robot", "password": "secret"}, ["POST /auth"]),
        ({"client_id": "client", "client_secret": "client-secret"}, ["POST /auth/oauth"]),
    ],
    ids=["user", "client"],
)
def test_each_environment_signs_in_once(
    pipeline: Pipeline, secret: dict[str, str], door: list[str]
) -> None:
    pipeline.sign_in_with(**secret)
    pipeline.scan()
    pipeline.push(config="d" * 64)
    pipeline.scan()
    assert [call for call in pipeline.calls() if "/auth" in call] == door * 4


def test_a_registry_that_was_deleted_is_made_once_more(connected: Pipeline) -> None:
    """The cache entry is a day old at most, and Qualys says 404."""
    connected.delete_registry()
    run = connected.scan()
    assert verdict(run) == "CLEAN"
    assert run.visited[:4] == ["GetRegistry", "SubmitScan", "GetRegistry", "SubmitScan"]
    assert connected.calls().count(CREATE) == 1
    assert connected.calls().count(CONNECT) == 0
    assert connected.calls().count(SUBMIT) == 2


def test_a_failed_scan_is_cleared_away_too(connected: Pipeline) -> None:
    connected.qualys.behave(job_error="PULL-1")
    assert verdict(connected.scan()) == "ERROR"
    assert connected.calls() == [SUBMIT, JOB, CLEAN_UP]
    assert connected.qualys.state()["schedules"] == []


def test_a_scan_that_is_given_up_is_cancelled_and_cleared_away(connected: Pipeline) -> None:
    connected.qualys.behave(never_ends=True)
    connected.max_polls = 3
    assert verdict(connected.scan()) == "TIMEOUT"
    cancel = "POST /registry/{registry}/schedule/cancel"
    assert connected.calls() == [SUBMIT, JOB, JOB, JOB, cancel, CLEAN_UP]
    assert connected.qualys.state()["schedules"] == []


def test_a_clean_up_that_fails_costs_no_verdict(connected: Pipeline) -> None:
    connected.find(5)
    connected.spoil("/registry/.*/schedule/.*", method="DELETE", status=500, times=0)
    assert verdict(connected.scan()) == "FINDINGS"
    assert connected.item(connected.push())["status"] == "FINDINGS"


@pytest.mark.parametrize(("shown", "more"), [([], 1), ([4], 2)])
def test_a_list_that_is_short_costs_up_to_two_calls_more(
    connected: Pipeline, shown: list[int], more: int
) -> None:
    """The image counts more than is listed: do exceptions hide it, and has a list that is not empty
    another page?"""
    found = [{"qid": 2 + severity, "title": "shown", "severity": severity} for severity in shown]
    hidden = {"qid": 1, "title": "hidden", "severity": 5, "isExempted": True}
    connected.qualys.set_findings(REPOSITORY, [*found, hidden])
    assert verdict(connected.scan()) == ("FINDINGS" if shown else "CLEAN")
    assert connected.calls() == [SUBMIT, JOB, IMAGE, MALWARE, *[RESULT] * (1 + more), CLEAN_UP]
