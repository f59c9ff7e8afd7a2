"""The verdict of a completed scan."""

from typing import Any

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan import scan_results
from image_scan.errors import (
    QualysRejected,
    QualysUnauthorized,
    QualysUnavailable,
    ScanError,
    UnexpectedAnswer,
)
from image_scan.payloads import Status
from image_scan.qualys import models
from image_scan.qualys.client import QualysClient
from tests.unit.builders import API, SHA, STATUS, finding, image, tag_only

VULN = f"{API}/images/{SHA}/vuln"


def status(**changes: Any) -> Status:
    return Status(**{**STATUS, **changes})  # type: ignore[typeddict-item]


def test_it_tells_which_scan_it_stands_on(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": [finding(4)]})
    outcome = scan_results.fetch(image(), STATUS, qualys)
    assert outcome["verdict"] == "FINDINGS"
    assert outcome["counts"]["high"] == 1
    assert outcome["config_digest"] == f"sha256:{SHA}"
    assert (outcome["fresh"], outcome["reason"]) == (True, "")
    assert outcome["scanned_at"] == STATUS["scanned_at"]


def test_exceptions_of_the_subscription_are_asked_for(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    scan_results.fetch(image(), STATUS, qualys)
    assert "applyException=true" in str(answers.calls[0].request.url)


def test_an_old_result_and_an_identity_by_tag_are_said(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    outcome = scan_results.fetch(tag_only(), status(fresh=False), qualys)
    assert outcome["fresh"] is False
    assert "did not scan again" in outcome["reason"]
    assert "by its tag only" in outcome["reason"]


def test_all_findings_exempted_is_clean_and_says_so(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    answers.get(VULN, json={"details": [finding(), finding()]})
    outcome = scan_results.fetch(image(), status(reported=2), qualys)
    assert (outcome["verdict"], outcome["exempted"]) == ("CLEAN", 2)


def test_counted_but_not_listed_findings_are_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    answers.get(VULN, json={"details": []})
    with pytest.raises(UnexpectedAnswer, match="counts 3 vulnerabilities and lists 0"):
        scan_results.fetch(image(), status(reported=3), qualys)


def test_fewer_listed_than_counted_are_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As when a page of potential findings is given where 340 of all kinds are counted."""
    answers.get(VULN, json={"details": [finding(typeDetected="POTENTIAL")] * 100})
    with pytest.raises(UnexpectedAnswer, match="counts 340 vulnerabilities and lists 100"):
        scan_results.fetch(image(), status(reported=340), qualys)


def test_fewer_listed_than_counted_are_findings_all_the_same(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": [finding()]})
    assert scan_results.fetch(image(), status(reported=340), qualys)["verdict"] == "FINDINGS"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["details", "vulns", "severity", "typeDetected", "data"]), inner
        )
    ),
    max_leaves=6,
)


@given(answer=json_values, reported=st.integers(0, 2))
@settings(max_examples=200)
def test_clean_is_only_what_a_known_shape_proves(answer: Any, reported: int) -> None:
    class Answering:
        def vulnerabilities(self, _sha: str, **_: Any) -> Any:
            return models.vulnerabilities(answer)

    try:
        outcome = scan_results.fetch(image(), status(reported=reported), Answering())  # type: ignore[arg-type]
    except ScanError:
        return
    found = models.vulnerabilities(answer)
    if outcome["verdict"] == "CLEAN":
        assert len(found) >= reported
        kinds = {str(each.get("typeDetected") or "").upper() for each in found}
        assert all(kind == "POTENTIAL" or kind.startswith("INFO") for kind in kinds)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 204}, QualysUnavailable),
        ({"status": 404}, QualysUnavailable),
        ({"body": ""}, QualysUnavailable),
        ({"body": "<html>"}, QualysUnavailable),
        ({"status": 503}, QualysUnavailable),
        ({"status": 401}, QualysUnauthorized),
        ({"status": 403}, QualysUnauthorized),
        ({"status": 400}, QualysRejected),
        ({"json": {}}, UnexpectedAnswer),
        ({"json": {"details": None}}, UnexpectedAnswer),
        ({"json": {"data": []}}, UnexpectedAnswer),
        ({"json": {"details": "none"}}, UnexpectedAnswer),
        ({"json": {"details": [1]}}, UnexpectedAnswer),
        ({"json": 0}, UnexpectedAnswer),
        ({"json": "clean"}, UnexpectedAnswer),
    ],
)
def test_no_other_answer_is_a_verdict(
    qualys: QualysClient,
    answers: responses.RequestsMock,
    answer: dict[str, Any],
    error: type[Exception],
) -> None:
    answers.get(VULN, **answer)
    with pytest.raises(error):
        scan_results.fetch(image(), STATUS, qualys)
