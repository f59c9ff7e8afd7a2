"""What has been going on: functions, key, queues, scans, subscribers. Each is broken, and seen."""

from typing import Any

import pytest

from ops.doctor.findings import Verdict
from sandbox.installation import Installation

from .examination import PREFIX, Break, assert_seen, look
from .test_doctor_qualys import ROLE_ARN, scan


def delete_function(installation: Installation) -> None:
    installation.client("lambda").delete_function(FunctionName=f"{PREFIX}-check-status")


def disable_key(installation: Installation) -> None:
    installation.client("kms").disable_key(KeyId=installation.outputs["kms_key_arn"])


def message_in(queue: str) -> Any:
    def send(installation: Installation) -> None:
        url = installation.outputs[queue]["url"]
        installation.client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    return send


def fail_three_times(installation: Installation) -> None:
    for _ in range(3):
        scan(installation, job_error="SENSOR_ERROR")


def reserve_most(installation: Installation) -> None:
    installation.client("ecr").register_pull_time_update_exclusion(principalArn=ROLE_ARN)
    installation.client("lambda").put_function_concurrency(
        FunctionName=f"{PREFIX}-reconcile", ReservedConcurrentExecutions=900
    )


def unsubscribe_all(installation: Installation) -> None:
    sns = installation.client("sns")
    for topic in installation.outputs["topic_arns"].values():
        for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


BREAKS = [
    Break("functions-active", delete_function, f"{PREFIX}-check-status missing", "make deploy"),
    Break(
        "concurrency-quota",
        reserve_most,
        "functions of this account share 100 concurrent executions",
        "aws service-quotas request-service-quota-increase --service-code lambda",
        verdict=Verdict.HINT,
    ),
    Break("key-enabled", disable_key, "is Disabled", "aws kms enable-key --key-id arn:aws:kms:"),
    Break("failed-events", message_in("failed_events_queue"), "holds 1 event", "make redrive"),
    Break(
        "undelivered-events",
        message_in("undelivered_events_queue"),
        "holds 1 event",
        "make redrive",
    ),
    Break("scans-succeed", fail_three_times, "the newest by ERROR: ", "make status"),
    Break(
        "topics-subscribed",
        unsubscribe_all,
        "nobody has subscribed to a topic",
        "aws sns subscribe --topic-arn "
        f"arn:aws:sns:us-east-1:111111111111:{PREFIX}-notifications-people "
        "--protocol email --notification-endpoint security@example.com",
    ),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.check)
def test_exactly_that_line_fails(broken: Break, breakable: Installation) -> None:
    assert_seen(broken, breakable)


def test_one_broken_image_is_not_the_fault_of_the_installation(breakable: Installation) -> None:
    scan(breakable)
    scan(breakable, job_error="SENSOR_ERROR")
    assert look(breakable.aws)["scans-succeed"].verdict is Verdict.PASS
