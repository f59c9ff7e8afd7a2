"""Defines what the demo deploys, and the expected results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import demo_findings, images
from sandbox.gated import Deployed, deploy
from sandbox.installation import Installation

CLUSTER = "shop"
SECRET = "canary-secret-in-an-image"  # as Qualys may answer it; nothing may ever show it
_VERSIONS = ("1.0.0", "2.0.0")
# Who owns a service; the others have no tag.
TEAMS = {"payments": "payments", "payments-batch": "payments", "gateway": "platform"}
# How the deployments of the gated service end, and whether their tasks start.
GATED = [("SUCCESSFUL", True), ("ROLLBACK_SUCCESSFUL", False)]


@dataclass(frozen=True)
class Row:
    """One image that one workload runs, and how it should end.

    `counts` are critical, high, medium and low; None without a result. `scanned` is false if the
    verdict was known, or a scan was running, when the workload was deployed.
    """

    workload: str
    image: str
    digest: str
    verdict: str
    counts: tuple[int, ...] | None
    scanned: bool


class Scenario:
    """Pushes and deploys images, and knows the expected results.

    `steps` does all of it, and announces each step.
    """

    STEPS = 15

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._ecs = installation.ecs
        self.rows: list[Row] = []
        self.gated: list[Deployed] = []
        self.pushed: dict[str, images.PushedImage] = {}  # the newest of each repository

    def steps(self) -> Iterator[str]:
        qualys = self._installation.qualys.control
        qualys.scenario(scan_seconds=0.6, examines=["malware", "secrets"])
        self._ecs.create_cluster(clusterName=CLUSTER)

        payments = self.push("shop/payments", "1.4.2", findings=demo_findings.CRITICAL)
        yield "payments:1.4.2, an image with critical findings, as a service by tag"
        self._service("payments", {"app": payments.by_tag})
        self._expect("payments", payments.by_tag, payments, "FINDINGS", (2, 1, 0, 1))

        web = self.push("shop/web", "2.0.0", findings=demo_findings.POTENTIAL)
        yield "web:2.0.0, a clean image"
        self._service("web", {"app": web.by_tag})
        self._expect("web", web.by_tag, web, "CLEAN", (0, 0, 0, 0))

        yield from self._known_image(payments)
        yield "checkout, a service with the deployment gate: web:2.0.0 is let through"
        self._gated(web)
        yield "payments:1.4.2 in checkout: blocked, and none of its tasks starts"
        self._gated(payments)
        yield from self._references()
        yield from self._detections()
        yield from self._moving_tag()
        yield from self._bad_ends()

    def _gated(self, pushed: images.PushedImage) -> None:
        self.gated.append(deploy(self._installation, CLUSTER, "checkout", pushed.by_tag))

    def _known_image(self, payments: images.PushedImage) -> Iterator[str]:
        self._installation.wait_until_idle()
        yield "payments:1.4.2 again, in a second service: known, so notified and not scanned"
        self._service("payments-batch", {"app": payments.by_tag})
        again = (2, 1, 0, 1)
        self._expect("payments-batch", payments.by_tag, payments, "FINDINGS", again, scanned=False)

    def _references(self) -> Iterator[str]:
        """An image by digest, an index of two platforms, and a task of three containers."""
        catalog = self.push("shop/catalog", "7", findings=demo_findings.MEDIUM)
        yield "catalog, pinned by digest"
        self._service("catalog", {"app": catalog.by_digest})
        self._expect("catalog", catalog.by_digest, catalog, "FINDINGS", (0, 0, 1, 0))

        platforms = (images.AMD64, images.ARM64)
        gateway = self.push("shop/gateway", "3.1", platforms=platforms, findings=demo_findings.HIGH)
        yield "gateway:3.1, for amd64 and arm64"
        self._service("gateway", {"app": gateway.by_tag})
        self._expect("gateway", gateway.by_tag, gateway, "FINDINGS", (0, 1, 0, 0))

        worker = self.push("shop/worker", "0.9")
        router = self.push("platform/log-router", "5")
        yield "worker, a task of two ECR containers and one from Docker Hub"
        self._task("worker", {"app": worker.by_tag, "logs": router.by_tag, "cache": "redis:7.2"})
        self._expect("worker", worker.by_tag, worker, "CLEAN", (0, 0, 0, 0))
        self._expect("worker", router.by_tag, router, "CLEAN", (0, 0, 0, 0))
        self.rows.append(Row("worker", "redis:7.2", "", "UNSCANNABLE", None, scanned=False))

    def _detections(self) -> Iterator[str]:
        """Images without a vulnerability, which the sensor examines for more."""
        qualys = self._installation.qualys.control
        mirrored = self.push("shop/mirror", "11")
        malware = {"fileName": "libz.so.1", "severity": 5, "family": "mirai", "category": "dropper"}
        qualys.behave(mirrored.config_digest, malware=[malware])
        yield "mirror:11, with malware in a file"
        self._service("mirror", {"app": mirrored.by_tag})
        self._expect("mirror", mirrored.by_tag, mirrored, "FINDINGS", (0, 0, 0, 0))

        billing = self.push("shop/billing", "4")
        secret = {"secretDetector": "AWS Access Key", "severity": "CRITICAL", "value": SECRET}
        qualys.behave(billing.config_digest, secrets=[secret])
        yield "billing:4, with a secret in it"
        self._service("billing", {"app": billing.by_tag})
        self._expect("billing", billing.by_tag, billing, "FINDINGS", (0, 0, 0, 0))

    def _moving_tag(self) -> Iterator[str]:
        first = self.push("shop/reports", "stable", content=_VERSIONS[0])
        yield "reports:stable"
        self._service("reports", {"app": first.by_tag})
        self._expect("reports", first.by_tag, first, "CLEAN", (0, 0, 0, 0))
        self._installation.wait_until_idle()

        found = demo_findings.HIGH
        second = self.push("shop/reports", "stable", content=_VERSIONS[1], findings=found)
        yield "reports:stable, pushed again with other bytes: scanned again"
        self._ecs.update_service(cluster=CLUSTER, service="reports", forceNewDeployment=True)
        self._expect("reports", second.by_tag, second, "FINDINGS", (0, 1, 0, 0))

    def _bad_ends(self) -> Iterator[str]:
        qualys = self._installation.qualys.control
        yield "a call that ECS refuses, and one that only scales: both ignored"
        self._refused_call()
        self._ecs.update_service(cluster=CLUSTER, service="web", desiredCount=3)

        broken = self.push("shop/broken", "1")
        qualys.behave("shop/broken", job_error="SENSOR_ERROR")
        yield "broken:1, whose scan fails"
        self._service("broken", {"app": broken.by_tag})
        self._expect("broken", broken.by_tag, broken, "ERROR", None)

        endless = self.push("shop/endless", "1")
        qualys.behave("shop/endless", never_ends=True)
        yield "endless:1, whose scan never ends: thirty checks"
        self._service("endless", {"app": endless.by_tag})
        self._expect("endless", endless.by_tag, endless, "TIMEOUT", None)

    def push(
        self,
        repository: str,
        tag: str,
        *,
        content: str = "",
        platforms: tuple[str, ...] = (images.AMD64,),
        findings: list[dict[str, Any]] | None = None,
    ) -> images.PushedImage:
        ecr = self._installation.client("ecr")
        if repository not in self.pushed:
            ecr.create_repository(repositoryName=repository)
        image = images.build(f"{repository} {tag} {content}", platforms)
        pushed = self.pushed[repository] = images.push(ecr, repository, image, tag)
        for config in pushed.config_digests.values():
            self._installation.qualys.control.set_findings(config, findings or [])
        return pushed

    def register(
        self, family: str, containers: dict[str, str], tags: Mapping[str, str] | None = None
    ) -> str:
        definition = self._ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": name, "image": image, "essential": True}
                for name, image in containers.items()
            ],
            tags=[{"key": key, "value": value} for key, value in (tags or {}).items()],
        )
        return str(definition["taskDefinition"]["taskDefinitionArn"])

    def _service(self, name: str, containers: dict[str, str]) -> None:
        self._ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=self.register(name, containers),
            desiredCount=1,
            launchType="FARGATE",
            tags=[{"key": "team", "value": TEAMS[name]}] if name in TEAMS else [],
        )

    def _task(self, family: str, containers: dict[str, str]) -> None:
        definition = self.register(family, containers)
        self._ecs.run_task(cluster=CLUSTER, taskDefinition=definition, launchType="FARGATE")

    def _refused_call(self) -> None:
        try:
            self._ecs.update_service(cluster=CLUSTER, service="ghost", taskDefinition="payments")
        except self._ecs.exceptions.ServiceNotFoundException:
            return
        raise AssertionError("ECS updated a service that does not exist")

    def _expect(
        self,
        workload: str,
        image: str,
        pushed: images.PushedImage,
        verdict: str,
        counts: tuple[int, ...] | None,
        *,
        scanned: bool = True,
    ) -> None:
        self.rows.append(Row(workload, image, pushed.digest, verdict, counts, scanned))
