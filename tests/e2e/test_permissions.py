"""Each permission of each role is needed by something seen here, and nothing beyond is granted.

Of the roles that an installation has by default: the emulator has no Security Hub, so what imports
into it is held to its policy in tests/workflow_policies.tftest.hcl alone.
"""

import json
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from image_scan.events import by_hand
from ops.scan import request
from sandbox import gated
from sandbox.aws import ACCOUNT
from sandbox.installation import Installation
from tests.e2e.permissions import allowed, declared, roles, used

from .conftest import CLUSTER, CRITICAL, Json, Without, Workload

Found = TypeVar("Found")
PREFIX = "qualys-image-scan"

# What AWS asks for where the emulator asks nobody.
UNSEEN = {
    # Step Functions, when a machine that logs is created or changed
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    # DynamoDB, of who uses a table under a customer-managed key
    "kms:DescribeKey",
    "kms:GenerateDataKey",
}

# The schedule's role: EventBridge Scheduler does not come while a test runs.
ONCE_A_DAY = f"{PREFIX}-scheduler-us-east-1"
# For a container that ECS has added by itself, without an image; the emulator adds none.
OF_AGENTS = (f"{PREFIX}-reconcile-us-east-1", "ecs:DescribeTaskDefinition")
# Whose resource is unknown, or is AWS' own policy's.
OF_ANY_RESOURCE = {
    # Registries of other accounts are read as far as their own policies let it in.
    f"{PREFIX}-parse-event-us-east-1": (
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecs:DescribeTaskDefinition",
    ),
    f"{PREFIX}-reconcile-us-east-1": ("ecs:DescribeTaskDefinition", "ecs:ListTasks"),
    f"{PREFIX}-deployment-gate-us-east-1": (
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecs:DescribeTaskDefinition",
        "ecs:ListTagsForResource",  # of any service, as each may have the hook
    ),
    ONCE_A_DAY: ("sqs:SendMessage",),
    f"{PREFIX}-registry-us-east-1": (
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:ListTagsForResource",
    ),
}

NOBODYS = (
    "dynamodb:DeleteTable",
    "dynamodb:Scan",
    "ecr:PutImage",
    "ecs:RunTask",
    "iam:CreateAccessKey",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:UpdateFunctionCode",
    "logs:DeleteLogGroup",
    "s3:GetObject",
    "secretsmanager:PutSecretValue",
    "sns:Subscribe",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "states:StopExecution",
    "states:UpdateStateMachine",
    "sts:AssumeRole",
)


@pytest.fixture
def exercised(installation: Installation, workload: Workload, without: Without) -> None:
    """Every way through the pipeline that takes a permission of its own."""
    qualys, table = installation.qualys.control, installation.outputs["state_table"]["name"]
    dynamodb = installation.client("dynamodb")
    entry = {"key": {"S": "registry#111111111111#us-east-1"}}

    workload.find(CRITICAL)
    workload.behave(scan_seconds=8)
    workload.register(workload.pushed.by_tag)
    _running(workload)
    _ask_by_hand(installation, workload)
    workload.deploy()  # waits for the scan that runs, too
    workload.behave(scan_seconds=0.2)
    installation.wait_until_idle()  # only a task that is known to run is looked for when it stops
    installation.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=0)
    installation.wait_until_idle()
    installation.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=1)
    workload.deploy_once(workload.push("by its digest", tag="0").by_digest)
    missing = f"{workload.pushed.registry}/{workload.pushed.repository}:no-such-tag"
    workload.deploy(missing, service=f"{workload.name}-missing")

    gone = {
        "registry_uuid": {"S": "deleted-at-qualys"},
        "until": {"N": str(int(time.time()) + 999)},
    }
    dynamodb.put_item(TableName=table, Item={**entry, **gone})
    workload.deploy_once(workload.push("of a registry that is gone", tag="2").by_tag)

    dynamodb.delete_item(TableName=table, Key=entry)
    lists = qualys.fail(
        "/csapi/v1.3/registry", method="GET", times=0, status=200, body='{"data": [], "count": 0}'
    )
    refuses = qualys.fail("/csapi/v1.3/registry", method="POST", times=0, status=400, body="{}")
    workload.deploy_once(workload.push("of a registry that is refused", tag="3").by_tag)
    qualys.fix(lists)
    qualys.fix(refuses)

    refuses = qualys.fail("/csapi/.*", times=0, status=401, body="{}")
    workload.deploy_once(workload.push("with a dead credential", tag="3a").by_tag)
    qualys.fix(refuses)

    with without("send_notification", "sns:Publish"):
        workload.deploy_once(workload.push("that nobody is notified of", tag="4").by_tag)
    with without("parse_event", "ecs:DescribeTaskDefinition"):
        workload.deploy(service=f"{workload.name}-again")

    _crowd(installation, workload)

    _reconcile(installation, workload)
    _gate(installation, workload)

    workload.behave(never_ends=True)
    workload.register(workload.push("whose scan is aborted", tag="5").by_tag)
    scan = _running(workload)
    installation.failed_events()
    with without("send_notification", "dynamodb:UpdateItem"):
        installation.client("stepfunctions").stop_execution(executionArn=scan["executionArn"])
        _until(installation.failed_events)
    installation.wait_until_idle()


def _running(workload: Workload) -> Json:
    """The scan of the image, once it runs."""
    return _until(lambda: [each for each in workload.scans() if each["status"] == "RUNNING"])[0]


def _ask_by_hand(installation: Installation, workload: Workload) -> None:
    """Beside the scan that runs; ends when that knows who asked."""
    asked = request(workload.pushed.by_tag, ACCOUNT, "us-east-1", "an operator", force=False)
    installation.client("stepfunctions").start_execution(
        stateMachineArn=installation.outputs["intake_state_machine_arn"], input=json.dumps(asked)
    )
    _until(lambda: by_hand.requested_by(workload.verdict()["requests"]))
    assert workload.verdict()["status"] == "IN_PROGRESS", "the scan has ended before"


def _until(ask: Callable[[], Found]) -> Found:
    deadline = time.monotonic() + 30
    while not (found := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def _gate(installation: Installation, workload: Workload) -> None:
    """A deployment, by digest, that waits for its verdict, and is then blocked."""
    pinned = workload.push("that is gated", tag="6").by_digest
    installation.ecs.create_service(
        cluster=CLUSTER,
        serviceName=f"{workload.name}-gated",
        taskDefinition=workload.register(pinned),
        desiredCount=1,
        deploymentConfiguration=gated.hook(installation),
    )
    ended = gated.ended(installation.ecs, CLUSTER, f"{workload.name}-gated")
    assert ended["status"] == "ROLLBACK_FAILED", "there is nothing to go back to"
    installation.wait_until_idle()


def _crowd(installation: Installation, workload: Workload) -> None:
    """A scan of what is only registered fails. Then all permits are held for some seconds, by
    executions that have died."""
    workload.behave(job_error="no space")
    workload.deploy_once(workload.push("that is registered, and fails", tag="4b").by_tag)
    workload.behave()
    until = {"until": {"N": str(int(time.time()) + 2)}, "account": {"S": "999999999999"}}
    held = {f"dead-{number}": {"M": until} for number in range(100)}
    item = {"key": {"S": "permit#scans"}, "held": {"M": held}, "waiting": {"M": {}}}
    table = installation.outputs["state_table"]["name"]
    installation.client("dynamodb").put_item(TableName=table, Item=item)
    workload.deploy_once(workload.push("whose scan waits for a permit", tag="4a").by_tag)


def _reconcile(installation: Installation, workload: Workload) -> None:
    """With an image whose verdict is gone, an inventory row that nothing runs, and an image for
    the daily digest; and once more, when that image has its findings again, and Qualys knows more
    of it."""
    dynamodb = installation.client("dynamodb")
    unscannable = workload.register("docker.io/library/redis:7", family="digest")
    installation.ecs.run_task(cluster=CLUSTER, taskDefinition=unscannable)
    installation.wait_until_idle()
    gone = {"imageDigest": {"S": workload.key}}
    dynamodb.delete_item(TableName=installation.outputs["cache_table"]["name"], Key=gone)
    inventory = installation.outputs["inventory_table"]["name"]
    row = {
        "digest": {"S": "sha256:gone"},
        "workload": {"S": "111111111111#us-east-1#gone#gone"},
        "account_region": {"S": "111111111111#us-east-1"},
        "state": {"S": "running"},
        "last_seen": {"N": "0"},
    }
    dynamodb.put_item(TableName=inventory, Item=row)
    below = {
        "digest": {"S": f"tasks#sha256:gone#{row['workload']['S']}"},
        "workload": {"S": "a task"},
    }
    dynamodb.put_item(TableName=inventory, Item=below)
    machine = {"intake_state_machine_arn": installation.outputs["intake_state_machine_arn"]}
    found = []
    workload.behave(continuously_assessed=True)
    for more in range(2):
        workload.find([{**CRITICAL[0], "qid": qid} for qid in range(1, 2 + more)])
        installation.qualys.control.assess()
        answer = installation.client("lambda").invoke(
            FunctionName=installation.outputs["function_names"]["reconcile"],
            Payload=json.dumps(machine),
        )
        found.append(json.loads(answer["Payload"].read()))
        assert "FunctionError" not in answer, found
        installation.wait_until_idle()
    assert found[0]["closed"] >= 1
    assert found[0]["sent"] >= 1


def test_each_role_may_do_what_it_does_and_nothing_else(
    installation: Installation, exercised: None
) -> None:
    mine = roles(installation.aws, PREFIX)
    seen = {each for each in used(installation.aws) if each[0] in mine}
    needed = {use[:2] for use in seen}
    permitted = {each for each in declared(installation.aws, PREFIX) if each[0] != ONCE_A_DAY}
    permitted.remove(OF_AGENTS)
    assert {each for each in permitted - needed if each[1] not in UNSEEN} == set(), "never used"

    # Whatever any of them did, in another account too, and what none of them should.
    calls = {(action, arn) for _role, action, arn in seen}
    calls |= {(action, foreign(arn)) for action, arn in calls if arn != "*"}
    calls |= {(action, "*") for action in NOBODYS}
    assert len(calls) > 80
    beyond = {
        (name, *call)
        for name, arn in mine.items()
        for call in allowed(installation.aws, arn, calls)
        - {use[1:] for use in seen if use[0] == name}
        if call[0] not in OF_ANY_RESOURCE.get(name, ())
    }
    assert beyond == set()


def foreign(arn: str) -> str:
    """The same thing in another account."""
    return arn.replace("111111111111", "999999999999")
