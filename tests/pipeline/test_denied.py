"""A repository that we may not read, and the sensor may: what it holds is known by its name."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.aws import clients
from sandbox.qualys import PulledImage
from tests.pipeline.test_neighbours import AMD, ARM, BOTH, uri
from tests.support.builders import ACCOUNT, REGION, client_error
from tests.support.fake_ecr import FakeEcr
from tests.support.fake_ecs import Ecs
from tests.support.pipeline import URI, Pipeline, reason, verdict

Json = dict[str, Any]
MEMBER = "999988887777"
THERE = f"{MEMBER}.dkr.ecr.{REGION}.amazonaws.com"


class Denying:
    """A member account. Its ECR refuses the describe role in `shop/app`."""

    def __init__(self, pipeline: Pipeline, patch: pytest.MonkeyPatch) -> None:
        self._pipeline = pipeline
        self._ecr, self._ecs = FakeEcr(MEMBER), Ecs()
        self._ecs.list_tags_for_resource = lambda **_: {"tags": []}  # type: ignore[attr-defined]
        self._ecr.troubles["shop/app"] = client_error("AccessDeniedException")
        role = "arn:aws:iam::{account}:role/"
        pipeline.configure(
            DESCRIBE_ROLE_ARN=f"{role}describe",
            DESCRIBE_EXTERNAL_ID="x",
            HUB_ACCOUNT_ID=ACCOUNT,
            SPOKE_REGISTRY_ROLE_ARN=f"{role}qualys-registry",
        )
        patch.setattr(clients, "client_as", self._client_as)

    def runs(self, tag: str, digest: str, architecture: str) -> str:
        """A task of it has started. Returns the verdict of its scan."""
        arn = f"arn:aws:ecs:{REGION}:{MEMBER}"
        task = {
            "taskArn": f"{arn}:task/prod/1",
            "clusterArn": f"{arn}:cluster/prod",
            "taskDefinitionArn": f"{arn}:task-definition/web:1",
            "group": "family:web",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
            "containers": [
                {"name": "app", "image": f"{THERE}/shop/app:{tag}", "imageDigest": digest}
            ],
        }
        event = {"id": "task-1", "detail-type": "ECS Task State Change", "detail": task}
        self._pipeline.intake({**event, "account": MEMBER, "region": REGION})
        (run,) = self._pipeline.scans()
        return verdict(run)

    def _client_as(self, _: str, __: str, service: str, region: str) -> Any:
        return self._ecr.in_region(region) if service == "ecr" else self._ecs


@pytest.fixture
def denying(connected: Pipeline, environment: pytest.MonkeyPatch) -> Denying:
    return Denying(connected, environment)


@pytest.mark.attack(1)
@pytest.mark.parametrize("is_known", [False, True])
def test_no_copy_lets_the_image_of_another_platform_answer(
    connected: Pipeline, denying: Denying, is_known: bool
) -> None:
    """The sensor pulls the clean image for amd64 by the digest of the index."""
    index = connected.push_index("v1", BOTH)
    connected.find(5, key=ARM)
    if is_known:
        assert verdict(connected.scan(uri("v1"), "owner", "arm64")) == "UNSCANNABLE"
    copy = PulledImage(f"sha256:{AMD}", f"sha256:{'1' * 64}", index)
    connected.held.push(THERE, "shop/app", {"v1": copy})
    assert denying.runs("v1", index, "arm64") == "ERROR", "nor is it clean there"
    if not is_known:
        assert verdict(connected.scan(uri("v1"), "owner", "arm64")) == "UNSCANNABLE"
    assert connected.item(f"{index}#linux/arm64")["status"] == "UNSCANNABLE"


@pytest.mark.parametrize(("severity", "expected"), [(5, "FINDINGS"), (0, "ERROR")])
def test_what_is_known_by_its_tag_alone_may_be_bad_and_is_never_clean(
    connected: Pipeline, severity: int, expected: str
) -> None:
    connected.ecr_refuses()
    if severity:
        connected.find(severity)
    run = connected.scan(URI)
    assert (verdict(run), "ECR did not show the manifest" in reason(run)) == (expected, True)
