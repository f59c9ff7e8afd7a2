"""An installation of examples/single-account for each module."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from image_scan.notifications import throttle
from image_scan.state import keys
from sandbox import images
from sandbox.installation import Installation
from sandbox.restored import restored_installation

Json = dict[str, Any]
Without = Callable[[str, str], contextlib.AbstractContextManager[None]]
SECRET_VALUE = "canary-value-5a8e03c16d"  # in every container's environment; the same
CLUSTER = "tests"
WAIT_SCALE = 0.005
CRITICAL = [{"qid": 1, "severity": 5, "title": "a critical finding", "cveids": ["CVE-2026-0001"]}]
REGISTERED = f"{keys.REGISTERED}failures"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with restored_installation(wait_scale=WAIT_SCALE) as running:
        running.ecs.create_cluster(clusterName=CLUSTER)
        running.qualys.control.scenario(scan_seconds=0.2)
        yield running


@dataclass
class Workload:
    """An image of its own in a repository of its own, ready to be deployed."""

    installation: Installation
    name: str
    pushed: images.PushedImage

    @property
    def key(self) -> str:
        return self.pushed.digest

    def push(self, content: str, tag: str = "1", **options: Any) -> images.PushedImage:
        image = images.build(f"{self.name} {content}", **options)
        return images.push(self.installation.client("ecr"), f"tests/{self.name}", image, tag)

    def find(self, findings: list[Json]) -> None:
        self.installation.qualys.control.set_findings(f"tests/{self.name}", findings)

    def behave(self, **values: Any) -> None:
        self.installation.qualys.control.behave(f"tests/{self.name}", **values)

    def register(self, *uris: str, family: str = "") -> str:
        definition = self.installation.ecs.register_task_definition(
            family=family or self.name,
            containerDefinitions=[
                {
                    "name": f"container-{number}",
                    "image": uri,
                    "environment": [{"name": "PASSWORD", "value": SECRET_VALUE}],
                }
                for number, uri in enumerate(uris or (self.pushed.by_tag,))
            ],
        )
        return str(definition["taskDefinition"]["taskDefinitionArn"])

    def deploy(self, *uris: str, service: str = "") -> None:
        """As a service; waits until all that follows from it is over."""
        self.installation.ecs.create_service(
            cluster=CLUSTER,
            serviceName=service or self.name,
            taskDefinition=self.register(*uris, family=service),
            desiredCount=1,
        )
        self.installation.wait_until_idle()

    def deploy_once(self, *uris: str) -> None:
        """By one event: where a scan fails, a second one that comes late starts it again."""
        self.register(*uris)
        self.installation.wait_until_idle()

    def verdict(self) -> Json:
        return self.installation.verdicts().get(self.key, {})

    def for_the_digest(self) -> str:
        """Why the scan of an image ended without a result that is only registered."""
        item = self.installation.client("dynamodb").get_item(
            TableName=self.installation.outputs["state_table"]["name"],
            Key={"key": {"S": REGISTERED}},
        )
        (image,) = item["Item"]["images"]["M"].values()
        return str(image["M"]["reason"]["S"])

    def scans(self) -> list[Json]:
        """The scan executions of this image, with their inputs."""
        found = []
        for scan in self.installation.scans():
            given = self.installation.scan_input(scan["executionArn"])
            if given["image"]["repository"] == f"tests/{self.name}":
                found.append({**scan, "input": given})
        return found


@pytest.fixture
def workload(installation: Installation) -> Workload:
    """A new image, in a pipeline where nothing runs and no message waits."""
    installation.wait_until_idle()
    installation.notifications()
    installation.failed_events()
    # What is reported once an hour, and what waits for the daily digest.
    for key in (*(f"notice#{error}" for error in throttle.ERRORS), REGISTERED):
        installation.client("dynamodb").delete_item(
            TableName=installation.outputs["state_table"]["name"], Key={"key": {"S": key}}
        )
    name = f"app-{next(_numbers)}"
    installation.client("ecr").create_repository(repositoryName=f"tests/{name}")
    made = Workload(installation, name, None)  # type: ignore[arg-type]
    made.pushed = made.push("first")
    return made


@pytest.fixture
def without(installation: Installation) -> Without:
    """Takes one permission away from a role (by its key in the outputs) for a while."""

    @contextlib.contextmanager
    def take(role: str, action: str) -> Iterator[None]:
        iam = installation.client("iam")
        name = installation.outputs["role_arns"][role].rsplit("/", 1)[-1]
        policies = {
            policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        }
        taken = 0
        for policy, document in policies.items():
            changed = json.loads(json.dumps(document))
            for statement in changed["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                taken += action in actions
                statement["Action"] = [each for each in actions if each != action] or ["none:None"]
            iam.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(changed)
            )
        assert taken, f"{role} never had {action}"
        try:
            yield
        finally:
            for policy, document in policies.items():
                iam.put_role_policy(
                    RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
                )

    return take
