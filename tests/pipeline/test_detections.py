"""Malware and secrets from the sensor to the verdict, with every answer that no document shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import REPOSITORY, Pipeline, ended, reason, verdict

MALWARE = {"fileName": "libz.so.1", "severity": 1, "family": "mirai", "category": "dropper"}
SECRET = {"secretDetector": "AWS Access Key", "severity": "CRITICAL", "value": "canary-secret"}
BOTH = ["malware", "secrets"]
LAYERS = "/images/[0-9a-f]{64}/layers/malware"


def item(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.item(pipeline.push())


def test_an_image_with_malware_and_no_vulnerability_is_not_clean(connected: Pipeline) -> None:
    connected.qualys.behave(examines=BOTH, malware=[MALWARE])
    assert verdict(connected.scan()) == "FINDINGS"
    (sent,) = connected.notifications()
    assert sent["malware"] == {"critical": 0, "high": 0, "medium": 0, "low": 1}
    assert [each["name"] for each in sent["detections"]] == ["libz.so.1"]
    assert item(connected)["examined"] == ["vulnerabilities", "malware", "secrets"]


@pytest.mark.parametrize("rows", ["detector", "declared"])
def test_an_image_with_a_secret_and_no_vulnerability_is_not_clean(
    connected: Pipeline, rows: str
) -> None:
    connected.qualys.behave(examines=BOTH, secrets=[SECRET], secret_rows=rows)
    assert verdict(connected.scan()) == "FINDINGS"
    (sent,) = connected.notifications()
    assert sent["secrets"] == {"critical": 1, "high": 0, "medium": 0, "low": 0}
    assert [each["name"] for each in sent["detections"]] == ["AWS Access Key"]


def test_a_clean_image_says_for_what_it_was_examined(connected: Pipeline) -> None:
    connected.qualys.behave(examines=BOTH)
    assert verdict(connected.scan()) == "CLEAN"
    found = item(connected)
    assert found["examined"] == ["vulnerabilities", "malware", "secrets"]
    assert set(found["malware"].values()) == set(found["secrets"].values()) == {0}


@pytest.mark.parametrize(
    "answer", [{}, *({"malware_answer": each} for each in ("empty", "204", "403", "404"))], ids=str
)
def test_malware_that_nobody_looked_for_is_not_examined_and_never_none(
    connected: Pipeline, answer: dict[str, Any]
) -> None:
    connected.qualys.behave(examines=["secrets", *(["malware"] if answer else [])], **answer)
    assert verdict(connected.scan()) == "CLEAN"
    assert item(connected)["examined"] == ["vulnerabilities", "secrets"]
    assert "malware" not in item(connected)


@pytest.mark.parametrize("answer", ["cut", "unknown"])
def test_an_answer_about_malware_that_is_not_understood_is_said(
    connected: Pipeline, answer: str
) -> None:
    connected.qualys.behave(examines=BOTH, malware_answer=answer)
    run = connected.scan()
    assert verdict(run) == "CLEAN"
    assert "malware is incomplete or has no known shape" in reason(run)
    assert "malware" not in item(connected)["examined"]


@pytest.mark.parametrize("shape", ["absent", "null", "unknown"])
def test_secrets_without_a_readable_block_are_not_examined_and_never_none(
    connected: Pipeline, shape: str
) -> None:
    connected.qualys.behave(examines=BOTH, secrets=[SECRET], secrets_block=shape)
    run = connected.scan()
    assert verdict(run) == "CLEAN"
    assert item(connected)["examined"] == ["vulnerabilities", "malware"]
    assert ("secrets is incomplete or has no known shape" in reason(run)) == (shape == "unknown")


def test_malware_that_only_the_details_show_is_found(connected: Pipeline) -> None:
    sent = {"malware_block": "list", "malware_answer": "403"}
    connected.qualys.behave(examines=BOTH, malware=[MALWARE], **sent)
    assert verdict(connected.scan()) == "FINDINGS"
    assert item(connected)["malware"]["low"] == 1


def test_an_image_that_only_the_list_has_is_examined_by_its_details(connected: Pipeline) -> None:
    """Qualys' sha is a manifest digest there, so the details are not found by the config."""
    connected.qualys.behave(examines=BOTH, image_id_from="manifest", secrets=[SECRET])
    assert verdict(connected.scan()) == "FINDINGS"
    assert item(connected)["secrets"]["critical"] == 1


def test_an_outage_of_the_call_is_waited_for(connected: Pipeline) -> None:
    connected.qualys.behave(examines=BOTH, malware=[MALWARE])
    connected.spoil(LAYERS, status=503, times=6)
    run = connected.scan()
    assert verdict(run) == "FINDINGS"
    assert run.retried("GetResults") > 0
    assert item(connected)["malware"]["low"] == 1


def test_a_longer_outage_of_the_call_is_an_error_that_waits_for_a_redrive(
    connected: Pipeline,
) -> None:
    connected.qualys.behave(examines=BOTH, malware=[MALWARE])
    connected.spoil(LAYERS, status=503, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysUnavailable")
    assert len(connected.failed_events()) == 1


def test_malware_is_notified_whatever_the_count_of_vulnerabilities(connected: Pipeline) -> None:
    """The record counts more than the list shows, which is an error for an image that is quiet."""
    connected.qualys.behave(
        examines=BOTH,
        malware=[MALWARE],
        counts={"severity3Count": 1},
        image_vulnerabilities="counts",
    )
    assert verdict(connected.scan()) == "FINDINGS"
    assert connected.notifications()[0]["malware"]["low"] == 1


@pytest.mark.parametrize("kind", BOTH)
def test_what_is_required_and_was_not_examined_is_an_error_with_its_remedy(
    connected: Pipeline, kind: str
) -> None:
    connected.configure(REQUIRE_EXAMINED=f"vulnerabilities {kind}")
    run = connected.scan()
    assert ended(run) == ("ERROR", "NotExamined")
    assert "sensor" in reason(run)
    assert ("--perform-malware-detection" in reason(run)) == (kind == "malware")
    assert run.retried("GetResults") == 0
    assert connected.qualys.state()["schedules"] == []


def test_a_redrive_after_the_flag_is_set_brings_it_to_its_verdict(connected: Pipeline) -> None:
    connected.configure(REQUIRE_EXAMINED="vulnerabilities malware secrets")
    assert ended(connected.scan()) == ("ERROR", "NotExamined")
    (event,) = connected.failed_events()
    connected.qualys.behave(examines=BOTH)
    connected.intake({name: value for name, value in event.items() if name != "error"})
    (run,) = connected.scans()
    assert verdict(run) == "CLEAN"


def test_findings_are_notified_though_something_required_was_not_examined(
    connected: Pipeline,
) -> None:
    connected.configure(REQUIRE_EXAMINED="vulnerabilities malware")
    connected.find(5)
    run = connected.scan()
    assert verdict(run) == "FINDINGS"
    assert "not examined for malware, which is required" in reason(run)
    assert connected.notifications()[0]["counts"]["critical"] == 1


def test_an_image_takes_at_most_seven_calls_at_two_polls(connected: Pipeline) -> None:
    connected.qualys.scenario(scan_seconds=90.0)
    connected.qualys.behave(REPOSITORY, examines=BOTH)
    assert verdict(connected.scan()) == "CLEAN"
    calls = connected.calls()
    assert calls.count("GET /registry/{registry}/schedule") == 2
    assert calls.count("GET /images/{sha}/layers/malware") == 1
    assert len(calls) == 7, calls
