"""AWS' service authorization data on every policy that Terraform rendered, by two judges."""

import json
from typing import Any

import pytest

from tests.judges.policies import Policy
from tests.judges.programs import HERE, VENV, run
from tests.judges.service_data import KNOWN, said
from tests.judges.simulation import Judged
from tests.support import people_policies

# What parliament says beside what the other judge does, and why it stays.
KNOWN_TO_PARLIAMENT = {
    "UNKNOWN_CONDITION_FOR_ACTION: Unknown condition kms:EncryptionContext:aws:logs:arn for action "
    "kms:DescribeKey": "the same",
    "MISMATCHED_TYPE: Type mismatch: ArnLike requires a value of type Arn but given String": (
        "an encryption context may hold an ARN, and CloudWatch Logs documents ArnEquals for it"
    ),
    "RESOURCE_STAR: ['ecs:ListTasks']": "its condition on ecs:cluster names the account's clusters",
}


@pytest.fixture(scope="module")
def policies(alone: Judged, organization: Judged) -> list[Policy]:
    found = [*alone.policies, *organization.policies]
    services = {"iam", "kms", "sqs", "sns", "events", "s3", "lambda"}
    assert {each.of.split(":")[2] for each in found} == services
    return found


def said_by_parliament(policies: list[Policy]) -> set[str]:
    given = [vars(each) for each in policies if each.kind != "trust"]  # which it does not know
    stated: list[str] = json.loads(run([VENV / "python", HERE / "judge_by_parliament.py"], given))
    return set(stated)


def test_they_name_what_exists_and_fits(policies: list[Policy]) -> None:
    assert said(policies) == {*KNOWN}


def test_parliament_agrees(policies: list[Policy]) -> None:
    assert said_by_parliament(policies) == {*KNOWN_TO_PARLIAMENT}


def test_the_documents_for_people_fit() -> None:
    """Each action takes one of the resources of its statement, or has none at all."""
    documents = people_policies.documents().items()
    assert said([Policy("identity", name, document) for name, document in documents]) == set()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"Action": "sqs:SendMessages"}, "there is no action"),
        ({"Action": "sns:Publish"}, "takes none of"),
        ({"Condition": {"StringEquals": {"sqs:sender": "a"}}}, "no condition key"),
        ({"Condition": {"StringEquals": {"kms:ViaService": "a"}}}, "has no kms:ViaService"),
        ({"Condition": {"StringEquals": {"aws:TagKeys": "a"}}}, "has many values"),
        ({"Resource": "arn:aws:sns:us-east-1:111111111111:topic"}, "is taken by none of"),
        ({"Effect": "allow"}, "Effect"),
    ],
)
def test_what_is_wrong_is_seen(changes: dict[str, Any], wrong: str) -> None:
    """So that the judge is seen to judge."""
    statement = {
        "Sid": "Send",
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:111111111111:queue",
    }

    def policy(statement: dict[str, Any]) -> Policy:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return Policy("identity", "role", document)

    assert said([policy(statement)]) == set()
    assert any(wrong in each for each in said([policy({**statement, **changes})]))
