"""AWS' service authorization data on policies."""

from collections.abc import Iterable

from tests.judges.policies import Policy
from tests.judges.programs import ask_node

# What it says of ours, and why it stays.
KNOWN = {
    "WriteLogGroups: a request of kms:DescribeKey has no kms:EncryptionContext:aws:logs:arn": (
        "the statement is the one that CloudWatch Logs documents"
    ),
}


def said(policies: Iterable[Policy]) -> set[str]:
    """What is wrong with them."""
    answers: list[list[str]] = ask_node("service_data.cjs", [vars(each) for each in policies])
    return {each for answer in answers for each in answer}
