"""Policy documents, read for who is let in."""

import json
from typing import Any

import pytest

from ops.doctor import policies

RULE = "arn:aws:events:us-east-1:111111111111:rule/ours"
EVENTS = "events.amazonaws.com"


def document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def queue(**changes: Any) -> dict[str, Any]:
    return document(
        **{
            "Principal": {"Service": EVENTS},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
            **changes,
        }
    )


def lets_in(policy: Any) -> bool:
    facts = {"aws:sourcearn": RULE, "aws:sourceaccount": "111111111111"}
    return policies.allows_service(policy, EVENTS, "sqs:SendMessage", facts)


@pytest.mark.parametrize(
    "policy",
    [
        queue(),
        json.dumps(queue()),
        queue(Action=["sqs:*"]),
        queue(Action="SQS:SendMessage"),
        queue(Principal="*"),
        queue(Principal={"Service": ["s3.amazonaws.com", EVENTS]}),
        queue(Condition={"ArnLike": {"aws:sourceARN": ["arn:other", RULE[:-4] + "*"]}}),
        queue(Condition={}),
        {"Statement": queue()["Statement"][0]},
    ],
)
def test_a_service_that_is_let_in(policy: Any) -> None:
    assert lets_in(policy)


@pytest.mark.parametrize(
    "policy",
    [
        None,
        "",
        {},
        queue(Effect="Deny"),
        queue(Action="sqs:ReceiveMessage"),
        queue(Principal={"Service": "s3.amazonaws.com"}),
        queue(Principal={"AWS": "arn:aws:iam::111111111111:root"}),
        queue(Condition={"ArnEquals": {"aws:SourceArn": RULE + "s"}}),
        queue(Condition={"StringEquals": {"aws:SourceAccount": "222222222222"}}),
    ],
)
def test_a_service_that_is_not(policy: Any) -> None:
    assert not lets_in(policy)


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "222222222222"}, True),
        ({"AWS": "arn:aws:iam::222222222222:root"}, True),
        ({"AWS": ["arn:aws:iam::1:root", "arn:aws-us-gov:iam::222222222222:role/a"]}, True),
        ({"AWS": "arn:aws:iam::333333333333:root"}, False),
        ({"AWS": "AROAEXAMPLEID"}, False),
        ({"Service": EVENTS}, False),
    ],
)
def test_an_account(principal: Any, expected: bool) -> None:
    trust = document(Principal=principal, Action="sts:AssumeRole")
    assert policies.allows_account(trust, "222222222222", "sts:AssumeRole") is expected


def test_an_organization() -> None:
    bus = document(
        Principal="*",
        Action="events:PutEvents",
        Condition={"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
    )
    key = "aws:principalorgid"
    assert policies.conditions(bus, "events:PutEvents", key) == {"o-ours"}
    for organization, expected in (("o-ours", True), ("o-other", False)):
        found = policies.allows_account(bus, "1", "events:PutEvents", {key: organization})
        assert found is expected


def test_all_who_are_trusted() -> None:
    trust = document(Principal={"AWS": ["a", "b"]}, Action="sts:AssumeRole")
    assert policies.principals(trust, "sts:AssumeRole") == {"a", "b"}
    assert policies.principals(trust, "sts:TagSession") == set()
