"""Whatever the documents leave open about one image, turned one by one: bad stays bad.

An image with findings is never CLEAN, in no position of any switch; and it has its right verdict
wherever the position was documented or seen.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, SHA, TAG, Pipeline, verdict

FOUND = [
    {"qid": 1, "title": "critical", "severity": 5},
    {"qid": 2, "title": "perhaps", "severity": 4, "typeDetected": "POTENTIAL"},
    {"qid": 3, "title": "medium", "severity": 3},
]
KNOWN = [
    {"results_lag_seconds": 100.0},
    {"results_lag_seconds": 100.0, "early_results": ["status"]},
    {"results_lag_seconds": 100.0, "early_results": ["status", "time"]},
    {"results_lag_seconds": 100.0, "early_results": ["status", "findings"]},
    {"visible_from": "scanned"},
    {"unknown_image": "204", "visible_from": "scanned"},
    {"unscanned_counts": "nulls"},
    {"unscanned_counts": "nulls", "image_vulnerabilities": "counts", "results_lag_seconds": 100.0},
    {"image_vulnerabilities": "counts"},
    {"counted": "confirmed"},
    {"counted": "confirmed", "image_vulnerabilities": "counts"},
    {"repo_registry": "uri", "image_id_from": "manifest"},
    {"null_registry": True, "image_id_from": "manifest"},
    {"pending_vulns": "204", "results_lag_seconds": 100.0},
    {"pending_vulns": "404", "results_lag_seconds": 100.0},
    {"pending_vulns": "empty", "results_lag_seconds": 100.0},
    {"pending_vulns": "null", "results_lag_seconds": 100.0},
    {"vuln_page_size": 1},
    {"vuln_page_size": 2},
]


def name(switches: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in switches.items())


@pytest.mark.parametrize("switches", KNOWN, ids=name)
def test_a_bad_and_a_clean_image_are_that_in_every_position(
    connected: Pipeline, switches: dict[str, Any]
) -> None:
    connected.qualys.behave(**switches)
    connected.qualys.set_findings(f"{REPOSITORY}:{TAG}", FOUND)
    clean = connected.push(tag="2.0", config="e" * 64)
    assert verdict(connected.scan()) == "FINDINGS"
    (message,) = connected.notifications()
    assert message["counts"] == {"critical": 1, "high": 0, "medium": 1, "low": 0}
    assert message["fresh"] is True
    assert verdict(connected.scan(f"{HOST}/{REPOSITORY}:2.0")) == "CLEAN"
    assert connected.item(clean)["fresh"] is True


@pytest.mark.parametrize(
    "switches",
    [
        {"results_lag_seconds": 50.0},
        {"results_lag_seconds": 220.0, "early_results": ["status"]},
        {"results_lag_seconds": 100.0, "early_results": ["status", "findings"]},
        {"pending_vulns": "empty", "results_lag_seconds": 50.0},
        {"image_vulnerabilities": "counts", "results_lag_seconds": 50.0},
    ],
    ids=name,
)
def test_what_was_clean_before_is_not_clean_for_it(
    connected: Pipeline, switches: dict[str, Any]
) -> None:
    """It was scanned months ago, and what it has now comes a while after the end of the job."""
    connected.qualys.know_image(
        SHA,
        repo=[{"registry": HOST, "repository": REPOSITORY, "tag": TAG}],
        scanned_seconds_ago=90 * 86_400,
        findings=[],
    )
    connected.qualys.behave(**switches)
    connected.qualys.set_findings(REPOSITORY, FOUND)
    run = connected.scan()
    assert verdict(run) == "FINDINGS", run


@pytest.mark.parametrize(
    "counts",
    [
        {"counts": {"severity5Count": 1}, "image_vulnerabilities": "counts"},
        {"counts": {"severity1Count": 40}, "image_vulnerabilities": "counts"},
        {"summary": {"confirmed": {"sev5Count": 1}}},
        {"summary": {"potential": {"sev5Count": 2}}},
    ],
    ids=name,
)
def test_a_clean_list_is_not_believed_against_a_count(
    connected: Pipeline, counts: dict[str, Any]
) -> None:
    connected.qualys.behave(**counts)
    assert verdict(connected.scan()) == "ERROR"


def test_a_total_beside_an_empty_array_is_not_overlooked(connected: Pipeline) -> None:
    """The details show no vulnerability, and `totalVulnCount` one."""
    connected.qualys.behave(counts={"severity5Count": 1})
    assert verdict(connected.scan()) == "ERROR"


@pytest.mark.parametrize(
    "counts",
    [
        {"counts": {"severity5Count": 0, "severity4Count": 0, "severity3Count": 0}},
        {"vuln_count": {"severity5Count": 0, "severity4Count": 0, "severity3Count": 0}},
        {"summary": {"confirmed": {"sev5Count": 0, "sev3Count": 0}}},
    ],
    ids=name,
)
def test_no_count_takes_a_finding_away(connected: Pipeline, counts: dict[str, Any]) -> None:
    connected.qualys.behave(**counts)
    connected.qualys.set_findings(REPOSITORY, FOUND)
    assert verdict(connected.scan()) == "FINDINGS"
    (message,) = connected.notifications()
    assert message["counts"]["critical"] == 1


@pytest.mark.parametrize(
    "counts",
    [
        {"counts": {"severity5Count": 400}, "image_vulnerabilities": "counts"},
        {"counts": {"severity5Count": 3, "severity3Count": 0}, "image_vulnerabilities": "counts"},
        {"summary": {"confirmed": {"sev5Count": 2}}},
    ],
    ids=name,
)
def test_a_bad_list_is_not_believed_against_a_count_of_more(
    connected: Pipeline, counts: dict[str, Any]
) -> None:
    """What it lists is said in the reason."""
    connected.qualys.behave(**counts)
    connected.qualys.set_findings(REPOSITORY, FOUND)
    assert verdict(connected.scan()) == "ERROR"
    (message,) = connected.notifications()
    assert "1 critical and 1 medium" in message["reason"]


def test_a_list_that_is_far_longer_than_the_record_is_notified_so(connected: Pipeline) -> None:
    connected.qualys.behave(
        image_vulnerabilities="counts",
        counts={"severity5Count": 1, "severity3Count": 0, "severity4Count": 0},
        vuln_count={"severity5Count": 2},
    )
    connected.find(*[5] * 10)
    connected.scan()
    (message,) = connected.notifications()
    assert "lists 10 vulnerabilities" in message["reason"]
    assert "GET /images/{sha}/vuln/count" in connected.calls()


def test_an_image_out_of_scope_is_an_error(connected: Pipeline) -> None:
    connected.qualys.behave(out_of_scope=True)
    connected.qualys.set_findings(REPOSITORY, FOUND)
    run = connected.scan()
    assert verdict(run) == "ERROR"
    assert "QualysForbidden" in run.cause


@pytest.mark.parametrize("sensor", ["stopped", "absent"])
def test_without_a_sensor_every_scan_is_a_timeout(connected: Pipeline, sensor: str) -> None:
    connected.max_polls = 3
    connected.qualys.scenario(sensor=sensor)
    assert verdict(connected.scan()) in ("TIMEOUT", "ERROR")


@pytest.mark.parametrize(
    "switches",
    [
        {"unknown_fields": True},
        {"absent_nulls": True},
        {"short_ids": "none"},
        {"page_parameter": "pageNo"},
        {"token_matches": {"registryUri": "none"}},
        {"token_matches": {"registryUri": "all"}},
        {"token_matches": {"scheduleUuid": "all"}},
        {"token_matches": {"repo.repository": "all"}},
        {"bad_filter_status": 0},
        {"duplicate_connector_status": 0},
        {"registry_lag_seconds": 30.0},
        {"connectors_shape": "data"},
        {"rate_limits": {"/registry": [4, 5], "/images": [1, 5]}, "rate_limit_status": 409},
    ],
    ids=name,
)
def test_first_runs_end_right_in_every_position(
    pipeline: Pipeline, switches: dict[str, Any]
) -> None:
    pipeline.qualys.scenario(**switches)
    pipeline.qualys.set_findings(REPOSITORY, FOUND)
    assert verdict(pipeline.scan()) == "FINDINGS"
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)
    assert made["schedules"] == []


@pytest.mark.parametrize(
    "switches",
    [
        {"modules_allowed": []},
        {"denied_permissions": ["CS.REGISTRY.CREATE"]},
        {"denied_permissions": ["CS.REGISTRY.VIEW"]},
        {"denied_permissions": ["CS.IMAGE.VIEW"]},
    ],
    ids=name,
)
def test_what_is_not_allowed_is_a_declared_error(
    pipeline: Pipeline, switches: dict[str, Any]
) -> None:
    pipeline.sign_in_with(username="robot", password="secret")
    pipeline.qualys.scenario(**switches)
    run = pipeline.scan()
    assert verdict(run) == "ERROR"
    assert run.cause.startswith(("QualysForbidden: ", "QualysRejected: ", "QualysThrottled: "))
