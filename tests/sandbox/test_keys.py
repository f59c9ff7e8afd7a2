"""What is encrypted with a customer-managed key can be used by those whom the key lets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import Principal
from tests.sandbox.account import EVERYTHING, Account, Json, allow


def key(account: Account, *services: str, **condition: Any) -> str:
    """A key for the account itself and for the services named; its ARN."""
    statements: list[Json] = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if services:
        statements.append(
            {
                "Effect": "Allow",
                "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
            }
            | condition
        )
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return str(account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


# Whom of `users` the key refuses.
OUTCOME = [False, True, True]


def users(account: Account, key_arn: str, service: str, *actions: str) -> list[Principal]:
    """One who may use the key through the service, one through another, one not at all."""
    found = []
    for name, via in (("right", service), ("other", "ec2"), ("none", None)):
        policy = allow(*actions)
        if via:
            statement = allow("kms:Decrypt", "kms:GenerateDataKey", resource=key_arn)["Statement"]
            like = {"kms:ViaService": f"{via}.us-east-1.*"}
            statement[0]["Condition"] = {"StringLike": like}
            policy["Statement"] += statement
        found.append(account.aws.create_user(name, policy, account.id))
    return found


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return "AccessDenied" in str(error)
    return False


def open_queue(account: Account, key_arn: str) -> tuple[str, str]:
    arn = f"arn:aws:sqs:us-east-1:{account.id}:q"
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    url, _ = account.queue("q", {"Version": "2012-10-17", "Statement": [anybody]})
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key_arn})
    return url, arn


def test_a_queue(account: Account) -> None:
    key_arn = key(account)
    url, _ = open_queue(account, key_arn)
    for user, closed in zip(users(account, key_arn, "sqs", "sqs:*"), OUTCOME, strict=True):
        sqs = account.client("sqs", user)
        assert refused(sqs.send_message, QueueUrl=url, MessageBody="m") == closed
        assert refused(sqs.receive_message, QueueUrl=url) == closed


def test_a_topic(account: Account) -> None:
    key_arn = key(account)
    topic = account.client("sns").create_topic(Name="t", Attributes={"KmsMasterKeyId": key_arn})
    outcome = [
        refused(account.client("sns", user).publish, TopicArn=topic["TopicArn"], Message="m")
        for user in users(account, key_arn, "sns", "sns:*")
    ]
    assert outcome == OUTCOME


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_item", {"Key": {"key": {"S": "k"}}}),
        ("put_item", {"Item": {"key": {"S": "k"}}}),
        ("update_item", {"Key": {"key": {"S": "k"}}}),
        ("delete_item", {"Key": {"key": {"S": "k"}}}),
    ],
)
def test_a_table(account: Account, call: str, arguments: Json) -> None:
    key_arn = key(account)
    account.client("dynamodb").create_table(
        TableName="cache",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
    )
    outcome = [
        refused(getattr(account.client("dynamodb", user), call), TableName="cache", **arguments)
        for user in users(account, key_arn, "dynamodb", "dynamodb:*")
    ]
    assert outcome == OUTCOME


def test_a_secret_by_its_encryption_context(account: Account) -> None:
    key_arn = key(account)
    secrets = account.client("secretsmanager")
    arn = secrets.create_secret(Name="s", SecretString="{}", KmsKeyId=key_arn)["ARN"]
    outcome = []
    for name, context in (("right", arn), ("other", arn + "x")):
        policy = allow("secretsmanager:GetSecretValue")
        decrypt = allow("kms:Decrypt", resource=key_arn)["Statement"][0]
        decrypt["Condition"] = {"StringEquals": {"kms:EncryptionContext:SecretARN": context}}
        policy["Statement"].append(decrypt)
        user = account.aws.create_user(name, policy, account.id)
        outcome.append(
            refused(account.client("secretsmanager", user).get_secret_value, SecretId=arn)
        )
    assert outcome == [False, True]


@pytest.mark.parametrize("service", ["events", "sns"])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_service_that_delivers(account: Account, service: str, allowed: bool) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": account.id if allowed else "9" * 12}}
    conditions = {"Condition": condition} if service == "sns" or not allowed else {}
    url, arn = open_queue(account, key(account, service, **conditions))
    if service == "events":
        account.rule("r", {"source": ["mine"]}, {"Arn": arn})
        entry = {"Source": "mine", "DetailType": "t", "Detail": "{}"}
        account.client("events").put_events(Entries=[entry])
    else:
        sns = account.client("sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="m")
    assert len(account.messages(url)) == (1 if allowed else 0)


def test_a_machine_that_sends(account: Account) -> None:
    key_arn = key(account)
    url, arn = open_queue(account, key_arn)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": url, "MessageBody": "m"},
        "End": True,
    }
    definition = {"StartAt": "Send", "States": {"Send": send}}
    without = account.role("without", "states", allow("sqs:SendMessage", resource=arn))
    right = account.role("right", "states", EVERYTHING)
    outcome = [
        account.ended(account.start(account.machine(name, definition, role)))["status"]
        for name, role in (("without", without), ("right", right))
    ]
    assert outcome == ["FAILED", "SUCCEEDED"]


def test_log_groups_and_trails_are_not_made_without_the_key(account: Account) -> None:
    closed = key(account)
    opened = key(account, "logs.us-east-1", "cloudtrail")
    logs, trails = account.client("logs"), account.client("cloudtrail")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.create_log_group(logGroupName="g", kmsKeyId=closed)
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicy"):
        trails.create_trail(Name="ecs", S3BucketName="b", KmsKeyId=closed)
    logs.create_log_group(logGroupName="g", kmsKeyId=opened)
    trails.create_trail(Name="ecs", S3BucketName="b", KmsKeyId=opened)


def test_eventbridge_names_no_account_to_a_key(account: Account) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": account.id}}
    url, arn = open_queue(account, key(account, "events", Condition=condition))
    account.rule("r", {"source": ["mine"]}, {"Arn": arn})
    account.client("events").put_events(
        Entries=[{"Source": "mine", "DetailType": "t", "Detail": "{}"}]
    )
    assert account.messages(url) == []


@pytest.mark.parametrize(
    ("bucket_key", "actions", "made"),
    [
        (False, ["kms:GenerateDataKey*"], True),
        (True, ["kms:GenerateDataKey*"], False),
        (True, ["kms:GenerateDataKey*", "kms:Decrypt"], True),
    ],
)
def test_a_bucket_key_takes_decrypt_of_the_trail(
    account: Account, *, bucket_key: bool, actions: list[str], made: bool
) -> None:
    key_arn, s3 = key(account, "cloudtrail", Action=actions), account.client("s3")
    s3.create_bucket(Bucket=f"files-{account.id}")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    s3.put_bucket_encryption(
        Bucket=f"files-{account.id}", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    trail = {"Name": "scan-ecs", "S3BucketName": f"files-{account.id}", "KmsKeyId": key_arn}
    if made:
        account.client("cloudtrail").create_trail(**trail)
    else:
        with pytest.raises(ClientError, match="InsufficientEncryptionPolicy"):
            account.client("cloudtrail").create_trail(**trail)
