"""The policy documents of docs/permissions: for whoever deploys, and for whoever operates.

    python -m tests.support.people_policies    # writes them, from the lists of the pages

The tests with the embedded AWS deploy, and run commands, as users who may do no more. Then they
compare the resources that it saw with those of the documents.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Json = dict[str, Any]
REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs/permissions"
PREFIX = "qualys-image-scan"
_ACTION = re.compile(r"`([a-z0-9]+:[A-Z]\w+)`")
# AWS has no resource-level permission for these actions.
UNNAMED = {
    "cloudformation:DescribeOrganizationsAccess",
    "cloudtrail:DescribeTrails",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricStatistics",
    "ecr:ListPullTimeUpdateExclusions",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinitions",
    "events:PutPermission",
    "events:RemovePermission",
    "events:TestEventPattern",
    "kms:CreateKey",
    "kms:ListAliases",
    "lambda:GetAccountSettings",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
    "organizations:DescribeOrganization",
    "ssm:DescribeParameters",
    "states:ValidateStateMachineDefinition",
    "sts:GetCallerIdentity",
}
EVENT_BUSES = [f"events:*:*:event-bus/{name}" for name in (f"{PREFIX}-*", "default")]
# The resources of an installation, by service. Keys have no name, and repositories have any.
RESOURCES = {
    "cloudtrail": [f"cloudtrail:*:*:trail/{PREFIX}-*"],
    "cloudwatch": [f"cloudwatch:*:*:alarm:{PREFIX}-*", f"cloudwatch::*:dashboard/{PREFIX}*"],
    "dynamodb": [f"dynamodb:*:*:table/{PREFIX}-*"],
    "ecr": ["ecr:*:*:repository/*"],
    "ecs": [f"ecs:*:*:{kind}/*" for kind in ("service", "service-revision", "task-definition")],
    "events": [f"events:*:*:rule/{PREFIX}-*", *EVENT_BUSES],
    "iam": [f"iam::*:role/{PREFIX}-*"],
    "kms": ["kms:*:*:key/*", f"kms:*:*:alias/{PREFIX}"],
    "lambda": [f"lambda:*:*:function:{PREFIX}-*"],
    "logs": [
        f"logs:*:*:log-group:/aws/{kind}/{PREFIX}-*" for kind in ("lambda", "vendedlogs/states")
    ],
    "s3": [f"s3:::{PREFIX}-trail-*", f"s3:::{PREFIX}-trail-*/*"],
    "scheduler": [f"scheduler:*:*:schedule/default/{PREFIX}-*"],
    "secretsmanager": [f"secretsmanager:*:*:secret:{PREFIX}-*"],
    "sns": [f"sns:*:*:{PREFIX}-*"],
    "sqs": [f"sqs:*:*:{PREFIX}-*"],
    "ssm": [f"ssm:*:*:parameter/image-scan/{PREFIX}/*"],
    "states": [
        f"states:*:*:{kind}:{PREFIX}-*" for kind in ("stateMachine", "execution", "express")
    ],
}
# The doctor reads trails and roles that others made.
READ = {"cloudtrail": ["cloudtrail:*:*:trail/*"], "iam": ["iam::*:role/*"]}
# Some are for actions of certain names only.
ONLY = {
    ":alias/": "Alias",
    ":execution:": "Execution",
    ":express:": "Execution",
    "-trail-*/*": "Object(Version)?$",
}


def page() -> str:
    return (REPOSITORY / "docs/permissions.md").read_text()


def seen_at_a_deployment() -> list[str]:
    """What the embedded AWS sees that a deployment and its removal use."""
    text = page().split("## Whoever deploys")[1]
    return text.split("```")[1].removeprefix("text").split()


def not_seen() -> list[str]:
    """What AWS asks for besides, whatever the inputs are."""
    text = page().split("the list is complete:")[1].split("\n- with `network.vpc`")[0]
    return sorted(set(_ACTION.findall(text)))


def of_commands() -> list[str]:
    """What all commands need, on this page and those that it links to."""
    other = (REPOSITORY / "docs/troubleshooting.md").read_text()
    doctor = other.split("## Permissions")[1].split("```")[1].split()
    smoke = _ACTION.findall(other.split("## After a deployment")[1].split("\n## ")[0])
    return sorted({*doctor, *smoke, *_ACTION.findall(page().split("## Whoever operates")[1])})


def documents() -> dict[str, Json]:
    return {
        "deploy.json": _document([*seen_at_a_deployment(), *not_seen()], RESOURCES),
        "operate.json": _document(of_commands(), RESOURCES | READ),
    }


def _document(actions: Iterable[str], resources: dict[str, list[str]]) -> Json:
    """One statement for each service, and one for what AWS grants on all resources only."""
    by_service: dict[str, list[str]] = defaultdict(list)
    for action in sorted({*actions} - UNNAMED):
        by_service[action.split(":")[0]].append(action)
    statements = [
        {
            "Effect": "Allow",
            "Action": named,
            "Resource": [f"arn:aws:{each}" for each in _needed(resources[service], named)],
        }
        for service, named in by_service.items()
    ]
    unnamed = sorted({*actions} & UNNAMED)
    everywhere = {"Effect": "Allow", "Action": unnamed, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [*statements, everywhere]}


def _needed(resources: list[str], actions: list[str]) -> list[str]:
    """Those of the resources that the actions are about."""
    return [
        each
        for each in resources
        if all(
            any(re.search(word, action) for action in actions)
            for mark, word in ONLY.items()
            if mark in each
        )
    ]


def not_allowed(document: Json, seen: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those calls (action, ARN) that a document does not allow.

    The embedded AWS asks for some actions without a resource (`*`): only their names count. It puts
    the default bus into the ARNs of its rules, and an alias where AWS asks for the key.
    """
    return {
        (action, arn)
        for action, arn in seen
        if not any(
            action in each["Action"] and (arn == "*" or _is_one_of(_real(action, arn), each))
            for each in document["Statement"]
        )
    }


def _real(action: str, arn: str) -> str:
    """The ARN that AWS asks for."""
    if "Alias" not in action:
        arn = re.sub(":alias/.*", ":key/of-the-alias", arn)
    return arn.replace(":rule/default/", ":rule/")


def _is_one_of(arn: str, statement: Json) -> bool:
    patterns = statement["Resource"]
    given = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(arn, each) for each in given)


def text(document: Json) -> str:
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents().items():
        (FOLDER / name).write_text(text(document))
