"""What has been going on: functions, key, queues, scans, subscribers. Each is broken, and seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from ops.doctor.findings import Verdict
from sandbox.install import Install

from .examination import PREFIX, Break, assert_seen, look
from .test_doctor_qualys import scan, scanned  # noqa: F401 - a fixture


@contextmanager
def no_function(install: Install) -> Iterator[None]:
    functions, name = install.client("lambda"), f"{PREFIX}-check-status"
    found = functions.get_function(FunctionName=name)
    before, code = found["Configuration"], requests.get(found["Code"]["Location"], timeout=10)
    functions.delete_function(FunctionName=name)
    try:
        yield
    finally:
        kept = ("FunctionName", "Role", "Handler", "Runtime", "Architectures", "Timeout")
        functions.create_function(
            **{name: before[name] for name in (*kept, "MemorySize", "Description")},
            Environment={"Variables": before["Environment"]["Variables"]},
            Code={"ZipFile": code.content},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)


@contextmanager
def key_disabled(install: Install) -> Iterator[None]:
    kms, key = install.client("kms"), install.outputs["kms_key_arn"]
    kms.disable_key(KeyId=key)
    try:
        yield
    finally:
        kms.enable_key(KeyId=key)


def message_in(queue: str) -> Any:
    @contextmanager
    def put(install: Install) -> Iterator[None]:
        url = install.outputs[queue]["url"]
        install.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
        try:
            yield
        finally:
            install.messages(url)

    return put


@contextmanager
def three_failures(install: Install) -> Iterator[None]:
    for _ in range(3):
        scan(install, job_error="SENSOR_ERROR")
    try:
        yield
    finally:
        scan(install)
        install.notifications()


@contextmanager
def nobody_subscribed(install: Install) -> Iterator[None]:
    sns, topic = install.client("sns"), install.outputs["topic_arn"]
    before = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    for each in before:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    try:
        yield
    finally:
        for each in before:
            sns.subscribe(TopicArn=topic, Protocol=each["Protocol"], Endpoint=each["Endpoint"])


BREAKS = [
    Break("functions-active", no_function, f"{PREFIX}-check-status missing", "make deploy"),
    Break("key-enabled", key_disabled, "is Disabled", "aws kms enable-key --key-id arn:aws:kms:"),
    Break("failed-events", message_in("failed_events_queue"), "holds 1 event", "make redrive"),
    Break(
        "undelivered-events",
        message_in("undelivered_events_queue"),
        "holds 1 event",
        "make redrive",
    ),
    Break("scans-succeed", three_failures, "the newest by ERROR: ", "make status"),
    Break(
        "topic-subscribed",
        nobody_subscribed,
        "is subscribed to by nobody",
        f"aws sns subscribe --topic-arn arn:aws:sns:us-east-1:111111111111:{PREFIX}-notifications "
        "--protocol email --notification-endpoint security@example.com",
    ),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.check)
def test_exactly_that_line_fails(broken: Break, install: Install) -> None:
    assert_seen(broken, install)


def test_one_broken_image_is_not_the_installs_fault(install: Install) -> None:
    scan(install, job_error="SENSOR_ERROR")
    assert look(install.aws)["scans-succeed"].verdict is Verdict.PASS
    install.notifications()
