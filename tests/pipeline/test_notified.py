"""What a workload counts as known is what it was notified of: nothing else silences a finding.

Versions of one service, each a new digest under the same tag, unless a test says otherwise.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_scan.errors import AwsUnavailable
from image_scan.inventory.notified import NotifiedFindings, team_of
from image_scan.inventory.table import InventoryTable
from tests.support import tables
from tests.support.builders import HOST, NOTIFY
from tests.support.environments import aws_client
from tests.support.fake_ecr import FakeEcr
from tests.support.pipeline import REPOSITORY, URI, Pipeline, verdict

Json = dict[str, Any]
ENDS = "2099-12-31"
_CONFIGS = "0123456789abdef"


def finding(qid: int, severity: int, **changes: Any) -> Json:
    return {"qid": qid, "title": f"finding {qid}", "severity": severity, **changes}


class Service:
    """One service, of which version after version is pushed, deployed and scanned."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._versions = 0

    def deploys(self, *findings: Json, service: str = "web") -> list[Json]:
        """A new version in which a scan finds these; the messages that came of it."""
        self.pipeline.time.sleep(60)
        self.pipeline.push(config=_CONFIGS[self._versions] * 64)
        self._versions += 1
        return self.scanned(*findings, service=service)

    def scanned(self, *findings: Json, service: str = "web") -> list[Json]:
        """The same version, that has to be scanned; the messages that came of it."""
        self.pipeline.qualys.set_findings(REPOSITORY, list(findings))
        before = len(self.pipeline.notifications())
        self.pipeline.scan(service=service)
        return self.pipeline.notifications()[before:]

    def forced(self, *findings: Json) -> list[Json]:
        """Somebody has it scanned again, as `make scan FORCE=1` does; the service's messages."""
        self.pipeline.qualys.set_findings(REPOSITORY, list(findings))
        before = len(self.pipeline.notifications())
        requested = self.pipeline.event()
        requested |= {"source": "image-scan", "detail-type": "Image Scan Requested"}
        requested["detail"] = {"image": URI, "force": True}
        assert self.pipeline.intake(requested).status == "SUCCEEDED"
        (run,) = self.pipeline.scans()
        assert run.status == "SUCCEEDED"
        return [
            message
            for message in self.pipeline.notifications()[before:]
            if any("/web:" in workload["task_definition"] for workload in message["workloads"])
        ]


@pytest.fixture
def service(connected: Pipeline) -> Service:
    return Service(connected)


def compared(messages: list[Json], service: str = "web") -> Json:
    """How a workload's findings differ from what it was notified of, in the one message."""
    (message,) = messages
    family = f"task-definition/{service}:1"
    (workload,) = [
        each for each in message["workloads"] if each["task_definition"].endswith(family)
    ]
    found: Json = workload["compared"]
    return found


def accept(until: str = ENDS, **changes: Any) -> None:
    exception = {"qid": 1, "cve": None, "repository": REPOSITORY, "until": until, **changes}
    item = [{**exception, "reason": "not reachable", "owner": "shop"}]
    aws_client("dynamodb").put_item(
        TableName=tables.STATE,
        Item={"key": {"S": "exceptions#all"}, "exceptions": {"S": json.dumps(item)}},
    )


POTENTIAL = {"typeDetected": "POTENTIAL"}
BEFORE = {
    "potential": finding(1, 5, **POTENTIAL),
    "below the threshold": finding(1, 3),
    "rated lower by the customer": finding(1, 5, customerSeverity=2),
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_a_finding_that_nobody_was_notified_of_is_new_when_it_becomes_notifiable(
    service: Service, before: Json
) -> None:
    assert service.deploys(before) == []
    assert compared(service.deploys(finding(1, 5))) == {"new": 1, "still_open": 0, "fixed": 0}


def test_two_findings_that_are_rated_higher_in_the_same_tag_are_notified(service: Service) -> None:
    assert service.deploys(finding(100002, 3), finding(100003, 3)) == []
    found = service.deploys(finding(100002, 5), finding(100003, 5))
    assert compared(found) == {"new": 2, "still_open": 0, "fixed": 0}
    assert found[0]["notified_counts"]["critical"] == 2


def test_a_finding_that_was_notified_at_a_lower_severity_is_notified_at_the_higher(
    service: Service,
) -> None:
    assert len(service.deploys(finding(1, 4))) == 1
    assert compared(service.deploys(finding(1, 5)))["new"] == 1
    assert service.deploys(finding(1, 4)) == [], "it was notified at a higher one"
    assert service.deploys(finding(1, 5)) == []


def test_a_finding_that_was_notified_is_not_notified_again_by_any_later_version(
    service: Service,
) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    for _ in range(3):
        assert service.deploys(finding(1, 5)) == []
    changed = service.deploys(finding(1, 5), finding(2, 4))
    assert compared(changed) == {"new": 1, "still_open": 1, "fixed": 0}
    assert [(each["qid"], each["new"]) for each in changed[0]["findings"]] == [
        (1, False),
        (2, True),
    ]
    assert compared(service.deploys(finding(3, 5)))["fixed"] == 2


def test_the_inventory_knows_the_team_and_since_when_it_is_notified(
    service: Service, environment: pytest.MonkeyPatch
) -> None:
    """As the notification found it: nothing asks for tags otherwise."""
    tags = [{"Key": "team", "Value": "payments"}]
    environment.setattr(FakeEcr, "list_tags_for_resource", lambda *_, **__: {"tags": tags})
    (message,) = service.deploys(finding(1, 5))
    table = InventoryTable(aws_client("dynamodb"), tables.INVENTORY)
    (row,) = [each for each in table.below(message["image"]["digest"]) if team_of(each)]
    now = service.pipeline.time.time()
    assert team_of(row) == message["workloads"][0]["team"] == "payments"
    assert now - 600 < row["notified_at"] <= now


def test_a_finding_that_was_fixed_is_new_when_it_comes_back(service: Service) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    assert service.deploys() == []
    assert compared(service.deploys(finding(1, 5))) == {"new": 1, "still_open": 0, "fixed": 0}


def test_a_fix_counts_though_its_image_was_known_from_another_service(service: Service) -> None:
    """Whose deployment then asks nobody: the verdict is CLEAN."""
    assert len(service.deploys(finding(1, 5))) == 1
    assert service.deploys(service="other") == []
    service.pipeline.announce(service="web")
    assert service.pipeline.scans() == []
    assert compared(service.deploys(finding(1, 5)))["new"] == 1


def test_a_lower_threshold_notifies_what_was_below_it(service: Service) -> None:
    assert service.deploys(finding(1, 3), finding(2, 3)) == []
    service.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "min_severity": "medium"}))
    assert compared(service.deploys(finding(1, 3)))["new"] == 1


def test_a_finding_is_notified_when_its_exception_has_ended(service: Service) -> None:
    accept()
    assert service.deploys(finding(1, 5)) == []
    accept(until="2000-01-01")
    assert compared(service.deploys(finding(1, 5))) == {"new": 1, "still_open": 0, "fixed": 0}


def test_a_finding_that_an_exception_accepts_meanwhile_is_notified_again(service: Service) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    accept()
    assert service.deploys(finding(1, 5)) == []
    accept(until="2000-01-01")
    assert len(service.deploys(finding(1, 5))) == 1


def test_a_scan_of_the_same_image_notifies_what_it_was_not_notified_of(service: Service) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    assert service.forced(finding(1, 5)) == []
    found = service.forced(finding(1, 5), finding(2, 5))
    assert compared(found) == {"new": 1, "still_open": 1, "fixed": 0}
    assert service.forced(finding(1, 5), finding(2, 5)) == []
    assert service.forced() == []
    assert compared(service.forced(finding(1, 5)))["new"] == 1, "it was gone meanwhile"


def test_what_a_message_failed_to_name_is_new_to_the_next_version(
    service: Service, environment: pytest.MonkeyPatch
) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    with environment.context() as broken:
        gone = {reader: f"{arn}-gone" for reader, arn in service.pipeline.topics.items()}
        broken.setenv("TOPIC_ARNS", json.dumps(gone))
        assert service.deploys(finding(1, 5), finding(2, 5)) == []
    assert len(service.pipeline.failed_events()) == 1
    found = service.deploys(finding(1, 5), finding(2, 5))
    assert compared(found) == {"new": 1, "still_open": 1, "fixed": 0}


def test_a_version_without_a_result_silences_nothing(service: Service) -> None:
    assert len(service.deploys(finding(1, 5))) == 1
    service.pipeline.max_polls = 2
    service.pipeline.qualys.behave(never_ends=True)
    assert [each["verdict"] for each in service.deploys()] == ["TIMEOUT"]
    service.pipeline.max_polls = 30
    service.pipeline.qualys.behave()
    assert len(service.deploys(finding(1, 5), finding(2, 5))) == 1


def test_two_images_of_one_repository_in_a_task_do_not_silence_each_other(
    service: Service,
) -> None:
    """Of `app` and `jobs`, only the one is fixed by the next version."""
    pipeline = service.pipeline
    uris = {name: f"{HOST}/{REPOSITORY}:{name}" for name in ("app", "jobs")}

    def deploys(configs: str) -> list[Json]:
        before = len(pipeline.notifications())
        for name, config in zip(uris, configs, strict=True):
            pipeline.push(tag=name, config=config * 64)
        event = pipeline.event()
        containers = [{"name": name, "image": uri} for name, uri in uris.items()]
        event["detail"]["responseElements"]["tasks"][0]["containers"] = containers
        assert pipeline.intake(event).status == "SUCCEEDED"
        pipeline.scans()
        return pipeline.notifications()[before:]

    pipeline.qualys.set_findings(f"{REPOSITORY}:app", [finding(1, 5)])
    assert [each["image"]["tag"] for each in deploys("12")] == ["app"]
    pipeline.qualys.set_findings(f"{REPOSITORY}:jobs", [finding(1, 5)])
    assert [each["image"]["tag"] for each in deploys("34")] == ["jobs"]
    assert deploys("56") == []


def test_a_crash_after_the_message_repeats_it_and_loses_none(
    service: Service, environment: pytest.MonkeyPatch
) -> None:
    record, crashes = NotifiedFindings.record, iter([True])

    def dies_once(*given: Any, **more: Any) -> None:
        if next(crashes, False):
            raise AwsUnavailable("killed")
        record(*given, **more)

    environment.setattr(NotifiedFindings, "record", dies_once)
    assert len(service.deploys(finding(1, 5))) == 2
    assert compared(service.deploys(finding(1, 5), finding(2, 5)))["still_open"] == 1


def test_a_redrive_leaves_the_version_before_known_by_its_containers(service: Service) -> None:
    """The scan of a fixed version failed for a while; what comes back after it is new."""
    assert len(service.deploys(finding(1, 5))) == 1
    pipeline = service.pipeline
    pipeline.time.sleep(60)
    pipeline.push(config="d" * 64)
    pipeline.qualys.set_findings(REPOSITORY, [])
    pipeline.spoil("/registry/[^/]*/schedule", method="POST", status=403)
    pipeline.scan()
    queued = dict(pipeline.failed_events()[-1])
    queued.pop("error")
    assert pipeline.intake(queued).status == "SUCCEEDED"
    (run,) = pipeline.scans()
    assert verdict(run) == "CLEAN"
    again = service.deploys(finding(1, 5))
    assert compared(again) == {"new": 1, "still_open": 0, "fixed": 0}
