"""An update keeps what an installation of an older version made, whatever its addresses are now."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from sandbox.installation import Installation
from sandbox.terraform_project import changes

Json = dict[str, Any]
BUCKET = (
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
)
READERS = ("people", "phones", "chat", "machines")
# Where the resources of examples/single-account were before modules/trail, notifications and state.
FORMER = {
    "module.trail[0].aws_cloudtrail.this": "module.event_detection.aws_cloudtrail.this[0]",
    **{
        f"module.trail[0].{kind}.this": f"module.event_detection.{kind}.trail[0]" for kind in BUCKET
    },
    "module.package_record[0].aws_ssm_parameter.this": (
        "module.package.aws_ssm_parameter.deployed[0]"
    ),
    "module.state.aws_dynamodb_table.this": "module.workflow.aws_dynamodb_table.state",
    **{
        f'module.notifications.{kind}.this["{reader}"]': (
            f'module.workflow.{kind}.notifications["{reader}"]'
        )
        for kind in ("aws_sns_topic", "aws_sns_topic_policy")
        for reader in READERS
    },
    "module.workflow.module.failed_events.aws_sqs_queue.this": (
        "module.workflow.aws_sqs_queue.failed_events"
    ),
    "module.workflow.module.failed_events.aws_cloudwatch_metric_alarm.this": (
        'module.workflow.aws_cloudwatch_metric_alarm.queue["failed-events"]'
    ),
    "module.workflow.module.failed_events.aws_cloudwatch_metric_alarm.queued": (
        'module.workflow.aws_cloudwatch_metric_alarm.queue["queued-events"]'
    ),
    **{
        f"module.event_detection.module.undelivered.{kind}.this": (
            f"module.event_detection.{kind}.undelivered"
        )
        for kind in ("aws_sqs_queue", "aws_cloudwatch_metric_alarm")
    },
}


def test_nothing_is_replaced_and_nothing_is_left_to_do(installation: Installation) -> None:
    file = installation.terraform.folder / "terraform.tfstate"
    found = rewrite(file, {f"module.image_scan.{to}": at for to, at in FORMER.items()})
    assert found == {f"module.image_scan.{to}" for to in FORMER}
    plan = installation.terraform.plan()
    assert changes(plan) == {}
    moved = {
        each["address"]: each["previous_address"]
        for each in plan["resource_changes"]
        if "previous_address" in each
    }
    root = "module.image_scan."
    assert moved == {f"{root}{to}": f"{root}{at}" for to, at in FORMER.items()}


def rewrite(file: Path, former: dict[str, str]) -> set[str]:
    """Gives resources of a state their former addresses. Returns those that it found."""
    state = json.loads(file.read_text())
    resources: dict[tuple[str, ...], Json] = {}
    instances: dict[tuple[str, ...], list[Json]] = defaultdict(list)
    found = set()
    for resource in state["resources"]:
        for instance in resource.pop("instances"):
            module, mode, kind, name = (
                resource.get("module", ""),
                resource["mode"],
                resource["type"],
                resource["name"],
            )
            index = instance.get("index_key")
            shown = "" if index is None else f"[{json.dumps(index)}]"
            present = f"{module}.{kind}.{name}{shown}"
            if mode == "managed" and present in former:
                found.add(present)
                of, kind, name = f"module.image_scan.{former[present]}".rsplit(".", 2)
                name, _, key = name.partition("[")
                module = of
                instance.pop("index_key", None)
                if key:
                    instance["index_key"] = json.loads(key.removesuffix("]"))
            at = (module, mode, kind, name)
            resources[at] = resource | {"module": module, "type": kind, "name": name}
            if not module:
                del resources[at]["module"]
            instances[at].append(instance)
    state["resources"] = [each | {"instances": instances[at]} for at, each in resources.items()]
    file.write_text(json.dumps(state))
    return found
