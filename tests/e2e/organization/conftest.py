"""An organization for each module here, or for a test that breaks it: see sandbox.organization."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox import gated, images
from sandbox.aws import REGION
from sandbox.organization import Organization, Spoke
from sandbox.restored import restored_organization

Json = dict[str, Any]
CLUSTER = "tests"
_numbers = itertools.count(1)


@dataclass
class App:
    """An image of its own, and who deploys it where."""

    organization: Organization
    name: str
    pushed: images.PushedImage
    spoke: Spoke

    def register(self) -> str:
        answer = self.spoke.ecs.register_task_definition(
            family=self.name,
            containerDefinitions=[{"name": "app", "image": self.pushed.by_tag}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def serve(self, team: str = "") -> None:
        self.spoke.ecs.create_cluster(clusterName=CLUSTER)
        self.spoke.ecs.create_service(
            cluster=CLUSTER,
            serviceName=self.name,
            taskDefinition=self.register(),
            desiredCount=1,
            tags=[{"key": "team", "value": team}] if team else [],
        )

    def serve_gated(self, image: str) -> Json:
        """Deploys an image in a service with the hub's gate. Returns the deployment's end."""
        ecs = self.spoke.ecs
        ecs.create_cluster(clusterName=CLUSTER)
        arn = ecs.register_task_definition(
            family=self.name, containerDefinitions=[{"name": "app", "image": image}]
        )["taskDefinition"]["taskDefinitionArn"]
        if ecs.describe_services(cluster=CLUSTER, services=[self.name])["services"]:
            ecs.update_service(cluster=CLUSTER, service=self.name, taskDefinition=arn)
        else:
            ecs.create_service(
                cluster=CLUSTER,
                serviceName=self.name,
                taskDefinition=arn,
                desiredCount=1,
                deploymentConfiguration=self.organization.hook(self.spoke.account),
            )
        return gated.ended(ecs, CLUSTER, self.name)

    def wait_until_idle(self) -> Json:
        """The image's item once all that was started is over; empty when there is none."""
        self.organization.installation.wait_until_idle()
        return self.organization.installation.verdicts().get(self.pushed.digest, {})


@pytest.fixture(scope="module")
def organization() -> Iterator[Organization]:
    with restored_organization(wait_scale=0.005) as restored:
        restored.installation.qualys.control.scenario(scan_seconds=0.2)
        yield restored


@pytest.fixture
def breakable() -> Iterator[Organization]:
    """An organization for one test alone."""
    with restored_organization(wait_scale=0.005) as restored:
        yield restored


@pytest.fixture
def make_app(organization: Organization) -> Callable[..., App]:
    """Pushes a new image of the account `of` (the deployer's own by default) for `by` to deploy."""
    organization.installation.wait_until_idle()
    organization.installation.failed_events()

    def make(by: str, region: str = REGION, of: str = "") -> App:
        name = f"app-{next(_numbers)}"
        ecr = organization.installation.aws.client("ecr", of or by, region)
        ecr.create_repository(repositoryName=name)
        pushed = images.push(ecr, name, images.build(name), "1")
        return App(organization, name, pushed, organization.spoke(by, region))

    return make


def scans_of(app: App) -> list[Json]:
    """The inputs of the scan executions of an app's image."""
    installation = app.organization.installation
    given = [installation.scan_input(each["executionArn"]) for each in installation.scans()]
    return [each for each in given if each["image"]["digest"] == app.pushed.digest]


def workloads_of(app: App) -> set[tuple[str, str, str]]:
    """Account, region and service or family of each row that is known to run an app's image."""
    return {
        (row["account"], row["region"], row["workload"].rsplit("#", 1)[-1])
        for row in app.organization.installation.inventory()
        if row["digest"] == app.pushed.digest
    }
