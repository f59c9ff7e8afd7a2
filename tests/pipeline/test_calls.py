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
    settled: Pipeline, severities: tuple[int, ...]
) -> None:
    """One poll asks for the job; the one that finds it ended asks for the image as well."""
    settled.qualys.scenario(scan_seconds=100.0)
    settled.find(*severities)
    run = settled.scan()
    assert run.visited.count("CheckStatus") == 2
    assert settled.calls() == [SUBMIT, JOB, JOB, IMAGE, MALWARE, RESULT, CLEAN_UP]


def test_each_further_poll_costs_one_call(settled: Pipeline) -> None:
    settled.qualys.scenario(scan_seconds=400.0)
    run = settled.scan()
    polls = run.visited.count("CheckStatus")
    assert polls == 7
    assert settled.calls() == [SUBMIT, *[JOB] * polls, IMAGE, MALWARE, RESULT, CLEAN_UP]


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


def test_an_image_that_is_known_costs_nothing(settled: Pipeline) -> None:
    settled.scan()
    settled.qualys.forget_calls()
    reads = settled.secret_reads()
    for service in ("web", "worker"):
        settled.announce(service=service)
    assert settled.scans() == []
    assert settled.calls() == []
    assert settled.secret_reads() == reads


def test_a_known_bad_image_that_runs_elsewhere_is_told_without_a_call(settled: Pipeline) -> None:
    settled.find(5)
    settled.scan()
    settled.qualys.forget_calls()
    settled.announce(service="worker")
    assert settled.calls() == []
    assert len(settled.told()) == 2


def test_a_day_later_the_registry_is_looked_for_once(settled: Pipeline) -> None:
    settled.time.sleep(86_401)
    settled.scan()
    assert settled.calls()[:3] == [LOOK, JOB, SUBMIT]
    assert CONNECT not in settled.calls()
    assert CREATE not in settled.calls()


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


def test_a_registry_that_was_deleted_is_made_once_more(settled: Pipeline) -> None:
    """The memo is a day old at most, and Qualys says 404."""
    settled.delete_registry()
    run = settled.scan()
    assert verdict(run) == "CLEAN"
    assert run.visited[:4] == ["GetRegistry", "SubmitScan", "GetRegistry", "SubmitScan"]
    assert settled.calls().count(CREATE) == 1
    assert settled.calls().count(CONNECT) == 0
    assert settled.calls().count(SUBMIT) == 2


def test_a_failed_scan_is_cleared_away_too(settled: Pipeline) -> None:
    settled.qualys.behave(job_error="PULL-1")
    assert verdict(settled.scan()) == "ERROR"
    assert settled.calls() == [SUBMIT, JOB, CLEAN_UP]
    assert settled.qualys.state()["schedules"] == []


def test_a_scan_that_is_given_up_is_cancelled_and_cleared_away(settled: Pipeline) -> None:
    settled.qualys.behave(never_ends=True)
    settled.max_polls = 3
    assert verdict(settled.scan()) == "TIMEOUT"
    cancel = "POST /registry/{registry}/schedule/cancel"
    assert settled.calls() == [SUBMIT, JOB, JOB, JOB, cancel, CLEAN_UP]
    assert settled.qualys.state()["schedules"] == []


def test_a_clean_up_that_fails_costs_no_verdict(settled: Pipeline) -> None:
    settled.find(5)
    settled.spoil("/registry/.*/schedule/.*", method="DELETE", status=500, times=0)
    assert verdict(settled.scan()) == "FINDINGS"
    assert settled.item(settled.push())["status"] == "FINDINGS"


@pytest.mark.parametrize(("shown", "more"), [([], 1), ([4], 2)])
def test_a_list_that_is_short_costs_up_to_two_calls_more(
    settled: Pipeline, shown: list[int], more: int
) -> None:
    """The image counts more than is listed: do exceptions hide it, and has a list that is not empty
    another page?"""
    found = [{"qid": 2 + severity, "title": "shown", "severity": severity} for severity in shown]
    hidden = {"qid": 1, "title": "hidden", "severity": 5, "isExempted": True}
    settled.qualys.tell_findings(REPOSITORY, [*found, hidden])
    assert verdict(settled.scan()) == ("FINDINGS" if shown else "CLEAN")
    assert settled.calls() == [SUBMIT, JOB, IMAGE, MALWARE, *[RESULT] * (1 + more), CLEAN_UP]
