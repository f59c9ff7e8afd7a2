"""ECS as the deployment gate asks it: a service, its revisions and its deployments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator

from tests.support.builders import ACCOUNT, NOW, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]
_PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
SERVICE = f"{_PREFIX}:service/prod/web"
CLUSTER = f"{_PREFIX}:cluster/prod"
DAY = 86_400
_MODEL = botocore.session.get_session().get_service_model("ecs")


def as_aws(operation: str, answer: Json) -> Json:
    """The answer, if it has the shape that the SDK documents; AssertionError if not."""
    shape = _MODEL.operation_model(operation).output_shape
    assert shape is not None
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    return answer


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class FakeServices:
    """One service; `deploy` makes a revision and the deployment that is to bring it."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}
        self.revisions: dict[str, Json] = {}
        self.deployments: dict[str, Json] = {}
        self.tags: dict[str, str] = {}
        self.trouble: dict[str, Exception] = {}
        self.calls: list[str] = []

    def deploy(
        self,
        containers: Mapping[str, str],
        *,
        at: float = NOW,
        status: str = "IN_PROGRESS",
        digests: Mapping[str, str] | None = None,
        running: Sequence[str] = (),
        architecture: str = "X86_64",
        launch: str = "FARGATE",
        **options: Any,
    ) -> Json:
        """Returns the event that ECS gives to a hook before it starts tasks. `options` are of each
        container definition; with `architecture` "" the task definition states no platform."""
        number = len(self.revisions) + 1
        definition = f"{_PREFIX}:task-definition/web:{number}"
        revision = f"{_PREFIX}:service-revision/prod/web/{number}"
        deployment = f"{_PREFIX}:service-deployment/prod/web/d{number}"
        self.definitions[definition] = {
            "taskDefinitionArn": definition,
            "containerDefinitions": [
                {"name": name, "image": image, **options} for name, image in containers.items()
            ],
        }
        if architecture:
            self.definitions[definition]["runtimePlatform"] = {
                "cpuArchitecture": architecture,
                "operatingSystemFamily": "LINUX",
            }
        self.revisions[revision] = {
            "serviceRevisionArn": revision,
            "serviceArn": SERVICE,
            "clusterArn": CLUSTER,
            "taskDefinition": definition,
            "launchType": launch,
            "containerImages": [{"containerName": n, "image": i} for n, i in containers.items()],
        }
        self.deployments[deployment] = {
            "serviceDeploymentArn": deployment,
            "serviceArn": SERVICE,
            "clusterArn": CLUSTER,
            "createdAt": instant(at),
            "startedAt": instant(at),
            "status": status,
            "targetServiceRevision": {"arn": revision},
            "sourceServiceRevisions": [
                {"arn": each, "runningTaskCount": 1, "requestedTaskCount": 1} for each in running
            ],
        }
        self.pull(revision, digests or {})
        return self.event(deployment)

    def pull(self, revision: str, digests: Mapping[str, str]) -> None:
        for each in self.revisions[revision]["containerImages"]:
            if digest := digests.get(each["containerName"]):
                each["imageDigest"] = digest

    def event(self, deployment: str, stage: str = "PRE_SCALE_UP", **details: Any) -> Json:
        return {
            "executionId": "execution-1",
            "lifecycleStage": stage,
            "resourceArn": deployment,
            "executionDetails": {
                "serviceArn": SERVICE,
                "targetServiceRevisionArn": self.deployments[deployment]["targetServiceRevision"][
                    "arn"
                ],
                "testTrafficWeights": {},
                "productionTrafficWeights": {},
            },
            **({"hookDetails": details} if details else {}),
        }

    def _asked(self, operation: str, answer: Json) -> Any:
        self.calls.append(operation)
        if trouble := self.trouble.get(operation):
            raise trouble
        return as_aws(operation, answer)

    def describe_service_revisions(self, *, serviceRevisionArns: list[str]) -> Any:  # noqa: N803
        assert 0 < len(serviceRevisionArns) <= 20
        found = [self.revisions[arn] for arn in serviceRevisionArns if arn in self.revisions]
        return self._asked("DescribeServiceRevisions", {"serviceRevisions": found, "failures": []})

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> Any:  # noqa: N803
        found = [self.deployments[arn] for arn in serviceDeploymentArns if arn in self.deployments]
        answer = {"serviceDeployments": found, "failures": []}
        return self._asked("DescribeServiceDeployments", answer)

    def list_service_deployments(self, *, service: str, cluster: str, nextToken: str = "") -> Any:  # noqa: N803
        assert (service, cluster) == (SERVICE, CLUSTER)
        names = ("serviceDeploymentArn", "serviceArn", "clusterArn", "createdAt", "status")
        rows = [
            {
                **{name: each[name] for name in names},
                "targetServiceRevisionArn": each["targetServiceRevision"]["arn"],
            }
            for each in self.deployments.values()
        ]
        start = int(nextToken or 0)
        answer: Json = {"serviceDeployments": rows[start : start + 2]}
        if rows[start + 2 :]:
            answer["nextToken"] = str(start + 2)
        return self._asked("ListServiceDeployments", answer)

    def describe_task_definition(self, *, taskDefinition: str) -> Any:  # noqa: N803
        answer = {"taskDefinition": self.definitions[taskDefinition]}
        return self._asked("DescribeTaskDefinition", answer)

    def list_tags_for_resource(self, *, resourceArn: str) -> Any:  # noqa: N803
        assert resourceArn == SERVICE or resourceArn in self.definitions
        known = self.tags if resourceArn == SERVICE else {}
        tags = [{"key": key, "value": value} for key, value in known.items()]
        return self._asked("ListTagsForResource", {"tags": tags})
