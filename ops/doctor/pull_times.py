"""Checks whether the sensor's pulls change the last pull times of images."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor.aws_errors import is_denied
from ops.doctor.findings import Finding, Unanswered, hint, passed
from ops.doctor.here import Here


def pull_time_excluded(here: Here) -> Finding:
    """Checks that the sensor's pulls do not count as use of an image."""
    arn = here.setting("QUALYS_ROLE_ARN")
    name = arn.rsplit("/", 1)[-1]
    ecr = here.client("ecr")
    ask = getattr(ecr, "list_pull_time_update_exclusions", None)
    if ask is None:
        raise Unanswered(
            "this boto3 is too old to know ECR's pull-time update exclusions",
            "pip install --upgrade boto3",
        )
    try:
        excluded = arn in _principals(ask)
    except ClientError as error:
        if not is_denied(error):
            raise
        action = "ecr:ListPullTimeUpdateExclusions"
        raise Unanswered("you may not read who is excluded", f"be allowed {action}") from error
    if excluded:
        return passed(f"pulls by {name} leave the pull times of images here as they are")
    return hint(
        f"each scan moves the last pull time of its image, because {name} is not excluded: "
        "lifecycle rules by last pull keep what only the sensor pulls",
        here.aws("ecr register-pull-time-update-exclusion", principal_arn=arn),
    )


def _principals(ask: Callable[..., Any]) -> Iterator[str]:
    more: dict[str, str] = {}
    while True:
        answer = ask(**more)
        yield from answer["pullTimeUpdateExclusions"]
        if not (token := answer.get("nextToken")):
            return
        more = {"nextToken": token}
