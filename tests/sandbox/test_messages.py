"""DynamoDB, SNS and SQS where our functions lean on them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account


def test_a_failed_condition_returns_the_item(account: Account) -> None:
    table = account.client("dynamodb")
    table.create_table(
        TableName="cache",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"key": {"S": "k"}, "status": {"S": "CLEAN"}, "ttl": {"N": "5"}}
    table.put_item(TableName="cache", Item=item)
    put = {"Item": {"key": {"S": "k"}}, "ConditionExpression": "attribute_not_exists(#k)"}
    update = {
        "Key": {"key": {"S": "k"}},
        "UpdateExpression": "SET #k2 = :new",
        "ConditionExpression": "#k2 = :new",
        "ExpressionAttributeNames": {"#k2": "status"},
        "ExpressionAttributeValues": {":new": {"S": "FINDINGS"}},
    }
    put["ExpressionAttributeNames"] = {"#k": "key"}
    for call, arguments in ((table.put_item, put), (table.update_item, update)):
        with pytest.raises(ClientError) as failure:
            call(
                TableName="cache",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **arguments,
            )
        response: Any = failure.value.response  # the types do not know the item
        assert response["Error"]["Code"] == "ConditionalCheckFailedException"
        assert response["Item"] == item


def test_an_encrypted_topic_reaches_its_queue(account: Account) -> None:
    sns = account.client("sns")
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = sns.create_topic(Name="t", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    arn = f"arn:aws:sqs:us-east-1:{account.id}:inbox"
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    url, _ = account.queue("inbox", {"Version": "2012-10-17", "Statement": [policy]})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Subject="s", Message="m")
    body = json.loads(account.message(url)["Body"])
    assert (body["Subject"], body["Message"]) == ("s", "m")


def test_policies_that_demand_tls_are_met(account: Account) -> None:
    arn = f"arn:aws:sqs:us-east-1:{account.id}:q"
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    url, _ = account.queue("q", {"Version": "2012-10-17", "Statement": [deny]})
    account.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert account.message(url)["Body"] == "m"
