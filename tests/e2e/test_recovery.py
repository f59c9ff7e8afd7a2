"""What dies at work is done again, and what it held is let go."""

import contextlib
import os
import signal
import time
from pathlib import Path

from sandbox import images
from sandbox.install import Install

from .conftest import CLUSTER, CRITICAL, Workload

IMAGES = 10


def kill_one(install: Install) -> bool:
    """Of the processes of functions: the embedded AWS has one that forks one for each function, and
    these fork its environments."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    generation = [install.aws.pid]
    for _ in range(3):
        generation = [pid for pid, parent in parents.items() if parent in generation]
    if generation:
        with contextlib.suppress(ProcessLookupError):
            os.kill(min(generation), signal.SIGKILL)
    return bool(generation)


def test_killed_functions_lose_no_image(install: Install, workload: Workload) -> None:
    ecr, names, killed = install.client("ecr"), {}, 0
    for number in range(IMAGES):
        name = f"{workload.name}-{number}"
        ecr.create_repository(repositoryName=f"tests/{name}")
        pushed = images.push(ecr, f"tests/{name}", images.build(name), "1")
        install.qualys.control.tell_findings(f"tests/{name}", CRITICAL)
        names[pushed.digest] = name
        install.ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=workload.register(pushed.by_tag, family=name),
            desiredCount=1,
        )
        killed += kill_one(install)
    while install.aws.running():
        killed += kill_one(install)
        time.sleep(0.1)
    assert killed > IMAGES
    install.settle()
    status = {key: each["status"] for key, each in install.verdicts().items() if key in names}
    told = {each["image"]["digest"] for each in install.notifications()}
    kept = str(install.failed_events())
    scanned = {key for key in names if status.get(key) == "FINDINGS"}
    assert len(scanned) > IMAGES / 2
    assert scanned <= told
    left = {name for key, name in names.items() if key not in scanned}
    assert {name for name in left if f"{name}:1" not in kept} == set()


def test_a_lease_that_nobody_holds_any_more_runs_out(install: Install, workload: Workload) -> None:
    """As after an execution of which nothing was heard again."""
    workload.find(CRITICAL)
    workload.behave(never_ends=True)
    service = {"cluster": CLUSTER, "taskDefinition": workload.register(), "desiredCount": 1}
    install.settle()
    (scan,) = workload.scans()
    now = int(time.time())
    table, key = install.outputs["cache_table"]["name"], {"imageDigest": {"S": workload.key}}
    dynamodb = install.client("dynamodb")

    def hold(until: int) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #status = :held, #ttl = :until",
            ExpressionAttributeNames={"#status": "status", "#ttl": "ttl"},
            ExpressionAttributeValues={":held": {"S": "IN_PROGRESS"}, ":until": {"N": str(until)}},
        )

    workload.behave(never_ends=False)
    hold(now + 3600)
    install.ecs.create_service(serviceName=workload.name, **service)
    install.settle()
    assert [each["name"] for each in workload.scans()] == [scan["name"]]
    hold(now - 1)
    install.ecs.create_service(serviceName=f"{workload.name}-later", **service)
    install.settle()
    assert len(workload.scans()) == 2
    assert workload.verdict()["status"] == "FINDINGS"
    places = {each["service"] for told in install.notifications() for each in told["deployed"]}
    assert places >= {workload.name, f"{workload.name}-later"}
