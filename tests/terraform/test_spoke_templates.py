"""The CloudFormation bodies of org-spoke do what our other modules do in Terraform."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from image_scan.events import api_calls

MODULES = Path(__file__).parents[2] / "modules"
TEMPLATES = MODULES / "org-spoke/templates"
# What the same thing is called on either side.
WORDS = {
    "${local.partition}": "${AWS::Partition}",
    "${local.account}": "${AWS::AccountId}",
    "${local.region}": "${AWS::Region}",
    "${var.name_prefix}": "${NamePrefix}",
    "${var.registry_role.qualys_account_id}": "${QualysAccountId}",
    "${var.registry_role.external_id}": "${QualysExternalId}",
    "${var.hub.event_bus_arn}": "${HubEventBusArn}",
    "${var.hub.account_id}": "${HubAccountId}",
    "${var.hub.describe_principal_arns}": "${DescribePrincipalArns}",
    "${var.hub.describe_external_id}": "${DescribeExternalId}",
    "${var.hub.describe_role_name}": "${DescribeRoleName}",
    "${var.hub.organization_id}": "${OrganizationId}",
    "${var.hub.deployment_gate.hook_target_arn}": "${GateFunctionArn}",
    "${condition.value}": "${OrganizationId}",
    "${var.retention_days}": "${TrailRetentionDays}",
    "${aws_s3_bucket.this.arn}": "${TrailBucket.Arn}",
    "${local.trail_arn}": (
        "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/${NamePrefix}-ecs"
    ),
}
_HERE = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
RULE = f"{_HERE}:rule/${{NamePrefix}}-forward-deployments"
Json = dict[str, Any]


def terraform(module: str) -> Json:
    """Resources and data of a module, by type and name; the only block, not a list, where it is."""
    found: Json = {}
    for file in sorted((MODULES / module).glob("*.tf")):
        with file.open() as text:
            for kind, blocks in hcl2.load(text).items():
                if kind not in ("resource", "data"):
                    continue
                for block in blocks:
                    ((type_, named),) = _plain(block).items()
                    ((name, body),) = named.items()
                    found[f"{type_}.{name}"] = body
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.strip('"'): _plain(item) for key, item in value.items() if "__" not in key}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        text = value.strip('"')
        for ours, theirs in WORDS.items():
            text = text.replace(ours, theirs)
        return text
    return value


def template(name: str) -> Json:
    return dict(yaml.safe_load((TEMPLATES / f"{name}.yaml").read_text()))


def resolved(value: Any) -> Any:
    """A template's value with its references as they stand in text: ${Name}."""
    if isinstance(value, dict):
        if value.keys() == {"Ref"}:
            return f"${{{value['Ref']}}}"
        if value.keys() == {"Fn::Sub"}:
            return value["Fn::Sub"]
        if value.keys() == {"Fn::GetAtt"}:
            return f"${{{'.'.join(value['Fn::GetAtt'])}}}"
        return {key: resolved(item) for key, item in value.items()}
    return [resolved(item) for item in value] if isinstance(value, list) else value


def properties(name: str, resource: str) -> Json:
    return dict(resolved(template(name)["Resources"][resource]["Properties"]))


def statements(document: Json) -> list[Json]:
    """Of a Terraform policy document, as IAM's JSON has them."""
    return [
        {
            "Sid": each["sid"],
            "Effect": each.get("effect", "Allow"),
            "Action": _one(each["actions"]),
            **({"Resource": _one(each["resources"])} if "resources" in each else {}),
            **({"Principal": _principal(each["principals"][0])} if "principals" in each else {}),
            **({"Condition": _conditions(each)} if _conditions(each) else {}),
        }
        for each in document["statement"]
    ]


def _conditions(statement: Json) -> Json:
    written = [*statement.get("condition", [])]
    for dynamic in statement.get("dynamic", []):
        written += dynamic["condition"]["content"]
    found: Json = {}
    for each in written:
        found.setdefault(each["test"], {})[each["variable"]] = _one(each["values"])
    return found


def _principal(block: Json) -> Any:
    return "*" if block["type"] == "*" else {block["type"]: _one(block["identifiers"])}


def _one(values: Any) -> Any:
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def normal(values: list[Json]) -> list[Json]:
    return [
        {key: sorted(value) if isinstance(value, list) else value for key, value in each.items()}
        for each in values
    ]


SPOKE = terraform("regional-spoke")
QUEUE = terraform("private/queue")
TRAIL = terraform("trail")
SAME_STATEMENTS: dict[str, tuple[str, str, Callable[[Json], Json]]] = {
    "forward": ("roles", "ForwardRole", lambda role: role["Policies"][0]["PolicyDocument"]),
    "describe": ("roles", "DescribeRole", lambda role: role["Policies"][0]["PolicyDocument"]),
    "import_findings": ("roles", "ImportFindingsPolicy", lambda policy: policy["PolicyDocument"]),
    "trust_ecs": ("roles", "GateHookRole", lambda role: role["AssumeRolePolicyDocument"]),
    "read_deployments": ("roles", "ReadDeploymentsPolicy", lambda policy: policy["PolicyDocument"]),
    "trust_hub": ("roles", "DescribeRole", lambda role: role["AssumeRolePolicyDocument"]),
    "bucket": ("rules", "TrailBucketPolicy", lambda policy: policy["PolicyDocument"]),
}


@pytest.mark.parametrize("document", SAME_STATEMENTS)
def test_permissions_and_trust_are_the_same(document: str) -> None:
    name, resource, part = SAME_STATEMENTS[document]
    theirs = part(properties(name, resource))["Statement"]
    ours = statements((SPOKE | TRAIL)[f"aws_iam_policy_document.{document}"])
    assert normal(theirs) == normal(ours)


def test_findings_are_imported_only_where_that_is_asked_for() -> None:
    ours = SPOKE["aws_iam_role_policy.import_findings"]
    theirs = template("roles")["Resources"]["ImportFindingsPolicy"]
    assert ours["count"] == "${var.security_hub ? 1 : 0}"
    assert theirs["Condition"] == "ImportFindings"
    assert template("roles")["Parameters"]["ImportFindings"]["Default"] == "false"
    assert theirs["Properties"]["Roles"] == [{"Ref": "DescribeRole"}]
    assert theirs["Properties"]["PolicyName"] == ours["name"]


def test_ecs_invokes_the_gate_only_where_that_is_asked_for() -> None:
    resources = template("roles")["Resources"]
    assert SPOKE["aws_iam_role.gate_hook"]["count"] == "${var.create_gate_role ? 1 : 0}"
    for name in ("GateHookRole", "ReadDeploymentsPolicy"):
        assert resources[name]["Condition"] == "HasGate"
    assert template("roles")["Parameters"]["GateFunctionArn"]["Default"] == ""
    role, gate = properties("roles", "GateHookRole"), "${GateFunctionArn}"
    ((theirs,),) = [each["PolicyDocument"]["Statement"] for each in role["Policies"]]
    assert (theirs["Action"], theirs["Resource"]) == ("lambda:InvokeFunction", [gate, f"{gate}:*"])
    assert role["Description"] == SPOKE["aws_iam_role.gate_hook"]["description"]
    reading = properties("roles", "ReadDeploymentsPolicy")
    assert reading["Roles"] == ["${DescribeRole}"]
    assert reading["PolicyName"] == SPOKE["aws_iam_role_policy.read_deployments"]["name"]


def test_the_forwarding_role_trusts_the_rule_wherever_it_lies() -> None:
    """One role per account here, one per region there."""
    (ours,) = statements(SPOKE["aws_iam_policy_document.trust_events"])
    (theirs,) = properties("roles", "ForwardRole")["AssumeRolePolicyDocument"]["Statement"]
    assert ours.pop("Condition") == {
        "ArnEquals": {"aws:SourceArn": "${aws_cloudwatch_event_rule.forward.arn}"}
    }
    assert theirs.pop("Condition") == {
        "ArnLike": {"aws:SourceArn": RULE.replace("${AWS::Region}", "*")}
    }
    assert theirs == ours


def test_the_queue_is_the_same() -> None:
    call, ours = unforwarded(), QUEUE["aws_sqs_queue.this"]
    assert "kms_key" not in call
    assert ours["sqs_managed_sse_enabled"] == "${var.kms_key == null ? true : null}"
    assert properties("rules", "Unforwarded") == {
        "QueueName": call["name"],
        "MessageRetentionPeriod": ours["message_retention_seconds"],
        "SqsManagedSseEnabled": True,
    }
    (statement,) = statements(QUEUE["aws_iam_policy_document.this"])
    policy = properties("rules", "UnforwardedPolicy")
    (their_statement,) = policy["PolicyDocument"]["Statement"]
    # Here the queue's policy can name queue and rule; there it stands inside of the queue.
    assert their_statement.pop("Resource") == "${Unforwarded.Arn}"
    assert statement.pop("Resource") == "*"
    assert their_statement.pop("Condition") == {"ArnEquals": {"aws:SourceArn": RULE}}
    assert statement.pop("Condition") == {"ArnLike": {"aws:SourceArn": "${var.rule_arns}"}}
    assert call["rule_arns"] == ["${aws_cloudwatch_event_rule.forward.arn}"]
    assert (statement.pop("Sid"), call["sid"]) == ("${var.sid}", their_statement.pop("Sid"))
    assert their_statement == statement
    assert policy["Queues"] == ["${Unforwarded}"]


def unforwarded() -> Json:
    """How the spoke calls the module of its queue."""
    with (MODULES / "regional-spoke/unforwarded.tf").open() as text:
        ((_, body),) = _plain(hcl2.load(text)["module"][0]).items()
    return dict(body)


def test_rule_and_target_are_the_same() -> None:
    rule, target = (
        SPOKE["aws_cloudwatch_event_rule.forward"],
        SPOKE["aws_cloudwatch_event_target.hub"],
    )
    theirs = properties("rules", "Rule")
    assert (theirs["Name"], theirs["Description"]) == (rule["name"], rule["description"])
    (their_target,) = theirs["Targets"]
    role = properties("roles", "ForwardRole")
    assert their_target["Arn"] == target["arn"]
    assert their_target["RoleArn"].endswith(f":role{role['Path']}{role['RoleName']}")
    assert their_target["DeadLetterConfig"]["Arn"] == "${Unforwarded.Arn}"
    retry = target["retry_policy"][0]
    assert their_target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": retry["maximum_event_age_in_seconds"],
        "MaximumRetryAttempts": retry["maximum_retry_attempts"],
    }


def test_the_pattern_is_the_hubs() -> None:
    """The module refuses another one at plan, too."""
    text = (MODULES / "event-detection/main.tf").read_text()
    written = re.search(r"  deployments = (\[.*?\n  \])", text, re.DOTALL)
    assert written
    ours = {"source": ["aws.ecs"], "$or": _plain(hcl2.loads(f"x = {written[1]}\n")["x"])}
    theirs = template("rules")["Resources"]["Rule"]["Properties"]["EventPattern"]
    assert json.loads(json.dumps(theirs)) == ours


def test_the_pattern_has_the_calls_that_are_read() -> None:
    pattern = template("rules")["Resources"]["Rule"]["Properties"]["EventPattern"]
    (calls,) = [each["detail"] for each in pattern["$or"] if "eventName" in each["detail"]]
    assert calls["eventName"] == sorted(api_calls.DEPLOYS | {api_calls.REGISTERS})


@pytest.mark.parametrize(
    ("alarm", "resource", "ending"),
    [("this", "UnforwardedAlarm", ""), ("queued", "UnforwardedQueuedAlarm", "-queued")],
)
def test_the_alarms_are_the_same(alarm: str, resource: str, ending: str) -> None:
    name = unforwarded()["name"] + ending
    ours = QUEUE[f"aws_cloudwatch_metric_alarm.{alarm}"] | {"alarm_name": name}
    theirs = properties("rules", resource)
    same = {
        "AlarmName": "alarm_name",
        "Namespace": "namespace",
        "MetricName": "metric_name",
        "Statistic": "statistic",
        "Period": "period",
        "EvaluationPeriods": "evaluation_periods",
        "ComparisonOperator": "comparison_operator",
        "Threshold": "threshold",
        "TreatMissingData": "treat_missing_data",
    }
    assert {name: theirs[name] for name in same} == {name: ours[our] for name, our in same.items()}
    assert theirs["Dimensions"] == [{"Name": "QueueName", "Value": "${Unforwarded.QueueName}"}]
    assert theirs["AlarmActions"]["Fn::If"][0] == "HasTopic"


def test_the_trail_is_the_same() -> None:
    ours = TRAIL["aws_cloudtrail.this"]
    theirs = properties("rules", "Trail")
    selector = ours["event_selector"][0]
    assert theirs["EventSelectors"] == [
        {
            "ReadWriteType": selector["read_write_type"],
            "IncludeManagementEvents": selector["include_management_events"],
        }
    ]
    assert theirs["EnableLogFileValidation"] == ours["enable_log_file_validation"]
    assert theirs["IsMultiRegionTrail"] == ours["is_multi_region_trail"]
    bucket = properties("rules", "TrailBucket")
    assert "BucketName" not in bucket, (
        "it outlives the stack, and must not be in the next one's way"
    )
    access = TRAIL["aws_s3_bucket_public_access_block.this"]
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": access["block_public_acls"],
        "BlockPublicPolicy": access["block_public_policy"],
        "IgnorePublicAcls": access["ignore_public_acls"],
        "RestrictPublicBuckets": access["restrict_public_buckets"],
    }
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == "${TrailRetentionDays}"


def test_the_registry_role_is_that_of_iam_role() -> None:
    ours = terraform("iam-role")
    theirs = properties("roles", "RegistryRole")
    assert theirs["AssumeRolePolicyDocument"]["Statement"] == statements(
        ours["aws_iam_policy_document.trust"]
    )
    attached = ours["aws_iam_role_policy_attachment.read_registry"]["policy_arn"]
    assert theirs["ManagedPolicyArns"] == [attached]
    assert theirs["Description"] == ours["aws_iam_role.this"]["description"]


@pytest.mark.parametrize("name", ["roles", "rules"])
def test_every_parameter_is_given_and_no_other(name: str) -> None:
    given = terraform("org-spoke")[f"aws_cloudformation_stack_set.{name}"]["parameters"]
    assert given.keys() == template(name)["Parameters"].keys()


@pytest.mark.parametrize("name", ["roles", "rules"])
def test_cloudformation_takes_it(name: str) -> None:
    path = TEMPLATES / f"{name}.yaml"
    assert path.stat().st_size < 51_200
    assert not re.search(r": [&*]\w+$", path.read_text(), re.MULTILINE), "no anchors, no aliases"
