"""Makes links for people: into the AWS console, and to Qualys' own page of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import CompletionInput
    from image_scan.results import Outcome

# By the beginning of a region's name; the first match counts.
_CONSOLES = (
    ("us-gov-", "console.amazonaws-us-gov.com"),
    ("cn-", "console.amazonaws.cn"),
    ("", "console.aws.amazon.com"),
)


def links(
    scan_input: CompletionInput, outcome: Outcome, qualys_platform_url: str
) -> dict[str, str]:
    """Returns links to the scan's `execution`, to the `image` in ECR, and to its page at `qualys`.
    Leaves out a link if its target does not exist or is not known."""
    found = {}
    if arn := scan_input.get("execution_arn"):
        region = arn.split(":")[3]
        page = f"states/home?region={region}#/v2/executions/details/{quote(arn, safe=':')}"
        found["execution"] = f"https://{region}.{_console(region)}/{page}"
    config_digest = outcome.get("config_digest", "")
    return found | of_image(scan_input["image"], config_digest, qualys_platform_url)


def of_image(
    image: Mapping[str, Any], config_digest: str, qualys_platform_url: str
) -> dict[str, str]:
    """Returns the links to the `image` in ECR, and to its page at `qualys`, as in `links`."""
    found = {}
    if image["digest"] and image["account_id"]:
        region, repository = image["region"], quote(image["repository"], safe="")
        page = (
            f"ecr/repositories/private/{image['account_id']}/{repository}/_/image/"
            f"{image['digest']}/details?region={region}"
        )
        found["image"] = f"https://{region}.{_console(region)}/{page}"
    if qualys_platform_url and config_digest:
        # As Qualys' own Jenkins plugin links it: ReportAction.getImageSummaryPortalURL of
        # https://github.com/jenkinsci/qualys-cs-plugin
        sha = quote(config_digest.removeprefix("sha256:"), safe="")
        found["qualys"] = f"{qualys_platform_url}/cs/#/assets/images/{sha}"
    return found


def _console(region: str) -> str:
    return next(host for begin, host in _CONSOLES if region.startswith(begin))
