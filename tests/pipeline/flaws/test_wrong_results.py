"""Flaws F1 to F20 of the tool that this one succeeds: how it came to wrong results.

Each test states the scenario in which that tool fails, and holds what happens here instead.
"""

import json
from typing import Any

import pytest
import responses

from image_scan.cache.leases import ScanCache
from image_scan.contracts import Status
from image_scan.ecr import references
from image_scan.errors import (
    ImageNotScannable,
    QualysUnavailable,
    QualysUnreadable,
    ScanError,
    ScanFailed,
)
from image_scan.events import deployments
from image_scan.events.workloads import workload_of
from image_scan.findings import summary
from image_scan.notifications import message
from image_scan.notifications.selection import Selection
from image_scan.qualys.client import QualysClient
from image_scan.results import Outcome
from image_scan.scans import registries, results, schedules
from image_scan.scans import status as scan_status
from image_scan.scans.registries import RegistryRole
from image_scan.state.registries import RegistryCache
from tests.support import definitions
from tests.support.builders import (
    ACCOUNT,
    API,
    CRITICAL,
    HOST,
    JOB,
    LEASE,
    NOW_MS,
    REGISTRY,
    ROLE,
    SHA,
    STATUS,
    SUBMISSION,
    completion_input,
    finding,
    image,
    listed,
    qualys_image,
    recorded,
    scan_input,
    schedule,
    taken,
)
from tests.support.core import Core
from tests.support.doubles import OneAccount
from tests.support.fake_ecr import FakeEcr

JOBS = f"{API}/registry/reg-1/schedule"
IMAGE = f"{API}/images/{SHA}"
VULN = f"{IMAGE}/vuln"
OLD = {"sha": "a" * 64, "repoDigests": [{"digest": "b" * 64}]}


def check(qualys: QualysClient, earlier: int = 0) -> Status:
    return scan_status.check(image(), REGISTRY, SUBMISSION, earlier, False, qualys)


def test_f01_an_older_version_never_answers_for_a_new_one(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """Qualys knows only v1 of the repository when v2 is polled for: v1 was taken for it."""
    v1 = qualys_image(**OLD, repo=[{"registry": HOST, "repository": "shop/app", "tag": "v1"}])
    answers.get(JOBS, json=listed(schedule()))
    answers.get(IMAGE, status=404)
    answers.get(f"{API}/images", json=listed(v1))
    assert check(qualys)["complete"] is False


@pytest.mark.parametrize("status", [204, 401, 403, 404, 429, 500, 503])
def test_f02_an_error_of_the_api_is_not_a_clean_image(
    qualys: QualysClient, answers: responses.RequestsMock, status: int
) -> None:
    """A refused or failing result call gave zero findings, cached for a week."""
    body: dict[str, Any] | None = None if status == 204 else {"details": [], "vulnSummary": {}}
    answers.get(VULN, status=status, json=body)
    with pytest.raises(ScanError):
        results.fetch(image(), STATUS, qualys)


def test_f03_the_documented_key_is_read(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """The findings are under `details`; read from `data`, every image was clean."""
    answers.get(VULN, json={"details": [finding()], "vulnSummary": {}})
    assert results.fetch(image(), STATUS, qualys)["counts"]["critical"] == 1


def test_f04_all_findings_are_counted_and_not_a_page_of_them(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """340 findings were reported as 100, since paging was asked of a call that has none."""
    answers.get(VULN, json={"details": [finding(qid=number) for number in range(340)]})
    assert results.fetch(image(), STATUS, qualys)["counts"]["critical"] == 340
    assert "pageSize" not in str(answers.calls[0].request.url)


def test_f05_a_scan_from_before_the_request_is_not_taken_for_its_result(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """An image scanned months ago was complete at the first poll."""
    stale = qualys_image(vulnerabilities=[], lastVmScanDate=str(NOW_MS - 90 * 86_400_000))
    answers.get(JOBS, json=listed(schedule("Running")))
    answers.get(IMAGE, json=stale)
    assert check(qualys)["complete"] is False
    answers.replace("GET", JOBS, json=listed(schedule("Finished")))
    assert check(qualys, earlier=3)["complete"] is False
    assert check(qualys, earlier=4)["fresh"] is False


def test_f06_qualys_is_asked_by_config_digest(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """The manifest digest, with its prefix, was sent as image id: pinned images never finished."""
    answers.get(JOBS, json=listed(schedule()))
    answers.get(IMAGE, json=qualys_image(vulnerabilities=[]))
    assert check(qualys)["complete"] is True
    assert str(answers.calls[-1].request.url).split("?")[0] == IMAGE


def test_f07_a_scan_is_of_one_exact_tag(
    registry_cache: RegistryCache,
    qualys: QualysClient,
    answers: responses.RequestsMock,
    ecr: FakeEcr,
) -> None:
    """`latest`, and every digest-only reference, was widened to all tags of the repository."""
    answers.post(JOBS, json=JOB)
    digest = ecr.push("shop/app", "latest")
    for reference in (f"{HOST}/shop/app:latest", f"{HOST}/shop/app", f"{HOST}/shop/app@{digest}"):
        event = {
            "detail-type": "Image Scan Requested",
            "account": ACCOUNT,
            "region": "us-east-1",
            "detail": {"image": reference},
        }
        (found,) = deployments.read(event, OneAccount(lambda _: None, lambda _: ecr))["images"]
        schedules.submit(found, REGISTRY, "scan-1", False, qualys, registry_cache)
        sent = json.loads(answers.calls[-1].request.body or "")
        assert sent["filters"][0]["repoTags"] == [{"repo": "shop/app", "tag": "latest"}]


@pytest.mark.held("the verdict of another image")
def test_f08_a_tag_that_was_pushed_again_is_another_image(cache: ScanCache) -> None:
    """The cache was keyed by tag: `app:prod` with a bad layer was a hit for a week."""
    taken(cache.decide(scan_input(), LEASE, {}))
    other = "sha256:" + "e" * 64
    taken(cache.decide(scan_input("event-2", of=image(key=other, digest=other)), LEASE, {}))


def test_f09_equal_names_in_two_accounts_are_two_images(cache: ScanCache) -> None:
    """`app:1.0` of one account hid that of another."""
    for account in ("111111111111", "222222222222"):
        key = f"{account}/us-east-1/app:1.0"
        taken(cache.decide(scan_input(account, of=image(key=key, digest="")), LEASE, {}))


def test_f10_a_notification_says_where_the_image_runs() -> None:
    """The event's account was overwritten by the image's; neither digest nor workload was named."""
    where = scan_input(
        of=image(account_id="999999999999"), account="111111111111", region="eu-west-1"
    )
    published = completion_input(where, None, CRITICAL)
    composed = message.compose(published, CRITICAL, Selection(dict([workload_of(where)])))
    (workload,) = composed["workloads"]
    assert (workload["account"], workload["region"]) == ("111111111111", "eu-west-1")
    assert workload["containers"] == ["app"]
    assert composed["image"]["account_id"] == "999999999999"
    assert composed["image"]["digest"]


def test_f11_a_known_bad_image_that_is_deployed_again_is_notified(cache: ScanCache) -> None:
    """A cache hit was silent, however bad the image."""
    lease = taken(cache.decide(scan_input(), LEASE, {}))
    recorded(cache, lease, CRITICAL)
    decision = cache.decide(scan_input("event-2", service="production"), LEASE, {})
    assert decision["decision"] == "notify"
    assert decision["outcome"] is not None
    assert decision["outcome"]["counts"]["critical"] == 1


def test_f12_polls_are_counted_once() -> None:
    """Two states counted: thirty polls were sixteen checks."""
    assigned = [
        (name, state["Assign"]["poll_count"])
        for name, state in definitions.states("scan").items()
        if "poll_count" in state.get("Assign", {})
    ]
    assert assigned == [("SubmitScan", 0), ("CheckStatus", "{% $poll_count + 1 %}")]
    # The comparison follows the check that it counts: the thirtieth is made.
    assert definitions.states("scan")["CheckStatus"]["Next"] == "EvaluateStatus"


def test_f13_a_timeout_is_notified(core: Core) -> None:
    """A timeout had no findings, so nobody was notified and the execution succeeded."""
    lease = taken(core.event(scan_input()))
    completed = core.end(lease, Outcome(verdict="TIMEOUT", reason="no result"))
    assert completed["notified"] is True
    assert core.sent.services() == [["web"]]
    states = definitions.states("scan")
    assert states["ScanTimeout"]["Next"] == "SendFailureNotification"
    assert states["SendFailureNotification"]["Next"] == "IsQueued"
    assert {states[each]["Type"] for each in ("ScanNotCompleted", "ScanQueued")} == {"Fail"}


@pytest.mark.parametrize("status", ["Error", "Failed", "Canceled"])
def test_f14_a_failed_scan_is_not_still_scanning(
    qualys: QualysClient, answers: responses.RequestsMock, status: str
) -> None:
    """Failure, null, 401 and 500 all read as "scanning", until the silent timeout."""
    answers.get(JOBS, json=listed(schedule(status)))
    with pytest.raises(ScanFailed):
        check(qualys)


def test_f14_a_failing_api_is_not_still_scanning(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(JOBS, status=500)
    with pytest.raises(QualysUnavailable):
        check(qualys)


def test_f15_every_poll_asks_for_the_same_image() -> None:
    """The counter state rebuilt its payload and dropped the image that was resolved."""
    payload = definitions.states("scan")["CheckStatus"]["Arguments"]["Payload"]
    assert payload["image"] == "{% $states.context.Execution.Input.image %}"
    assert payload["submission"] == "{% $submission %}"


def test_f16_an_image_on_a_later_page_is_found(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """Only the first fifty of a repository were looked at."""
    others = [qualys_image(sha=f"{n:064x}", repoDigests=[]) for n in range(200)]
    answers.get(JOBS, json=listed(schedule()))
    answers.get(IMAGE, status=404)
    answers.get(f"{API}/images", json={"count": 201, "data": others})
    answers.get(f"{API}/images", json={"count": 201, "data": [qualys_image()]})
    assert check(qualys)["sha"] == SHA


def test_f17_somebody_elses_registry_is_not_taken(
    registry_cache: RegistryCache, qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """The filter was encoded twice, and the first row trusted whatever its URI."""
    other = {"registryUuid": "reg-0", "registryUri": f"https://{HOST.replace(ACCOUNT, '9' * 12)}"}
    ours = {"registryUuid": "reg-1", "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(other, ours))
    assert (
        registries.find_or_create(image(), RegistryRole(ROLE), qualys, registry_cache)["uuid"]
        == "reg-1"
    )
    assert "%25" not in str(answers.calls[0].request.url)


def test_f18_the_first_run_of_an_empty_subscription_works(
    registry_cache: RegistryCache, qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """An empty list is 204 without a body, and was parsed as JSON."""
    answers.get(f"{API}/registry", status=204)
    answers.get(f"{API}/registry/aws/connectors/{ACCOUNT}", status=204)
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 1})
    answers.post(f"{API}/registry/aws/connector", status=201)
    answers.post(f"{API}/registry", status=201)
    row = {"registryUuid": "reg-1", "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(row))
    assert (
        registries.find_or_create(image(), RegistryRole(ROLE), qualys, registry_cache)["uuid"]
        == "reg-1"
    )


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "123456789012.dkr-ecr.us-east-1.on.aws",
        "123456789012.dkr-ecr-fips.us-east-1.on.aws",
    ],
)
def test_f19_ecr_is_recognised_in_every_partition(host: str) -> None:
    """These hosts were taken for foreign registries, and their images never scanned."""
    assert isinstance(references.parse(f"{host}/team/app:1"), references.EcrReference)


@pytest.mark.parametrize("uri", ["nginx", "public.ecr.aws/docker/library/redis:7", "ghcr.io/a/b"])
def test_f19_other_registries_are_a_verdict_and_not_a_log_line(uri: str, cache: ScanCache) -> None:
    found = references.parse(uri)
    assert isinstance(found, references.Unscannable)
    foreign = image(uri=uri, key=found.key, account_id="", digest="", unscannable=found.reason)
    decision = cache.decide(scan_input(of=foreign), LEASE, {})
    assert decision["decision"] == "notify"
    assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": found.reason}


def test_f20_potential_findings_are_not_counted_as_confirmed() -> None:
    """Every listed entry was counted by its severity alone."""
    outcome = summary.summarise([finding(5, typeDetected="POTENTIAL"), finding(5)])
    assert (outcome["counts"]["critical"], outcome["potential"]["critical"]) == (1, 1)


def test_f20_exceptions_information_and_the_customers_own_severity_count() -> None:
    entries = [
        finding(5, isExempted=True),
        finding(5, typeDetected="INFORMATION_GATHERED"),
        finding(5, customerSeverity=2),
    ]
    outcome = summary.summarise(entries)
    assert (outcome["counts"]["critical"], outcome["counts"]["low"]) == (0, 1)
    assert outcome["exempted"] == 1


def test_no_shape_that_is_not_known_is_clean(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """What F2 and F3 have in common."""
    answers.get(VULN, json={"result": []})
    with pytest.raises(QualysUnreadable):
        results.fetch(image(), STATUS, qualys)


def test_a_tag_that_moved_while_scanning_is_said(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """What F1 and F8 have in common."""
    answers.get(JOBS, json=listed(schedule()))
    answers.get(IMAGE, status=404)
    answers.get(f"{API}/images", json=listed(qualys_image(**OLD)))
    with pytest.raises(ImageNotScannable):
        check(qualys)
