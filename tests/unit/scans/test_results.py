"""The verdict of a completed scan."""

from typing import Any, cast

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from responses.matchers import query_param_matcher

from image_scan.contracts import Status
from image_scan.errors import (
    QualysForbidden,
    QualysRejected,
    QualysUnauthorized,
    QualysUnavailable,
    QualysUnreadable,
    ScanError,
    ScanFailed,
    UnexpectedAnswer,
)
from image_scan.qualys.client import QualysClient
from image_scan.qualys.models import Vulnerabilities
from image_scan.scans import results
from tests.support.builders import API, SHA, STATUS, finding, findings, image, tag_only
from tests.support.wire import parameters

VULN = f"{API}/images/{SHA}/vuln"


def listing(
    answers: responses.RequestsMock, body: Any, everything: Any = None, pages: Any = ()
) -> None:
    """What is listed with exceptions applied, and without; further pages, else the same again."""
    for number, page in enumerate(pages, 2):
        asked = {"pageNumber": str(number), "applyException": "true"}
        answers.get(VULN, json=page, match=[query_param_matcher(asked, strict_match=False)])
    for applied, stated in (("true", body), ("false", everything)):
        asked = {"applyException": applied}
        answers.get(VULN, json=stated, match=[query_param_matcher(asked, strict_match=False)])


def status(**changes: Any) -> Status:
    return cast("Status", {**STATUS, **changes})


def counts(**changes: int) -> dict[str, int]:
    return {**{f"severity{level}Count": 0 for level in range(1, 6)}, **changes}


def summary(confirmed: int = 0, potential: int = 0) -> dict[str, dict[str, int]]:
    none = {f"sev{level}Count": 0 for level in range(1, 6)}
    return {
        "confirmed": {**none, "sev5Count": confirmed},
        "potential": {**none, "sev5Count": potential},
    }


def test_it_says_which_scan_it_stands_on(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": [finding(4)]})
    outcome = results.fetch(image(), STATUS, qualys)
    assert outcome["verdict"] == "FINDINGS"
    assert outcome["counts"]["high"] == 1
    assert outcome["config_digest"] == f"sha256:{SHA}"
    assert (outcome["fresh"], outcome["reason"]) == (True, "")
    assert outcome["scanned_at"] == STATUS["scanned_at"]


def test_it_stores_what_qualys_counts_of_each_severity(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """An execution that began with an earlier version has only two counts of it."""
    answers.get(VULN, json={"details": [finding(4)]})
    counted = status(reported=1, severe=1, levels=[0, 0, 0, 1, 0])
    assert results.fetch(image(), counted, qualys)["recorded"] == [1, 0, 0, 0, 1, 0]
    assert results.fetch(image(), status(reported=1, severe=1), qualys)["recorded"] == [1, 1]


@pytest.mark.parametrize("entries", [[], [finding(typeDetected="POTENTIAL")]])
def test_what_is_in_doubt_is_not_called_clean(
    qualys: QualysClient, answers: responses.RequestsMock, entries: list[Any]
) -> None:
    answers.get(VULN, json={"details": entries})
    with pytest.raises(ScanFailed, match="which image"):
        results.fetch(image(), status(doubt="which image it is of is not known"), qualys)


def test_what_is_bad_is_notified_with_its_doubt(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": [finding(4)]})
    outcome = results.fetch(image(), status(doubt="which image is not known"), qualys)
    assert (outcome["verdict"], outcome["reason"]) == ("FINDINGS", "which image is not known")


def test_exceptions_of_the_subscription_are_asked_for(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    results.fetch(image(), STATUS, qualys)
    assert "applyException=true" in str(answers.calls[0].request.url)


def test_an_old_result_and_an_identity_by_tag_are_said(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    outcome = results.fetch(tag_only(), status(fresh=False), qualys)
    assert outcome["fresh"] is False
    assert "did not scan again" in outcome["reason"]
    assert "by its tag only" in outcome["reason"]


def test_all_findings_exempted_is_clean_and_says_so(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    exempted = findings(2, isExempted=True)
    listing(answers, {"details": []}, {"details": exempted})
    outcome = results.fetch(image(), status(reported=2), qualys)
    assert (outcome["verdict"], outcome["exempted"]) == ("CLEAN", 2)
    asked = [parameters(call)["applyException"] for call in answers.calls]
    assert asked == [["true"], ["false"]]


def test_exceptions_that_are_not_marked_need_a_summary_that_vouches_for_them(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    everything = {"details": findings(2)}
    listing(answers, {"details": [], "vulnSummary": summary()}, everything)
    assert results.fetch(image(), status(reported=2), qualys)["exempted"] == 2
    answers.reset()
    listing(answers, {"details": []}, everything)
    with pytest.raises(UnexpectedAnswer, match="counts 2 vulnerabilities and lists 0"):
        results.fetch(image(), status(reported=2), qualys)


@pytest.mark.parametrize("counts", [{"confirmed": 1}, {"potential": 1}])
def test_a_summary_that_knows_more_than_the_list_is_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock, counts: dict[str, int]
) -> None:
    answers.get(VULN, json={"details": [], "vulnSummary": summary(**counts)})
    with pytest.raises(UnexpectedAnswer, match=r"counts \d confirmed and \d potential"):
        results.fetch(image(), STATUS, qualys)


def test_marked_exceptions_may_be_in_the_summary(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    exempted = finding(isExempted=True)
    answers.get(VULN, json={"details": [exempted], "vulnSummary": summary(confirmed=1)})
    outcome = results.fetch(image(), status(reported=1), qualys)
    assert (outcome["verdict"], outcome["exempted"]) == ("CLEAN", 1)


@pytest.mark.parametrize(
    ("counted", "stated"),
    [
        ({"json": counts(severity5Count=3)}, "3"),
        ({"json": counts(severity5Count=30)}, "30"),
        ({"status": 403}, "nothing"),
    ],
)
def test_counts_that_are_an_order_apart_are_said(
    qualys: QualysClient, answers: responses.RequestsMock, counted: dict[str, Any], stated: str
) -> None:
    answers.get(VULN, json={"details": findings(30)})
    answers.get(f"{VULN}/count", **counted)
    outcome = results.fetch(image(), status(reported=3), qualys)
    assert outcome["counts"]["critical"] == 30
    assert outcome["reason"] == (
        "Qualys lists 30 vulnerabilities, but its record of the image says 3"
        f" and its own count {stated}"
    )


def test_counts_that_are_close_are_not_spoken_of(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": findings(29)})
    assert results.fetch(image(), status(reported=3), qualys)["reason"] == ""
    assert {str(call.request.url).split("?")[0] for call in answers.calls} == {VULN}


def test_a_list_in_pages_is_read_to_its_end(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As the call is documented it has none, but there are clients that ask for them."""
    pages = [[finding(1, qid=start + number) for number in range(100)] for start in (0, 100, 200)]
    pages[2] = [finding(5, qid=250)]
    listing(answers, {"details": pages[0]}, pages=[{"details": page} for page in pages[1:]])
    outcome = results.fetch(image(), status(reported=201), qualys)
    assert (outcome["counts"]["low"], outcome["counts"]["critical"]) == (200, 1)
    assert len(answers.calls) == 3


@pytest.mark.parametrize("refusal", [{"status": 400}, {"status": 404}, {"status": 204}])
def test_a_call_that_knows_no_pages_may_say_so(
    qualys: QualysClient, answers: responses.RequestsMock, refusal: dict[str, Any]
) -> None:
    """What is not listed is hidden by exceptions."""
    answers.get(VULN, json={"details": findings(3)})
    answers.get(VULN, **refusal)
    answers.get(VULN, json={"details": [*findings(3), finding(isExempted=True)]})
    outcome = results.fetch(image(), status(reported=4), qualys)
    assert (outcome["counts"]["critical"], outcome["exempted"]) == (3, 1)


def test_a_count_in_text_counts(qualys: QualysClient, answers: responses.RequestsMock) -> None:
    answers.get(VULN, json={"details": findings(12, 3)})
    answers.get(f"{VULN}/count", json={**counts(), "severity5Count": "44"})
    with pytest.raises(UnexpectedAnswer, match="counts 44 vulnerabilities and lists 12"):
        results.fetch(image(), status(reported=0), qualys)


def test_a_count_of_more_than_is_listed_is_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": findings(12, 3)})
    answers.get(f"{VULN}/count", json=counts(severity5Count=13))
    with pytest.raises(UnexpectedAnswer, match="counts 13 vulnerabilities and lists 12"):
        results.fetch(image(), status(reported=0), qualys)


def test_counts_may_leave_potential_ones_out(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": findings(12, typeDetected="POTENTIAL")})
    outcome = results.fetch(image(), status(reported=0), qualys)
    assert (outcome["verdict"], outcome["reason"]) == ("CLEAN", "")
    assert len(answers.calls) == 1


def test_counted_but_not_listed_findings_are_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": []})
    answers.get(VULN, json={"details": []})
    with pytest.raises(UnexpectedAnswer, match="counts 3 vulnerabilities and lists 0"):
        results.fetch(image(), status(reported=3), qualys)


def test_fewer_listed_than_counted_are_never_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As when a page of potential findings is given where 340 of all kinds are counted."""
    answers.get(VULN, json={"details": findings(100, typeDetected="POTENTIAL")})
    with pytest.raises(UnexpectedAnswer, match="counts 340 vulnerabilities and lists 100"):
        results.fetch(image(), status(reported=340), qualys)


def test_a_page_without_the_worst_is_not_taken_for_all_of_it(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """What is missing might be critical."""
    answers.get(VULN, json={"details": findings(100, 3)})
    with pytest.raises(UnexpectedAnswer, match="counts 340 vulnerabilities and lists 100"):
        results.fetch(image(), status(reported=340), qualys)


def test_hidden_exceptions_of_an_image_with_medium_findings(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    shown = {"details": [finding(3)], "vulnSummary": summary(confirmed=1)}
    listing(answers, shown, {"details": [finding(3), finding(5, qid=2)]})
    outcome = results.fetch(image(), status(reported=2), qualys)
    assert (outcome["verdict"], outcome["counts"]["medium"]) == ("FINDINGS", 1)
    assert (outcome["counts"]["critical"], outcome["exempted"]) == (0, 1)


@pytest.mark.parametrize(
    "counted",
    [{"reported": 340}, {"reported": 3, "severe": 3}],
)
def test_fewer_listed_than_counted_are_no_smaller_count(
    qualys: QualysClient, answers: responses.RequestsMock, counted: dict[str, int]
) -> None:
    """What is listed is said with the error: nothing else will show it."""
    answers.get(VULN, json={"details": [finding(5), finding(4, qid=1), finding(3, qid=2)]})
    with pytest.raises(UnexpectedAnswer, match="1 critical and 1 high and 1 medium"):
        results.fetch(image(), status(**counted), qualys)


def test_a_summary_that_knows_of_more_critical_ones_than_the_list_is_believed(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(VULN, json={"details": [finding()], "vulnSummary": summary(confirmed=2)})
    with pytest.raises(UnexpectedAnswer, match="counts 2 confirmed and 0 potential"):
        results.fetch(image(), status(reported=1), qualys)


def test_a_summary_that_counts_what_exceptions_hide_is_explained_by_marked_ones(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    shown = {"details": [finding()], "vulnSummary": summary(confirmed=2)}
    listing(answers, shown, {"details": [finding(), finding(qid=2, isExempted=True)]})
    outcome = results.fetch(image(), status(reported=1), qualys)
    assert (outcome["counts"]["critical"], outcome["exempted"]) == (1, 1)
    answers.reset()
    listing(answers, shown, {"details": [finding(), finding(qid=2)]})
    with pytest.raises(UnexpectedAnswer, match="counts 2 confirmed"):
        results.fetch(image(), status(reported=1), qualys)


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
    class Answering(QualysClient):
        def __init__(self) -> None:
            pass

        def vulnerabilities(self, *_: Any, **__: Any) -> Vulnerabilities:
            return Vulnerabilities.read(answer)

        def vulnerability_count(self, _sha: str) -> None:
            return None

    try:
        outcome = results.fetch(image(), status(reported=reported), Answering())
    except ScanError:
        return
    found = Vulnerabilities.read(answer).entries
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
        ({"status": 403}, QualysForbidden),
        ({"status": 400}, QualysRejected),
        ({"json": {}}, QualysUnreadable),
        ({"json": {"details": None}}, QualysUnreadable),
        ({"json": {"data": []}}, QualysUnreadable),
        ({"json": {"data": [], "vulnSummary": summary()}}, QualysUnreadable),
        ({"json": {"details": "none"}}, QualysUnreadable),
        ({"json": {"details": [1]}}, QualysUnreadable),
        ({"json": 0}, QualysUnreadable),
        ({"json": "clean"}, QualysUnreadable),
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
        results.fetch(image(), STATUS, qualys)


def test_severities_that_the_record_counts_must_be_listed(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As many as are listed, but one of them is critical there and minimal here."""
    minimal = finding(1, typeDetected="POTENTIAL")
    listing(answers, {"details": [minimal]}, {"details": [minimal]})
    with pytest.raises(UnexpectedAnswer, match="severity 4 and 5"):
        results.fetch(image(), status(reported=1, severe=1), qualys)


@pytest.mark.parametrize(
    "entry",
    [
        finding(5, isExempted=True),
        finding(5, typeDetected="POTENTIAL"),
        finding(5, customerSeverity=1, isExempted=True),
        {**finding(1, customerSeverity=5, isExempted=True), "severity": "1"},
    ],
)
def test_a_severe_entry_that_does_not_count_explains_it(
    qualys: QualysClient, answers: responses.RequestsMock, entry: dict[str, Any]
) -> None:
    answers.get(VULN, json={"details": [entry]})
    outcome = results.fetch(image(), status(reported=1, severe=1), qualys)
    assert outcome["verdict"] == "CLEAN"


def test_a_hidden_severe_exception_explains_it(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    listing(answers, {"details": []}, {"details": [finding(5, isExempted=True)]})
    outcome = results.fetch(image(), status(reported=1, severe=1), qualys)
    assert (outcome["verdict"], outcome["exempted"]) == ("CLEAN", 1)


def test_the_summary_of_every_page_counts(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    one, other = findings(2, 1, typeDetected="POTENTIAL")
    first = {"details": [one], "vulnSummary": summary()}
    second = {"details": [other], "vulnSummary": summary(confirmed=1, potential=2)}
    listing(answers, first, {"details": [one, other]}, pages=[second])
    with pytest.raises(UnexpectedAnswer, match="1 confirmed and 2 potential"):
        results.fetch(image(), status(reported=2), qualys)


@pytest.mark.parametrize(
    "moved",
    [{"lastFound": "2"}, {"cveids": ["CVE-2", "CVE-1"]}, {"qdsScore": 7}, {"severity": 1}],
    ids=str,
)
def test_a_list_that_comes_again_with_something_moved_fills_up_nothing(
    qualys: QualysClient, answers: responses.RequestsMock, moved: dict[str, Any]
) -> None:
    """One potential finding is listed and two are counted; the second page is the first."""
    one = finding(4, typeDetected="POTENTIAL", lastFound="1", cveids=["CVE-1", "CVE-2"])
    again = {"details": [{**one, **moved}]}
    listing(answers, {"details": [one]}, again, pages=[again])
    with pytest.raises(UnexpectedAnswer, match="counts 2 vulnerabilities and lists 1"):
        results.fetch(image(), status(reported=2), qualys)
    assert len(answers.calls) == 4


def test_pages_are_asked_for_while_the_summary_counts_more(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """A record may count confirmed ones alone."""
    pages = [{"details": [each], "vulnSummary": summary(2, 1)} for each in findings(2)]
    last = {"details": [finding(typeDetected="POTENTIAL")], "vulnSummary": summary(2, 1)}
    listing(answers, pages[0], pages=[pages[1], last])
    outcome = results.fetch(image(), status(reported=1), qualys)
    assert (outcome["counts"]["critical"], outcome["potential"]["critical"]) == (2, 1)


def test_what_people_are_notified_of_anyway_says_that_vulnerabilities_are_missing(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As of an image with malware: an error would hide that."""
    answers.get(VULN, json={"details": [finding(3)]})
    outcome = results.fetch(image(), status(reported=2), qualys, alarming=True)
    assert outcome["counts"]["medium"] == 1
    assert "counts 2 vulnerabilities and lists 1" in outcome["reason"]
