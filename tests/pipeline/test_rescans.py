"""Of a version that is scanned again because it runs on, workloads are notified of what is new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from image_scan.errors import AwsUnavailable
from image_scan.events.by_hand import EVENT_NAME
from image_scan.findings import encoding
from image_scan.notifications.topics import Topics
from tests.pipeline.test_backfill import DAY, Account
from tests.pipeline.test_detections import BOTH, MALWARE, SECRET
from tests.pipeline.test_notified import finding
from tests.support.builders import NOTIFY
from tests.support.pipeline import REPOSITORY, URI

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]
MILD = {**SECRET, "severity": "MEDIUM", "secretDetector": "a password"}


class Web:
    """One version of a service, which runs on and on."""

    def __init__(self, account: Account) -> None:
        self.account, self.pipeline = account, account.pipeline
        self.policy()

    def policy(self, **changes: Any) -> None:
        self.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, **changes}), RESCAN_DAYS="1")

    def has(self, *found: Json, **detected: Any) -> None:
        """What a scan finds from now on."""
        self.pipeline.qualys.set_findings(REPOSITORY, list(found))
        none: Json = {"examines": BOTH, "malware": [], "secrets": []}
        self.pipeline.qualys.behave(**{**none, **detected})

    def runs(self) -> list[Json]:
        self.account.runs(1, digest=self.pipeline.push())
        self.pipeline.scan(service="web")
        self.pipeline.time.sleep(DAY)
        return self._verdicts(0)

    def rescanned(self, days: int = 1) -> list[Json]:
        """What is notified in so many days; each has a scan."""
        before = len(self.pipeline.notifications())
        scans = [each for _ in range(days) for each in self.account.reconciles()[1]]
        assert len(scans) == days
        return self._verdicts(before)

    def forced(self) -> list[Json]:
        before = len(self.pipeline.notifications())
        asked = self.pipeline.event()
        asked |= {"source": "image-scan", "detail-type": "Image Scan Requested"}
        by = {"event_name": EVENT_NAME, "principal": "arn:aws:iam::1:user/alice"}
        asked["detail"] = {"image": URI, "force": True, "deployment": by}
        self.pipeline.intake(asked)
        assert len(self.pipeline.scans()) == 1
        return self._verdicts(before)

    def _verdicts(self, before: int) -> list[Json]:
        return [each for each in self.pipeline.notifications()[before:] if "verdict" in each]


@pytest.fixture
def web(connected: Pipeline, environment: pytest.MonkeyPatch) -> Web:
    return Web(Account(connected, environment))


KINDS: dict[str, Json] = {"malware": {"malware": [MALWARE]}, "secret": {"secrets": [SECRET]}}


@pytest.mark.parametrize("notify_on", ["new", "all"])
@pytest.mark.parametrize("detected", [{}, *KINDS.values()], ids=["none", *KINDS])
def test_a_version_is_notified_once_however_often_it_is_scanned_again(
    web: Web, notify_on: str, detected: Json
) -> None:
    web.policy(notify_on=notify_on)
    web.has(finding(1, 5), **detected)
    assert len(web.runs()) == 1
    assert web.rescanned(days=5) == []


@pytest.mark.parametrize("detected", KINDS.values(), ids=KINDS)
def test_malware_and_secrets_that_a_later_scan_finds_are_notified_once_each_time(
    web: Web, detected: Json
) -> None:
    web.has(finding(1, 5))
    web.runs()
    for _ in range(2):
        web.has(finding(1, 5), **detected)
        assert len(web.rescanned()) == 1
        assert web.rescanned(days=2) == []
        web.has(finding(1, 5))
        assert web.rescanned() == []


@pytest.mark.parametrize("detected", KINDS.values(), ids=KINDS)
def test_they_are_new_again_after_a_verdict_without_anything_to_notify(
    web: Web, detected: Json
) -> None:
    web.has(**detected)
    assert len(web.runs()) == 1
    web.has()
    assert web.rescanned() == []
    web.has(**detected)
    assert len(web.rescanned()) == 1
    assert web.rescanned() == []


def test_other_malware_beside_what_is_known_is_notified(web: Web) -> None:
    web.has(malware=[MALWARE])
    web.runs()
    web.has(malware=[{**MALWARE, "fileName": "other.so"}])
    assert len(web.rescanned()) == 1
    web.has(malware=[{**MALWARE, "fileName": "other.so"}, MALWARE])
    assert len(web.rescanned()) == 1
    web.has(malware=[MALWARE])
    assert web.rescanned() == [], "there is less"


def test_a_secret_that_reaches_a_lower_threshold_is_notified(web: Web) -> None:
    web.has(finding(1, 5), secrets=[MILD])
    web.runs()
    assert web.rescanned() == []
    web.policy(min_severity="medium")
    assert len(web.rescanned()) == 1
    web.policy(min_severity="high")
    assert web.rescanned() == []


def test_with_all_a_finding_that_a_later_scan_finds_is_notified(web: Web) -> None:
    web.policy(notify_on="all")
    web.has(finding(1, 5))
    web.runs()
    web.has(finding(1, 5), finding(2, 5))
    (message,) = web.rescanned()
    assert {each["qid"]: each["new"] for each in message["findings"]} == {1: False, 2: True}
    web.has(finding(2, 5))
    assert web.rescanned() == []


@pytest.mark.parametrize("notify_on", ["new", "all"])
def test_what_could_not_be_notified_is_notified_after_the_next_scan(
    web: Web, notify_on: str, environment: pytest.MonkeyPatch
) -> None:
    web.policy(notify_on=notify_on)
    web.has(finding(1, 5), malware=[MALWARE])
    with environment.context() as down:
        down.setattr(Topics, "publish", Mock(side_effect=AwsUnavailable("sns")))
        assert web.runs() == []
    assert len(web.rescanned()) == 1
    assert web.rescanned() == []


@pytest.mark.parametrize("detected", [{}, *KINDS.values()], ids=["none", *KINDS])
def test_what_somebody_has_scanned_by_hand_is_notified_to_all_that_run_it(
    web: Web, detected: Json
) -> None:
    web.policy(notify_on="all")
    web.has(finding(1, 5), **detected)
    web.runs()
    for _ in range(2):
        (message,) = web.forced()
        assert message["workloads_total"] == 1


MANY = [finding(1, 5, cveids=[f"CVE-20{n:02}-{n * 7919 % 9973}" for n in range(30)])]


def test_malware_that_comes_back_is_notified_after_findings_that_are_too_many(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such a scan it is not recorded what a workload knows."""
    monkeypatch.setattr(encoding, "_LARGEST", 100)
    web.has(finding(1, 5), malware=[MALWARE])
    web.runs()
    web.has(*MANY)
    web.rescanned()
    web.has(finding(1, 5), malware=[MALWARE])
    assert [each["malware"] for each in web.rescanned()] != []
