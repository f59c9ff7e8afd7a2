"""Where sources disagree on creations and lists: rows 1, 2, 11 and 20.

For each side that was documented or seen the scan ends with the right verdict; for any other it
ends in a declared error. What was made once is not made again.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import SHA, Pipeline, ended, reason, verdict
from tests.support.wire import CSAPI

SUBMIT = "POST /registry/{registry}/schedule"
IMAGE = "/images/[0-9a-f]{64}"
VULN = f"{IMAGE}/vuln"
JOBS = "/registry/[^/]+/schedule"


@pytest.mark.parametrize("reply", ["scheduleUuid", "scheduleId", "string", "empty"])
def test_row_01_the_answer_to_a_submission_names_the_job_in_any_of_its_forms(
    connected: Pipeline, reply: str
) -> None:
    connected.qualys.scenario(schedule_reply=reply)
    assert ended(connected.scan()) == ("CLEAN", "")
    assert connected.calls().count(SUBMIT) == 1


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 201},
        {"status": 202, "body": {"id": 7}},
        {"body": "<html>", "status": 200},
        {"status": 200, "body": {"scheduleUuid": ["f677b189"]}},
        {"status": 200, "body": "accepted"},
        {"status": 200, "body": {"scheduleUuid": "accepted"}},
    ],
    ids=str,
)
def test_row_01_an_answer_that_names_no_job_is_looked_up_by_its_unique_name(
    connected: Pipeline, reply: dict[str, Any]
) -> None:
    connected.spoil(JOBS, method="POST", after=True, **reply)
    assert ended(connected.scan()) == ("CLEAN", "")
    assert connected.calls().count(SUBMIT) == 1


@pytest.mark.parametrize("body", [{}, "", {"scheduleUuid": None}], ids=str)
def test_row_01_a_job_that_was_accepted_and_is_nowhere_is_an_error(
    connected: Pipeline, body: Any
) -> None:
    connected.spoil(JOBS, method="POST", status=200, body=body, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysUnreadable")
    assert [each["error"] for each in connected.failed_events()] == ["QualysUnreadable"]


@pytest.mark.parametrize("reply", ["empty", "string", "object"])
def test_row_02_the_answer_to_a_creation_need_not_name_what_was_made(
    pipeline: Pipeline, reply: str
) -> None:
    pipeline.qualys.scenario(registry_reply=reply, connector_reply=reply)
    assert ended(pipeline.scan()) == ("CLEAN", "")
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)


@pytest.mark.parametrize("path", ["/registry", "/registry/aws/connector"])
@pytest.mark.parametrize(
    "fault",
    [
        {"after": True, "drop": True},
        {"after": True, "status": 400},
        {"status": 503},
    ],
    ids=str,
)
def test_row_02_a_creation_whose_answer_is_lost_makes_no_second_one(
    pipeline: Pipeline, path: str, fault: dict[str, Any]
) -> None:
    pipeline.spoil(path, method="POST", **fault)
    assert ended(pipeline.scan()) == ("CLEAN", "")
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)


def test_row_02_a_registry_that_was_accepted_and_is_nowhere_is_an_error(
    pipeline: Pipeline,
) -> None:
    pipeline.spoil("/registry", method="POST", status=201, times=0)
    assert ended(pipeline.scan()) == ("ERROR", "RegistryNotReady")
    assert SUBMIT not in pipeline.calls()


@pytest.mark.parametrize(
    "none",
    [
        {"status": 404},
        {"status": 200, "body": {"count": 0, "data": []}},
        {"status": 200, "body": []},
        {"status": 200, "body": {"count": 0}},
    ],
    ids=str,
)
def test_row_11_a_list_without_a_match_says_so_in_several_ways(
    pipeline: Pipeline, none: dict[str, Any]
) -> None:
    pipeline.spoil("/registry", **none, times=2)
    pipeline.spoil("/registry/aws/connectors/.*", **none)
    pipeline.spoil(IMAGE, status=404, times=2)
    pipeline.spoil("/images", **none)
    run = pipeline.scan()
    assert ended(run) == ("CLEAN", "")
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)


@pytest.mark.parametrize("body", [{"count": 5}, '"none"'], ids=str)
@pytest.mark.parametrize("path", ["/registry", "/registry/aws/connectors/.*", JOBS])
def test_row_11_a_list_in_no_known_shape_is_not_an_empty_one(
    pipeline: Pipeline, path: str, body: Any
) -> None:
    pipeline.spoil(path, status=200, body=body, times=0)
    assert verdict(pipeline.scan()) == "ERROR"
    assert len(pipeline.qualys.state()["registries"]) <= 1


@pytest.mark.parametrize("status", [204, 404])
def test_row_11_one_image_without_an_answer_is_not_known_yet(
    connected: Pipeline, status: int
) -> None:
    connected.spoil(IMAGE, status=status, times=1)
    run = connected.scan()
    assert ended(run) == ("CLEAN", "")


@pytest.mark.parametrize("status", [204, 404])
def test_row_11_findings_without_an_answer_are_not_ready_yet(
    connected: Pipeline, status: int
) -> None:
    connected.find(5)
    number = connected.spoil(VULN, status=status, times=2)
    run = connected.scan()
    assert (verdict(run), run.retried("GetResults")) == ("FINDINGS", 2)
    connected.qualys.fix(number)
    connected.push(config="d" * 64)
    connected.spoil(VULN, status=status, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysUnavailable")


def test_row_20_our_image_is_found_on_the_third_page(connected: Pipeline) -> None:
    """It is known by its manifest, so the repository is searched, which has 450 others."""
    connected.qualys.scenario(image_id_from="manifest")
    connected.find(5)
    others = [{"sha": f"{number:064x}", "vulnerabilities": None} for number in range(450)]
    ours = {
        "sha": connected.push().removeprefix("sha256:"),
        "lastVmScanDate": str(int(connected.time.time() + 60) * 1000),
        "scanStatus": "SUCCESS",
        "vulnerabilities": {f"severity{level}Count": level // 5 for level in range(1, 6)},
    }
    for number, page in enumerate((others[:200], others[200:400], [*others[400:], ours]), 1):
        connected.spoil("/images", status=200, body={"count": 451, "data": page}, nth=number)
    assert verdict(connected.scan()) == "FINDINGS"
    lists = [each for each in connected.qualys.calls() if each["path"] == f"{CSAPI}/images"]
    assert len(lists) == 3
    for number, each in enumerate(lists, 1):
        assert f"pageNumber={number}&" in each["query"]
        assert "pageNo=" not in each["query"]


def test_row_20_a_list_that_repeats_its_first_page_comes_to_an_end(connected: Pipeline) -> None:
    """As where the page parameter has another name: it is ignored."""
    connected.find(5)
    connected.spoil(f"/images/{SHA}", status=404, times=0)
    rows: list[dict[str, Any]] = [
        {"sha": f"{number:064x}", "repo": [], "repoDigests": [], "vulnerabilities": None}
        for number in range(200)
    ]
    connected.spoil("/images", status=200, body={"count": 450, "data": rows}, times=0)
    run = connected.scan()
    assert ended(run) == ("ERROR", "ScanFailed")
    assert "does not list the image" in reason(run)
    lists = [each for each in connected.qualys.calls() if each["path"] == f"{CSAPI}/images"]
    assert len(lists) == 2 * run.visited.count("CheckStatus")


def test_row_20_a_registry_is_found_behind_many_others(pipeline: Pipeline) -> None:
    others = [
        {
            "registryUuid": f"{number:08x}-3bab-42ec-a894-4d5969a47616",
            "registryUri": "https://other",
        }
        for number in range(450)
    ]
    pipeline.scan()
    pipeline.forget_registry()
    (ours,) = pipeline.qualys.state()["registries"]
    for number, page in enumerate((others[:200], others[200:400], [*others[400:], ours]), 1):
        pipeline.spoil("/registry", status=200, body={"count": 451, "data": page}, nth=number)
    pipeline.push(config="d" * 64)
    assert verdict(pipeline.scan()) == "CLEAN"
    assert len(pipeline.qualys.state()["registries"]) == 1
