"""An IAM simulator between the hub of an organization and its members."""

from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.organization import ELSEWHERE, PREFIX
from tests.judges.simulation import Judged, Row

Json = dict[str, Any]
OTHER = "999999999999"
READERS = ("parse-event", "reconcile", "send-notification", "deployment-gate")
ECS = f"arn:aws:ecs:{REGION}:{{shop}}"
FUNCTIONS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}"
NAMESAKE = f"arn:aws:iam::{OTHER}:role/{PREFIX}-parse-event-{REGION}"
INSIDE = {"aws:PrincipalOrgID": "{organization}", "aws:ResourceOrgID": "{organization}"}
OUTSIDE = {"aws:PrincipalOrgID": "o-another", "aws:ResourceOrgID": "{organization}"}
KNOWN = {**INSIDE, "sts:ExternalId": "{external-id}"}
EVENT = {**INSIDE, "events:source": ["aws.ecs"]}


def rule(account: str, region: str = REGION, name: str = "forward-deployments") -> Json:
    return {"aws:SourceArn": f"arn:aws:events:{region}:{account}:rule/{PREFIX}-{name}"}


def queue(account: str, region: str = REGION) -> str:
    return f"arn:aws:sqs:{region}:{account}:{PREFIX}-unforwarded-events"


# Names in braces are ARNs and ids: see the fixture `organization`.
ALLOWED: list[Row] = [
    *[
        (f"{{{reader}}}", "sts:AssumeRole", f"{{{member}-describe}}", KNOWN)
        for reader in READERS
        for member in ("shop", "images", "tools")
    ],
    ("{shop-describe}", "ecr:BatchGetImage", f"arn:aws:ecr:{ELSEWHERE}:{{shop}}:repository/app"),
    ("{shop-describe}", "ecs:DescribeTaskDefinition", "*"),
    (
        "{tools-describe}",
        "ecs:ListTasks",
        "*",
        {"ecs:cluster": f"arn:aws:ecs:{REGION}:{{tools}}:cluster/prod"},
    ),
    ("{shop-describe}", "ecs:DescribeServiceDeployments", f"{ECS}:service-deployment/prod/web/1"),
    ("{shop-describe}", "ecs:DescribeServiceRevisions", f"{ECS}:service-revision/prod/web/1"),
    ("{shop-describe}", "ecs:ListServiceDeployments", f"{ECS}:service/prod/web"),
    *[
        row
        for member in ("shop", "tools")
        for row in (
            ("ecs.amazonaws.com", "sts:AssumeRole", f"{{{member}-deployment-gate-hook}}"),
            (
                f"{{{member}-deployment-gate-hook}}",
                "lambda:InvokeFunction",
                f"{FUNCTIONS}-deployment-gate",
                INSIDE,
            ),
        )
    ],
    ("{shop-forward}", "events:PutEvents", "{bus}", EVENT),
    ("{tools-forward}", "events:PutEvents", "{bus}", EVENT),
    (f"{{forward-{ELSEWHERE}}}", "events:PutEvents", "{bus}", EVENT),
    ("events.amazonaws.com", "sts:AssumeRole", "{shop-forward}", rule("{shop}")),
    ("events.amazonaws.com", "sts:AssumeRole", "{shop-forward}", rule("{shop}", ELSEWHERE)),
    ("events.amazonaws.com", "sts:AssumeRole", "{tools-forward}", rule("{tools}")),
    (
        "events.amazonaws.com",
        "sts:AssumeRole",
        f"{{forward-{ELSEWHERE}}}",
        rule(ACCOUNT, ELSEWHERE),
    ),
    ("events.amazonaws.com", "sqs:SendMessage", queue("{shop}"), rule("{shop}")),
    (
        "events.amazonaws.com",
        "sqs:SendMessage",
        queue("{shop}", ELSEWHERE),
        rule("{shop}", ELSEWHERE),
    ),
    ("events.amazonaws.com", "sqs:SendMessage", queue("{tools}"), rule("{tools}")),
    (
        "events.amazonaws.com",
        "sqs:SendMessage",
        "{undelivered}",
        {"aws:SourceArn": "{forwarded-rule}"},
    ),
]
DENIED: list[Row] = [
    ("{check-cache}", "sts:AssumeRole", "{shop-describe}", KNOWN),
    (NAMESAKE, "sts:AssumeRole", "{shop-describe}", KNOWN),
    (NAMESAKE, "sts:AssumeRole", "{tools-describe}", KNOWN),
    ("{parse-event}", "sts:AssumeRole", "{shop-describe}", INSIDE),
    ("{parse-event}", "sts:AssumeRole", "{shop-describe}", {**KNOWN, "sts:ExternalId": "another"}),
    ("{parse-event}", "sts:AssumeRole", "{shop-describe}", {**KNOWN, **OUTSIDE}),
    ("{parse-event}", "sts:AssumeRole", "{tools-describe}", {**KNOWN, **OUTSIDE}),
    ("{parse-event}", "sts:AssumeRole", "{shop-forward}", KNOWN),
    (
        "{parse-event}",  # the role of another organization that would let it in
        "sts:AssumeRole",
        "{shop-describe}",
        {**KNOWN, "aws:ResourceOrgID": "o-another"},
    ),
    ("{shop-describe}", "ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{{tools}}:repository/app"),
    ("{shop-describe}", "ecs:UpdateService", f"{ECS}:service/prod/web"),
    (
        "{shop-deployment-gate-hook}",
        "lambda:InvokeFunction",
        f"{FUNCTIONS}-deployment-gate",
        OUTSIDE,
    ),
    ("{shop-deployment-gate-hook}", "lambda:InvokeFunction", f"{FUNCTIONS}-reconcile", INSIDE),
    ("lambda.amazonaws.com", "sts:AssumeRole", "{shop-deployment-gate-hook}"),
    ("{parse-event}", "sts:AssumeRole", "{shop-deployment-gate-hook}", KNOWN),
    ("{shop-describe}", "ecr:PutImage", f"arn:aws:ecr:{REGION}:{{shop}}:repository/app"),
    ("{shop-describe}", "ecs:RunTask", f"arn:aws:ecs:{REGION}:{{shop}}:task-definition/app:1"),
    (
        "{tools-describe}",
        "ecs:ListTasks",
        "*",
        {"ecs:cluster": f"arn:aws:ecs:{REGION}:{{shop}}:cluster/prod"},
    ),
    ("{shop-forward}", "events:PutEvents", "{bus}", {**EVENT, **OUTSIDE}),
    ("{shop-forward}", "events:PutEvents", "{bus}", {**EVENT, "events:source": ["image-scan"]}),
    ("{shop-forward}", "events:PutEvents", f"arn:aws:events:{REGION}:{{shop}}:event-bus/default"),
    ("{shop-forward}", "events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/any"),
    ("events.amazonaws.com", "sts:AssumeRole", "{shop-forward}", rule(OTHER)),
    ("events.amazonaws.com", "sts:AssumeRole", "{shop-forward}", rule("{shop}", name="another")),
    ("events.amazonaws.com", "sts:AssumeRole", "{tools-forward}", rule("{tools}", ELSEWHERE)),
    ("events.amazonaws.com", "sqs:SendMessage", queue("{shop}"), rule(OTHER)),
    ("events.amazonaws.com", "sqs:SendMessage", queue("{tools}"), rule(OTHER)),
    ("events.amazonaws.com", "sqs:SendMessage", "{undelivered}", rule(OTHER)),
]


def test_what_has_to_be_allowed_is(organization: Judged) -> None:
    assert organization.refused(ALLOWED) == []


@pytest.mark.held("roles and buses of others")
def test_what_must_not_be_allowed_is_not(organization: Judged) -> None:
    assert organization.granted(DENIED) == []
