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


def test_an_address_gets_nothing_until_its_owner_has_followed_the_link(account: Account) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    given: dict[str, str] = {"TopicArn": topic, "Protocol": "email", "Endpoint": f"{account.id}@x"}

    def listed() -> list[str]:
        by_topic = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert sns.list_subscriptions()["Subscriptions"] == by_topic
        return [each["SubscriptionArn"] for each in by_topic]

    def mails() -> list[dict[str, str]]:
        sent = account.aws.ask("/_sandbox/mail")["sent"]
        return [each for each in sent if each["to"] == given["Endpoint"]]

    assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    assert listed() == ["PendingConfirmation"]
    sns.publish(TopicArn=topic, Message="too early")
    (link,) = mails()
    arn = sns.confirm_subscription(TopicArn=topic, Token=link["token"])["SubscriptionArn"]
    assert listed() == [arn] != ["PendingConfirmation"]
    assert sns.subscribe(**given)["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="now")
    assert [each["text"] for each in mails()[1:]] == ["now"]


def test_terraform_is_notified_the_arn_of_a_pending_subscription(account: Account) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = sns.subscribe(
        TopicArn=topic, Protocol="email", Endpoint="a@x", ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"
    assert attributes["ConfirmationWasAuthenticated"] == "false"


def test_attributes_are_sent_with_plain_messages_alone(account: Account) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sender = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}
    statement = {**sender, "Action": "sqs:SendMessage", "Resource": "*"}
    filters: dict[str, dict[str, str]] = {
        "all": {},
        "raw": {"RawMessageDelivery": "true"},
        "filtered": {"FilterPolicy": json.dumps({"team": ["shop"]})},
        "absent": {"FilterPolicy": json.dumps({"owner": [{"exists": False}]})},
    }
    urls = {}
    for name, attributes in filters.items():
        urls[name], arn = account.queue(name, {"Version": "2012-10-17", "Statement": [statement]})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    team = {"team": {"DataType": "String", "StringValue": "shop"}}
    by_protocol = json.dumps({"default": "by protocol", "sqs": "for queues"})
    sns.publish(
        TopicArn=topic,
        Message=by_protocol,
        MessageStructure="json",
        MessageAttributes=team,
    )
    sns.publish(TopicArn=topic, Message="plain", MessageAttributes=team)
    got = {name: received(account, url) for name, url in urls.items()}
    bodies = [json.loads(each["Body"]) for each in got["all"]]
    assert [body["Message"] for body in bodies] == ["for queues", "plain"]
    assert ["MessageAttributes" in body for body in bodies] == [False, True]
    assert [each["Body"] for each in got["raw"]] == ["for queues", "plain"]
    assert ["MessageAttributes" in each for each in got["raw"]] == [False, True]
    assert [json.loads(each["Body"])["Message"] for each in got["filtered"]] == ["plain"]
    assert [json.loads(each["Body"])["Message"] for each in got["absent"]] == ["plain"]


def received(account: Account, url: str) -> list[dict[str, Any]]:
    answer = account.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


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
