"""Images that others chose: of registries that let nobody in, of regions that do not exist, with
digests of somebody else's image. They concern nobody but themselves."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_scan.aws import clients
from image_scan.notifications.result_events import ResultEvents
from sandbox.qualys import PulledImage
from tests.pipeline.test_backfill import DAY, Account
from tests.support import tables
from tests.support.builders import ACCOUNT, HOST, REGION, client_error
from tests.support.environments import aws_client
from tests.support.fake_ecr import FakeEcr
from tests.support.fake_ecs import Ecs
from tests.support.pipeline import REPOSITORY, TAG, URI, Pipeline, ended, verdict

Json = dict[str, Any]

FOREIGN = "999999999999"
THERE = f"{FOREIGN}.dkr.ecr.{REGION}.amazonaws.com"
NOWHERE = f"{ACCOUNT}.dkr.ecr.us-east-9.amazonaws.com"
IRELAND = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
CLOSED = "its registry denies access to this installation"


def scan_input(pipeline: Pipeline, *images: str) -> Json:
    """A task that runs several images."""
    event = pipeline.event()
    named = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    event["detail"]["responseElements"]["tasks"][0]["containers"] = named
    return event


def state(pipeline: Pipeline, status: str, image: str, digest: str = "") -> Json:
    """What ECS says of a task of one image."""
    event = pipeline.event()
    pulled = {"imageDigest": digest} if digest else {}
    detail = {
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/1",
        "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod",
        "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1",
        "group": "service:web",
        "startedBy": "ecs-svc/1",
        "lastStatus": status,
        "desiredStatus": status,
        "containers": [{"name": "app", "image": image, **pulled}],
    }
    return {**event, "detail-type": "ECS Task State Change", "detail": detail}


class Member:
    """A member account that lets the sensor in, and the describe role nowhere. Its instances report
    the digest of an image that others own. `sent` is what events say to it, and to others."""

    def __init__(self, pipeline: Pipeline, patch: pytest.MonkeyPatch) -> None:
        self.pipeline, self.ecr, self.ecs = pipeline, FakeEcr(FOREIGN), Ecs()
        self.sent: list[Json] = []
        role = "arn:aws:iam::{account}:role/"
        pipeline.configure(
            DESCRIBE_ROLE_ARN=f"{role}describe",
            DESCRIBE_EXTERNAL_ID="x",
            HUB_ACCOUNT_ID=ACCOUNT,
            SPOKE_REGISTRY_ROLE_ARN=f"{role}qualys-registry",
        )
        self.ecr.troubles[REPOSITORY] = client_error("AccessDeniedException")
        patch.setattr(
            clients, "client_as", lambda _, __, name, *___: self.ecs if name == "ecs" else self.ecr
        )
        patch.setattr(ResultEvents, "send_all", lambda _, __, more: self.sent.extend(more))

    def reports(self, digest: str) -> None:
        """A task of another image of the same name, as its instance reports it; and its scan."""
        other = f"sha256:{'2' * 64}"
        pulled = PulledImage(f"sha256:{'e' * 64}", other, other)
        self.starts(digest, pulled, "1")

    def starts(self, digest: str, pulled: PulledImage, tag: str, architecture: str = "") -> str:
        """A task starts with this digest, and the sensor pulls that image. Returns its verdict."""
        self.ecs.list_tags_for_resource = lambda **_: {"tags": []}  # type: ignore[attr-defined]
        self.pipeline.held.push(THERE, REPOSITORY, {tag: pulled})
        event = state(self.pipeline, "RUNNING", f"{THERE}/{REPOSITORY}:{tag}", digest)
        stated = {"name": "ecs.cpu-architecture", "value": architecture}
        more = {"attributes": [stated]} if architecture else {}
        detail = {**event["detail"], "group": "family:evil", **more}
        for name in ("taskArn", "clusterArn", "taskDefinitionArn"):
            detail[name] = detail[name].replace(ACCOUNT, FOREIGN)
        self.ecs.tasks[detail["taskArn"]] = detail
        self.pipeline.intake({**event, "account": FOREIGN, "detail": detail})
        (run,) = self.pipeline.scans()
        return verdict(run)

    def findings(self, owner: str) -> list[str]:
        """What events say that Security Hub of an account imports; the hub's has no name."""
        sent = [each for each in self.sent if each["image"]["role_account_id"] == owner]
        return [found["title"] for each in sent for found in each["findings"]]


def statuses(pipeline: Pipeline) -> dict[str, str]:
    """What the cache says, by the image's reference."""
    return {row["uri"]["S"]: row["status"]["S"] for row in pipeline.items() if "status" in row}


def states() -> dict[str, str]:
    """The states of the inventory's rows, by key."""
    rows = aws_client("dynamodb").scan(TableName=tables.INVENTORY)["Items"]
    return {row["digest"]["S"]: row["state"]["S"] for row in rows if "state" in row}


@pytest.mark.attack(4)
def test_a_sidecar_in_a_region_that_does_not_exist_hides_nothing(pipeline: Pipeline) -> None:
    pipeline.find(5)
    run = pipeline.intake(scan_input(pipeline, f"{NOWHERE}/x/y:1", URI))
    assert run.status == "SUCCEEDED"
    assert [verdict(each) for each in pipeline.scans()] == ["FINDINGS"]
    assert statuses(pipeline)[f"{NOWHERE}/x/y:1"] == "UNSCANNABLE"
    (item,) = [each for each in pipeline.items() if "us-east-9" in each["imageDigest"]["S"]]
    assert "us-east-9" in item["reason"]["S"]
    assert pipeline.failed_events() == []


@pytest.mark.parametrize(
    ("where", "trouble"),
    [
        ("eu-west-1", EndpointConnectionError(endpoint_url="https://api.ecr.eu-west-1")),
        ("team/side", client_error("ServerException", 500)),
        ("team/side", client_error("ThrottlingException")),
        ("team/side", client_error("ExpiredTokenException")),
    ],
)
def test_what_ecr_does_not_answer_concerns_that_image_alone_and_is_queued(
    pipeline: Pipeline, where: str, trouble: Exception
) -> None:
    side = f"{IRELAND}/team/side:{TAG}"
    pipeline.push("team/side", host=IRELAND, config="d" * 64)
    pipeline.find(5)
    pipeline.find(5, key="team/side")
    pipeline.ecr.troubles[where] = trouble
    event = scan_input(pipeline, side, URI)
    run = pipeline.intake(event)
    assert (run.status, run.error) == ("FAILED", "ImageUnread")
    assert [verdict(each) for each in pipeline.scans()] == ["FINDINGS"]
    (queued,) = pipeline.failed_events()
    assert queued == {**event, "error": "ImageUnread"}
    assert side not in statuses(pipeline)

    pipeline.ecr.troubles.clear()
    del queued["error"]
    assert pipeline.intake(queued).status == "SUCCEEDED"
    assert [verdict(each) for each in pipeline.scans()] == ["FINDINGS"]
    assert statuses(pipeline)[side] == "FINDINGS"


def test_a_repository_that_fails_once_is_asked_a_second_time(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = pipeline.ecr.batch_get_image
    asked = []

    def once(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 1:
            raise client_error("ServerException", 500)
        return stock(**arguments)

    monkeypatch.setattr(pipeline.ecr, "batch_get_image", once)
    assert verdict(pipeline.scan()) == "CLEAN"


@pytest.mark.attack(6)
@pytest.mark.parametrize("reference", ["x/y:1", "x/y", f"x/y@sha256:{'1' * 64}"])
def test_a_registry_that_lets_nobody_in_costs_no_scan(pipeline: Pipeline, reference: str) -> None:
    pipeline.announce(f"{THERE}/{reference}")
    assert pipeline.scans() == []
    assert pipeline.calls() == []
    (item,) = pipeline.items()
    assert (item["status"]["S"], item["reason"]["S"]) == ("UNSCANNABLE", CLOSED)
    assert item["imageDigest"]["S"].startswith(f"{FOREIGN}/{REGION}/x/y")


@pytest.mark.attack(6)
@pytest.mark.parametrize("account", [ACCOUNT, FOREIGN])
@pytest.mark.parametrize(
    "host", ["dkr.ecr.me-south-1.amazonaws.com", "dkr.ecr.us-gov-west-1.amazonaws.com"]
)
@pytest.mark.parametrize("of_task", [True, False])
def test_a_region_that_is_not_enabled_costs_no_scan(
    pipeline: Pipeline, account: str, host: str, of_task: bool
) -> None:
    """Of our own account too: whoever deploys chooses the region."""
    image = f"{account}.{host}/x/y:1"
    event = state(pipeline, "RUNNING", image) if of_task else scan_input(pipeline, image)
    assert pipeline.intake(event).status == "SUCCEEDED"
    assert pipeline.scans() == []
    assert pipeline.calls() == []
    (item,) = pipeline.items()
    assert item["status"]["S"] == "UNSCANNABLE"
    assert "is not enabled for its account" in item["reason"]["S"]
    assert pipeline.failed_events() == []


def test_an_image_of_our_own_that_ecr_does_not_let_us_read_is_scanned_by_its_tag(
    pipeline: Pipeline,
) -> None:
    pipeline.ecr_refuses()
    pipeline.find(5)
    assert verdict(pipeline.scan()) == "FINDINGS"


@pytest.mark.attack(7)
@pytest.mark.parametrize("host", [THERE, HOST])
def test_nobody_takes_the_lease_of_a_digest_by_naming_it(pipeline: Pipeline, host: str) -> None:
    digest = pipeline.push("victim/app", "1", config="e" * 64)
    pipeline.find(5, key="victim/app")
    pipeline.announce(f"{host}/x/y:1@{digest}", service="attacker")
    assert pipeline.item(digest) == {}
    run = pipeline.scan(f"{HOST}/victim/app:1")
    assert ended(run) == ("FINDINGS", "")
    sent = pipeline.notifications()[-1]
    assert (sent["verdict"], len(sent["workloads"])) == ("FINDINGS", 1)
    assert "attacker" not in str(sent["workloads"])


def test_who_waits_for_the_scan_of_a_copy_knows_of_its_end_and_may_scan_again(
    pipeline: Pipeline,
) -> None:
    """The same bytes are one image, whichever repository they were deployed from first."""
    digest = pipeline.push("victim/app", "1", config="e" * 64)
    assert pipeline.push("evil/copy", "1", config="e" * 64) == digest
    pipeline.find(5, key="victim/app")
    pipeline.qualys.behave("evil/copy", job_error="the sensor may not pull")
    pipeline.announce(f"{HOST}/evil/copy:1", service="attacker")
    pipeline.announce(f"{HOST}/victim/app:1", service="victim")
    assert [verdict(each) for each in pipeline.scans()] == ["ERROR"]
    sent = {each["image"]["repository"]: each["workloads"] for each in pipeline.notifications()}
    assert {name: len(each) for name, each in sent.items()} == {"evil/copy": 1, "victim/app": 1}
    assert verdict(pipeline.scan(f"{HOST}/victim/app:1", service="victim")) == "FINDINGS"


def test_a_lease_of_our_own_unread_repository_is_not_that_of_the_digest(
    pipeline: Pipeline,
) -> None:
    digest = pipeline.push("victim/app", "1", config="e" * 64)
    pipeline.ecr.troubles["x/y"] = client_error("AccessDeniedException")
    pipeline.announce(f"{HOST}/x/y:1@{digest}")
    assert pipeline.item(digest) == {}
    assert pipeline.item(f"{ACCOUNT}/{REGION}/x/y:1@{digest}")["status"] == "IN_PROGRESS"
    pipeline.scans()
    assert ended(pipeline.scan(f"{HOST}/victim/app:1")) == ("CLEAN", "")


def test_a_queued_event_does_not_make_the_digest_that_it_names_a_fact(pipeline: Pipeline) -> None:
    digest = pipeline.push("victim/app", "1", config="e" * 64)
    pipeline.ecr.troubles["x/y"] = client_error("ServerException", 500)
    pipeline.intake(scan_input(pipeline, f"{HOST}/x/y:1@{digest}"))
    (queued,) = pipeline.failed_events()
    assert "resolved" not in queued
    pipeline.ecr.troubles["x/y"] = client_error("AccessDeniedException")
    pipeline.intake(queued)
    assert pipeline.item(digest) == {}


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize(("pulled", "pinned"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("host", [HOST, THERE])
def test_the_start_and_the_stop_of_a_task_meet_in_one_row(
    pipeline: Pipeline, host: str, reads: bool, pulled: bool, pinned: bool
) -> None:
    """Where ECS or the reference says which image it was."""
    digest = pipeline.push()
    if not reads:
        pipeline.ecr_refuses()
    image = f"{host}/{REPOSITORY}:{TAG}" + (f"@{digest}" if pinned else "")
    sent = digest if pulled else ""
    pipeline.intake(state(pipeline, "RUNNING", image, sent))
    assert list(states().values()) == ["running"]
    pipeline.intake(state(pipeline, "STOPPED", image, sent))
    assert list(states().values()) == ["stopped"]


@pytest.mark.attack(7)
def test_who_reports_the_digest_of_others_is_not_given_their_findings(
    connected: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    """Qualys lists by the name of a repository, whatever its registry."""
    member = Member(connected, environment)
    connected.find(5)
    assert verdict(connected.scan()) == "FINDINGS"
    connected.time.sleep(8 * DAY)  # the verdict has run out
    member.sent.clear()
    member.reports(connected.push())
    assert member.findings(FOREIGN) == []
    assert verdict(connected.scan(service="again")) == "FINDINGS"
    assert member.findings("") == ["finding 0"]


@pytest.mark.attack(7)
def test_what_qualys_learns_later_is_given_to_who_owns_what_was_scanned(
    connected: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    """Nothing of the owner runs at that minute."""
    member, account = Member(connected, environment), Account(connected, environment)
    connected.qualys.behave(continuously_assessed=True)
    connected.find(4)
    connected.scan()
    member.reports(connected.push())
    member.sent.clear()
    connected.find(4, 5)
    connected.qualys.assess()
    account.reconciles()
    assert (member.findings(FOREIGN), member.findings("")) == ([], ["finding 1", "finding 0"])
