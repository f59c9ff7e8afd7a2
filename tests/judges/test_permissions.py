"""An IAM simulator on the policies of examples/single-account: what has to be allowed, what not."""

from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.organization import PREFIX
from tests.judges.simulation import Judged, Row

Json = dict[str, Any]
OTHER = "999999999999"
HERE = f"{REGION}:{ACCOUNT}"
QUALYS = "arn:aws:iam::900000000009:role/sensor"
FOREIGN = f"arn:aws:iam::{OTHER}:role/anybody"
OWN_TRAIL = f"arn:aws:cloudtrail:{HERE}:trail/{PREFIX}-ecs"
OTHERS_TRAIL = f"arn:aws:cloudtrail:{REGION}:{OTHER}:trail/{PREFIX}-ecs"
OTHERS_RULE = f"arn:aws:events:{REGION}:{OTHER}:rule/{PREFIX}-ecs-deployments"
BUS = f"arn:aws:events:{HERE}:event-bus/default"
ECS = f"arn:aws:ecs:{HERE}"


def source(arn: str) -> Json:
    return {"aws:SourceArn": arn}


def of(account: str) -> Json:
    return {"aws:SourceAccount": account}


def via(service: str) -> Json:
    return {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}


def keys(*names: str) -> Json:
    return {"dynamodb:LeadingKeys": list(names)}


def trail_file(trail: str) -> Json:
    return {**source(trail), "s3:x-amz-acl": "bucket-owner-full-control"}


def encrypted_for(trail: str) -> Json:
    return {**source(trail), "kms:EncryptionContext:aws:cloudtrail:arn": trail}


SECRET = {"kms:EncryptionContext:SecretARN": "{secret}", **via("secretsmanager")}
ANOTHERS_SECRET = {**SECRET, "kms:EncryptionContext:SecretARN": "{secret}-another"}

FUNCTIONS = (
    *("parse-event", "check-cache", "get-registry", "submit-scan", "check-status"),
    *("get-results", "send-notification", "reconcile", "reassess", "deployment-gate"),
)
TOPICS = ("people", "phones", "chat", "machines")

# Names in braces are ARNs: see the fixture `alone`.
ALLOWED: list[Row] = [
    ("{parse-event}", "ecs:DescribeTaskDefinition", "*"),
    ("{parse-event}", "ecr:BatchGetImage", f"arn:aws:ecr:{HERE}:repository/app"),
    ("{parse-event}", "logs:PutLogEvents", "{logs}-parse-event:log-stream:1"),
    ("{check-cache}", "dynamodb:PutItem", "{cache}", keys("sha256:1")),
    ("{check-cache}", "kms:Decrypt", "{key}", via("dynamodb")),
    ("{check-cache}", "dynamodb:UpdateItem", "{inventory}", keys("other#nginx")),
    ("{check-cache}", "dynamodb:PutItem", "{inventory}", keys("tasks#sha256:1#a#b")),
    ("{get-registry}", "dynamodb:UpdateItem", "{state}", keys("registry#1#us-east-1")),
    ("{submit-scan}", "dynamodb:UpdateItem", "{state}", keys("permit#scan")),
    ("{get-registry}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{get-registry}", "kms:Decrypt", "{key}", SECRET),
    ("{submit-scan}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{submit-scan}", "kms:Decrypt", "{key}", SECRET),
    ("{check-status}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{get-results}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{send-notification}", "dynamodb:UpdateItem", "{cache}", keys(f"{ACCOUNT}/{REGION}/app:1")),
    ("{send-notification}", "dynamodb:PutItem", "{cache}", keys("findings#sha256:1")),
    ("{send-notification}", "dynamodb:GetItem", "{state}", keys("exceptions#all")),
    ("{send-notification}", "dynamodb:PutItem", "{state}", keys("notice#QualysUnauthorized")),
    ("{send-notification}", "sns:Publish", "{people}"),
    ("{send-notification}", "sns:Publish", "{machines}"),
    ("{send-notification}", "kms:GenerateDataKey", "{key}", via("sns")),
    ("{send-notification}", "events:PutEvents", BUS, {"events:source": ["image-scan"]}),
    ("{send-notification}", "sqs:SendMessage", "{failed}"),
    ("{reconcile}", "ecs:ListTasks", "*", {"ecs:cluster": f"arn:aws:ecs:{HERE}:cluster/prod"}),
    ("{reconcile}", "dynamodb:PutItem", "{state}", keys("coverage#2026")),
    ("{reconcile}", "dynamodb:Scan", "{inventory}"),
    ("{reconcile}", "ecs:DescribeTasks", f"arn:aws:ecs:{HERE}:task/prod/1"),
    ("{reconcile}", "states:StartExecution", "{intake-machine}"),
    ("{reconcile}", "lambda:InvokeFunction", "{functions}-reassess"),
    ("{reassess}", "lambda:InvokeFunction", "{functions}-send-notification"),
    ("{reassess}", "dynamodb:GetItem", "{cache}", keys("sha256:1")),
    ("{reassess}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{deployment-gate}", "ecs:DescribeServiceRevisions", f"{ECS}:service-revision/prod/web/1"),
    ("{deployment-gate}", "ecs:ListServiceDeployments", f"{ECS}:service/prod/web"),
    ("{deployment-gate}", "ecs:DescribeServiceDeployments", f"{ECS}:service-deployment/prod/web/1"),
    ("{deployment-gate}", "dynamodb:GetItem", "{cache}", keys("findings#sha256:1")),
    ("{deployment-gate}", "dynamodb:GetItem", "{state}", keys("exceptions#all")),
    ("{deployment-gate}", "kms:Decrypt", "{key}", via("dynamodb")),
    ("{deployment-gate}", "states:StartExecution", "{intake-machine}"),
    ("{deployment-gate}", "events:PutEvents", BUS, {"events:source": ["image-scan"]}),
    ("{deployment-gate}", "sns:Publish", "{people}"),
    ("{deployment-gate-hook}", "lambda:InvokeFunction", "{functions}-deployment-gate"),
    (
        "events.amazonaws.com",
        "lambda:InvokeFunction",
        "{functions}-send-notification",
        source("{ended-rule}"),
    ),
    ("ecs.amazonaws.com", "sts:AssumeRole", "{deployment-gate-hook}"),
    ("{intake}", "lambda:InvokeFunction", "{functions}-parse-event"),
    ("{intake}", "states:StartExecution", "{scan-machine}"),
    ("{intake}", "sqs:SendMessage", "{failed}"),
    ("{intake}", "kms:GenerateDataKey", "{key}", via("sqs")),
    ("{scan}", "lambda:InvokeFunction", "{functions}-submit-scan"),
    ("{scan}", "dynamodb:UpdateItem", "{cache}", keys("sha256:1")),
    ("{scheduler}", "lambda:InvokeFunction", "{functions}-reconcile"),
    ("{events}", "states:StartExecution", "{intake-machine}"),
    ("events.amazonaws.com", "sts:AssumeRole", "{events}", source("{deployments-rule}")),
    ("states.amazonaws.com", "sts:AssumeRole", "{intake}", of(ACCOUNT)),
    ("states.amazonaws.com", "sts:AssumeRole", "{scan}", of(ACCOUNT)),
    ("scheduler.amazonaws.com", "sts:AssumeRole", "{scheduler}", of(ACCOUNT)),
    (QUALYS, "sts:AssumeRole", "{registry}", {"sts:ExternalId": "{external-id}"}),
    ("events.amazonaws.com", "sqs:SendMessage", "{undelivered}", source("{deployments-rule}")),
    ("events.amazonaws.com", "sqs:SendMessage", "{failed}", source("{ended-rule}")),
    ("events.amazonaws.com", "kms:GenerateDataKey", "{key}"),
    ("cloudwatch.amazonaws.com", "kms:Decrypt", "{key}", of(ACCOUNT)),
    ("cloudtrail.amazonaws.com", "kms:DescribeKey", "{key}", source(OWN_TRAIL)),
    ("cloudtrail.amazonaws.com", "kms:GenerateDataKey", "{key}", encrypted_for(OWN_TRAIL)),
    ("cloudtrail.amazonaws.com", "s3:GetBucketAcl", "{bucket}", source(OWN_TRAIL)),
    (
        "cloudtrail.amazonaws.com",
        "s3:PutObject",
        f"{{bucket}}/AWSLogs/{ACCOUNT}/CloudTrail/1",
        trail_file(OWN_TRAIL),
    ),
    (
        f"logs.{REGION}.amazonaws.com",
        "kms:Encrypt",
        "{key}",
        {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{HERE}:log-group:/aws/lambda/any"},
    ),
    *[("cloudwatch.amazonaws.com", "sns:Publish", f"{{{each}}}", of(ACCOUNT)) for each in TOPICS],
    *[("lambda.amazonaws.com", "sts:AssumeRole", f"{{{each}}}") for each in FUNCTIONS],
]
DENIED: list[Row] = [
    ("{parse-event}", "ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/app"),
    ("{parse-event}", "ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{OTHER}:repository/app"),
    ("{parse-event}", "logs:PutLogEvents", "{logs}-reconcile:log-stream:1"),
    ("{parse-event}", "secretsmanager:GetSecretValue", "{secret}"),
    ("{check-cache}", "dynamodb:Scan", "{cache}"),
    ("{check-cache}", "dynamodb:DeleteTable", "{cache}"),
    ("{check-cache}", "kms:Decrypt", "{key}"),
    ("{check-cache}", "kms:Decrypt", "{key}", via("secretsmanager")),
    ("{check-cache}", "sns:Publish", "{people}"),
    ("{check-cache}", "dynamodb:GetItem", "{cache}", keys("other#nginx")),
    ("{check-cache}", "dynamodb:PutItem", "{cache}", keys("findings#sha256:1")),
    ("{check-cache}", "dynamodb:PutItem", "{inventory}", keys("sha256:1")),
    ("{check-cache}", "dynamodb:PutItem", "{state}", keys("exceptions#all")),
    ("{check-cache}", "dynamodb:BatchWriteItem", "{cache}", keys("sha256:1")),
    ("{get-registry}", "dynamodb:UpdateItem", "{cache}", keys("registry#1")),
    ("{get-registry}", "dynamodb:UpdateItem", "{state}", keys("permit#scan")),
    ("{get-registry}", "dynamodb:UpdateItem", "{state}", keys("registry#1", "permit#scan")),
    ("{submit-scan}", "dynamodb:PutItem", "{state}", keys("registry#1")),
    ("{get-registry}", "secretsmanager:GetSecretValue", "{secret}-another"),
    ("{get-registry}", "secretsmanager:PutSecretValue", "{secret}"),
    ("{get-registry}", "kms:Decrypt", "{key}", ANOTHERS_SECRET),
    ("{send-notification}", "dynamodb:PutItem", "{cache}", keys("sha256:1")),
    ("{send-notification}", "dynamodb:PutItem", "{state}", keys("exceptions#all")),
    ("{send-notification}", "dynamodb:UpdateItem", "{inventory}", keys("tasks#sha256:1#a#b")),
    ("{send-notification}", "sns:Publish", f"arn:aws:sns:{HERE}:another"),
    ("{send-notification}", "sns:Subscribe", "{people}"),
    ("{send-notification}", "events:PutEvents", BUS, {"events:source": ["aws.ecs"]}),
    ("{send-notification}", "events:PutEvents", BUS, {"events:source": ["image-scan", "aws.ecs"]}),
    (
        "{reconcile}",
        "ecs:ListTasks",
        "*",
        {"ecs:cluster": f"arn:aws:ecs:{REGION}:{OTHER}:cluster/a"},
    ),
    ("{check-cache}", "dynamodb:Scan", "{inventory}"),
    ("{reconcile}", "dynamodb:UpdateItem", "{cache}", keys("sha256:1")),
    ("{reconcile}", "dynamodb:PutItem", "{state}", keys("exceptions#all")),
    ("{scan}", "dynamodb:UpdateItem", "{cache}", keys("findings#sha256:1")),
    ("{reconcile}", "ecs:RunTask", f"arn:aws:ecs:{HERE}:task-definition/app:1"),
    ("{reconcile}", "states:StartExecution", "{scan-machine}"),
    ("{reconcile}", "lambda:InvokeFunction", "{functions}-send-notification"),
    ("{reassess}", "lambda:InvokeFunction", "{functions}-reconcile"),
    ("{reassess}", "dynamodb:UpdateItem", "{cache}", keys("sha256:1")),
    ("{reassess}", "dynamodb:GetItem", "{cache}", keys("findings#sha256:1")),
    ("{deployment-gate}", "dynamodb:PutItem", "{cache}", keys("sha256:1")),
    ("{deployment-gate}", "dynamodb:GetItem", "{state}", keys("registry#1")),
    ("{deployment-gate}", "ecs:UpdateService", f"{ECS}:service/prod/web"),
    ("{deployment-gate}", "ecs:TagResource", f"{ECS}:service/prod/web"),
    ("{deployment-gate}", "states:StartExecution", "{scan-machine}"),
    ("{deployment-gate}", "events:PutEvents", BUS, {"events:source": ["aws.ecs"]}),
    ("{deployment-gate-hook}", "lambda:InvokeFunction", "{functions}-reconcile"),
    ("lambda.amazonaws.com", "sts:AssumeRole", "{deployment-gate-hook}"),
    (
        "events.amazonaws.com",
        "lambda:InvokeFunction",
        "{functions}-send-notification",
        source(OTHERS_RULE),
    ),
    ("ecs.amazonaws.com", "sts:AssumeRole", "{deployment-gate}"),
    (FOREIGN, "sts:AssumeRole", "{deployment-gate-hook}"),
    ("{intake}", "lambda:InvokeFunction", "{functions}-reconcile"),
    ("{intake}", "states:StartExecution", "{intake-machine}"),
    ("{intake}", "sqs:ReceiveMessage", "{failed}"),
    ("{scan}", "states:StartExecution", "{scan-machine}"),
    ("{events}", "states:StartExecution", "{scan-machine}"),
    ("events.amazonaws.com", "sts:AssumeRole", "{events}", source(OTHERS_RULE)),
    ("events.amazonaws.com", "sts:AssumeRole", "{intake}", of(ACCOUNT)),
    ("states.amazonaws.com", "sts:AssumeRole", "{intake}", of(OTHER)),
    ("states.amazonaws.com", "sts:AssumeRole", "{scan}", of(OTHER)),
    ("scheduler.amazonaws.com", "sts:AssumeRole", "{scheduler}", of(OTHER)),
    (QUALYS, "sts:AssumeRole", "{registry}"),
    (QUALYS, "sts:AssumeRole", "{registry}", {"sts:ExternalId": "another"}),
    (FOREIGN, "sts:AssumeRole", "{registry}", {"sts:ExternalId": "{external-id}"}),
    ("events.amazonaws.com", "sqs:SendMessage", "{undelivered}", source(OTHERS_RULE)),
    ("events.amazonaws.com", "sqs:SendMessage", "{failed}", source(OTHERS_RULE)),
    (FOREIGN, "sqs:SendMessage", "{failed}"),
    (FOREIGN, "sqs:ReceiveMessage", "{undelivered}"),
    (FOREIGN, "kms:Decrypt", "{key}"),
    ("cloudwatch.amazonaws.com", "kms:Decrypt", "{key}", of(OTHER)),
    ("cloudtrail.amazonaws.com", "kms:DescribeKey", "{key}", source(OTHERS_TRAIL)),
    ("cloudtrail.amazonaws.com", "kms:GenerateDataKey", "{key}", encrypted_for(OTHERS_TRAIL)),
    (
        "cloudtrail.amazonaws.com",
        "s3:PutObject",
        f"{{bucket}}/AWSLogs/{ACCOUNT}/CloudTrail/1",
        trail_file(OTHERS_TRAIL),
    ),
    (FOREIGN, "s3:GetObject", f"{{bucket}}/AWSLogs/{ACCOUNT}/CloudTrail/1"),
    *[("cloudwatch.amazonaws.com", "sns:Publish", f"{{{each}}}", of(OTHER)) for each in TOPICS],
    *[(FOREIGN, "sns:Subscribe", f"{{{each}}}") for each in TOPICS],
    *[(FOREIGN, "sts:AssumeRole", f"{{{each}}}") for each in FUNCTIONS],
]


def test_what_has_to_be_allowed_is(alone: Judged) -> None:
    assert alone.refused(ALLOWED) == []


@pytest.mark.held("roles and buses of others")
def test_what_must_not_be_allowed_is_not(alone: Judged) -> None:
    assert alone.granted(DENIED) == []


def test_every_policy_of_a_resource_is_asked_for_both(alone: Judged) -> None:
    owners = {policy.of for policy in alone.policies if policy.kind != "identity"}
    for rows in (ALLOWED, DENIED):
        asked = {alone.request(row).on.partition("/AWSLogs")[0] for row in rows}
        assert owners - asked == set()


def test_images_of_another_account_are_read_where_that_account_lets_us(alone: Judged) -> None:
    """`DENIED` has the same request without a policy of the repository."""
    repository = f"arn:aws:ecr:{REGION}:{OTHER}:repository/app"
    lets_in = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": ["ecr:BatchGetImage", "ecr:DescribeImages"],
            }
        ],
    }
    row: Row = ("{parse-event}", "ecr:BatchGetImage", repository)
    assert alone.refused([row], policy=lets_in) == []
