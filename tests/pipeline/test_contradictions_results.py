"""Where sources disagree on the shape of a result: rows 3, 4, 16, 17 and 19.

No answer that is not understood is ever CLEAN.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import SHA, Pipeline, ended, reason, verdict

IMAGE = "/images/[0-9a-f]{64}"
VULN = f"{IMAGE}/vuln"
JOBS = "/registry/[^/]+/schedule"


def counts(pipeline: Pipeline) -> dict[str, int]:
    return {name: int(value) for name, value in pipeline.item(pipeline.push())["counts"].items()}


def item(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.item(pipeline.push())


@pytest.mark.parametrize("shape", ["details", "details.vulns", "list", "data"])
def test_row_03_findings_are_read_under_every_key_that_was_seen(
    connected: Pipeline, shape: str
) -> None:
    connected.qualys.scenario(vuln_shape=shape)
    connected.find(5, 4, 4, 3, 1)
    assert ended(connected.scan()) == ("FINDINGS", "")
    assert counts(connected) == {"critical": 1, "high": 2, "medium": 1, "low": 1}


def test_row_03_one_finding_may_stand_without_its_list(connected: Pipeline) -> None:
    connected.wire.rewrites[VULN] = lambda body: {**body, "details": body["details"][0]}
    connected.find(5)
    assert ended(connected.scan()) == ("FINDINGS", "")
    assert counts(connected)["critical"] == 1


@pytest.mark.parametrize("shape", ["details.vulns", "list"])
def test_row_03_an_empty_list_in_a_known_shape_is_clean(connected: Pipeline, shape: str) -> None:
    connected.qualys.scenario(vuln_shape=shape)
    assert ended(connected.scan()) == ("CLEAN", "")


@pytest.mark.parametrize(
    "body",
    [
        {"result": {"items": []}},
        {},
        {"details": None},
        {"details": {"vulns": None}},
        {"details": [None]},
        {"data": []},
        "",
        None,
    ],
    ids=str,
)
def test_row_03_no_unknown_shape_is_ever_clean(connected: Pipeline, body: Any) -> None:
    """Not even where nothing else of the image shows a finding."""
    connected.wire.rewrites[VULN] = lambda _: body
    error = "QualysUnavailable" if body is None else "QualysUnreadable"
    assert ended(connected.scan()) == ("ERROR", error)


@pytest.mark.parametrize("path", [VULN, IMAGE])
def test_an_answer_that_is_refused_leaves_no_schedule_behind(
    connected: Pipeline, path: str
) -> None:
    """Nobody asks for it again: it lay there for a week, until it was swept."""
    connected.spoil(path, status=400, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysRejected")
    assert connected.qualys.state()["schedules"] == []


def test_a_result_that_is_asked_for_again_keeps_its_schedule_until_then(
    connected: Pipeline,
) -> None:
    connected.spoil(f"{VULN}$", status=503, times=9)
    assert verdict(connected.scan()) == "CLEAN"
    assert connected.calls().count("DELETE /registry/{registry}/schedule/{schedule}") == 1
    assert connected.qualys.state()["schedules"] == []


@pytest.mark.parametrize("name", ["lastScanned", "lastScannedDate"])
def test_row_04_the_time_of_a_scan_has_two_older_names(connected: Pipeline, name: str) -> None:
    connected.qualys.scenario(scan_time_field=name)
    assert ended(connected.scan()) == ("CLEAN", "")
    assert connected.item(connected.push())["fresh"] is True


@pytest.mark.parametrize("absent", [None, "0"])
def test_row_04_the_first_name_with_a_time_in_it_counts(connected: Pipeline, absent: Any) -> None:
    connected.wire.rewrites[IMAGE] = lambda body: {
        **body,
        "lastVmScanDate": absent,
        "lastScanned": body["lastVmScanDate"],
    }
    assert ended(connected.scan()) == ("CLEAN", "")


@pytest.mark.parametrize("time", [None, "0", "yesterday", "9" * 30])
def test_row_04_without_a_time_that_is_one_nothing_is_clean(connected: Pipeline, time: Any) -> None:
    connected.wire.rewrites[IMAGE] = lambda body: {**body, "lastVmScanDate": time}
    connected.max_polls = 8
    assert verdict(connected.scan()) in ("TIMEOUT", "ERROR")


@pytest.mark.parametrize("exempted", ["hidden", "marked"])
def test_row_16_whether_exceptions_apply_is_always_said(connected: Pipeline, exempted: str) -> None:
    connected.qualys.scenario(exempted=exempted)
    connected.find(5, 5, isExempted=True)
    run = connected.scan()
    assert ended(run) == ("CLEAN", "")
    assert connected.item(connected.push())["exempted"] == 2
    asked = [each["query"] for each in connected.qualys.calls() if each["path"].endswith("/vuln")]
    assert asked
    assert all("applyException=" in query for query in asked)


@pytest.mark.parametrize("exempted", ["hidden", "marked"])
def test_row_16_an_exception_hides_no_other_finding(connected: Pipeline, exempted: str) -> None:
    connected.qualys.scenario(exempted=exempted)
    queued = {"qid": 1, "title": "exempted", "severity": 5, "isExempted": True}
    connected.qualys.set_findings("shop/app", [queued, {"qid": 2, "title": "bad", "severity": 4}])
    assert verdict(connected.scan()) == "FINDINGS"
    assert counts(connected) == {"critical": 0, "high": 1, "medium": 0, "low": 0}


@pytest.mark.parametrize("missing", [1, 3])
def test_row_16_what_no_exception_explains_is_not_clean(connected: Pipeline, missing: int) -> None:
    """The image counts findings that no form of the list shows."""
    connected.find(*[5] * missing)
    connected.wire.rewrites[VULN] = lambda body: {**body, "details": []}
    assert ended(connected.scan()) == ("ERROR", "UnexpectedAnswer")
    connected.wire.rewrites[VULN] = lambda _: {"details": []}
    assert ended(connected.scan()) == ("ERROR", "UnexpectedAnswer")


def _with_news(body: Any) -> Any:
    """Unread release notes: fields that nobody knows, everywhere."""
    if isinstance(body, dict):
        grown = {name: _with_news(value) for name, value in body.items()}
        return {**grown, "imageDigests": [{"kind": "index"}], "release141": {"a": None}}
    return [_with_news(each) for each in body] if isinstance(body, list) else body


@pytest.mark.parametrize("severities", [(), (5, 2)], ids=["clean", "bad"])
def test_row_17_fields_that_nobody_knows_change_nothing(
    connected: Pipeline, severities: tuple[int, ...]
) -> None:
    connected.find(*severities)
    connected.wire.rewrites[".*"] = _with_news
    run = connected.scan()
    assert ended(run) == ("FINDINGS" if severities else "CLEAN", "")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (VULN, lambda body: {**body, "details": {"byPackage": body["details"]}}),
        (VULN, lambda body: {"vulnerabilityDetails": body["details"]}),
        (VULN, lambda body: {"details": [{"vulnerability": one} for one in body["details"]]}),
        (VULN, lambda body: {"details": [{**one, "severity": "HIGH", "customerSeverity": None}
                                         for one in body["details"]]}),
        (IMAGE, lambda body: [body]),
        (IMAGE, lambda body: {"image": body}),
        (IMAGE, lambda body: {**body, "vulnerabilities": {"total": 2}}),
        (IMAGE, lambda body: {**body, "sha": None}),
        (JOBS, lambda body: {"schedules": body["data"]}),
    ],
)  # fmt: skip
def test_row_17_a_changed_shape_is_refused_loudly(
    connected: Pipeline, path: str, change: Any
) -> None:
    connected.find(5, 2)
    connected.wire.rewrites[path] = change
    run = connected.scan()
    # Details that are not of our image are waited out; what is of no known shape is not.
    assert verdict(run) == "ERROR"
    assert ended(run)[1] in ("QualysUnreadable", "UnexpectedAnswer", "ScanFailed"), reason(run)
    assert [message["verdict"] for message in connected.notifications()] == ["ERROR"]


def test_row_19_potential_findings_are_counted_apart(connected: Pipeline) -> None:
    connected.find(5, 4, typeDetected="POTENTIAL")
    assert ended(connected.scan()) == ("CLEAN", "")
    item = connected.item(connected.push())
    assert (item["potential"]["critical"], item["potential"]["high"]) == (1, 1)
    assert set(counts(connected).values()) == {0}
    assert connected.notifications() == []


@pytest.mark.parametrize("kind", ["confirmed", None, "VERIFIED"])
def test_row_19_what_is_not_said_to_be_potential_counts(connected: Pipeline, kind: Any) -> None:
    connected.find(5)
    connected.wire.rewrites[VULN] = lambda body: {
        **body,
        "details": [{**one, "typeDetected": kind} for one in body["details"]],
    }
    assert verdict(connected.scan()) == "FINDINGS"
    assert counts(connected)["critical"] == 1


def test_row_19_both_kinds_at_once(connected: Pipeline) -> None:
    kinds = [("CONFIRMED", 3), ("POTENTIAL", 5), ("POTENTIAL", 1)]
    connected.qualys.set_findings(
        SHA,
        [
            {"qid": number, "title": "t", "severity": severity, "typeDetected": kind}
            for number, (kind, severity) in enumerate(kinds)
        ],
    )
    assert verdict(connected.scan()) == "FINDINGS"
    assert counts(connected) == {"critical": 0, "high": 0, "medium": 1, "low": 0}
    assert connected.notifications() == []  # nothing of it is critical or high
