"""Converts a verdict to ASFF findings of Security Hub: one per image and severity level. Pure.

Malware and secrets are one finding each, like a level: see `security_hub.detections`.

Format and lengths: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
A finding may have up to 240 KB:
https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.ecr.identity import DEFAULT_PLATFORM, cache_key
from image_scan.findings import fixes
from image_scan.findings.summary import LEVELS
from image_scan.security_hub import detections
from image_scan.security_hub.detections import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS = tuple(dict.fromkeys(LEVELS.values()))  # the worst first
_SCHEMA = "2018-10-08"
_TYPES = ["Software and Configuration Checks/Vulnerabilities/CVE"]
_LARGEST = 200_000  # bytes
_LONGEST_ID, _LONGEST_TITLE, _LONGEST_DESCRIPTION, _LONGEST_ADVICE = 512, 256, 1024, 512
_LONGEST_NAME = 128
_ARCHIVED_ADVICE = "Nothing is left to do: the newest scan does not find it any more."


class Product(NamedTuple):
    """The product that sends findings: the default product, which every account has.

    `installation` names the generator of the findings. https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html
    """

    arn: str
    installation: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


def image_key(image: Mapping[str, Any]) -> str:
    """Returns the key of an image: its digest, or its tag if ECR gave no digest.

    Two platforms of one index are two images. An event from before an upgrade names no platform.
    """
    tagged = f"{image['account_id']}/{image['region']}/{image['repository']}:{image['tag']}"
    platform = image.get("platform") or DEFAULT_PLATFORM
    return cache_key(str(image["digest"] or tagged), platform)


def levels(detail: Mapping[str, Any]) -> list[str]:
    """Returns the levels with confirmed findings, the worst first, then the detected kinds."""
    confirmed = [level for level in _LEVELS if detail["counts"][level] > 0]
    return [*confirmed, *detections.found(detail)]


def finding(
    detail: Mapping[str, Any], level: str, product: Product, created: str, updated: str
) -> dict[str, Any]:
    """Returns the finding of one level; it is archived if nothing of that level was found.

    Users of Security Hub can override severity and type. So both are set at its creation, and
    updates give them in `FindingProviderFields` only:
    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
    """
    detected = level in detections.KINDS
    part = detections.part(detail, level) if detected else _part(detail, level)
    image = detail["image"]
    title = f"{part.counted} in {image['repository']}:{image['tag'] or 'untagged'}"
    severity = {"Severity": part.severity, "Types": part.types}
    found: dict[str, Any] = {
        "SchemaVersion": _SCHEMA,
        **_identity(product, image, level),
        "CreatedAt": created,
        "UpdatedAt": updated,
        "FirstObservedAt": created,
        "LastObservedAt": detail.get("scanned_at") or updated,
        **(severity if created == updated else {}),
        "FindingProviderFields": severity,
        "Title": _text(title, _LONGEST_TITLE),
        "Description": _text(_description(detail, part), _LONGEST_DESCRIPTION),
        "Remediation": {
            "Recommendation": {"Text": part.advice if part.number else _ARCHIVED_ADVICE}
        },
        "ProductFields": _product_fields(detail, part),
        "Resources": [_resource(image, product.partition)],
        "RecordState": "ACTIVE" if part.number else "ARCHIVED",
        **part.more,
    }
    if page := detail["links"].get("qualys") or detail["links"].get("image"):
        found["SourceUrl"] = page
    _fit(found)
    return found


def _identity(product: Product, image: Mapping[str, Any], level: str) -> dict[str, Any]:
    """Names the finding: Security Hub updates the one that has the same."""
    return {
        "Id": _text(f"{product.installation}/{image_key(image)}/{level}", _LONGEST_ID),
        "ProductArn": product.arn,
        "ProductName": "image-scan",
        "GeneratorId": f"image-scan/{product.installation}",
        "AwsAccountId": product.account_id,
    }


def _fit(found: dict[str, Any]) -> None:
    """Removes vulnerabilities from the end until the finding fits. The worst come first, and the
    count stays."""
    while len(json.dumps(found)) > _LARGEST and found.get("Vulnerabilities"):
        found["Vulnerabilities"].pop()


def _part(detail: Mapping[str, Any], level: str) -> Part:
    """Returns the vulnerabilities of a level.

    ASFF has a field for exploits, but none for attacks or for Qualys' own score.
    """
    listed = _of(detail, level)
    exploited = [each for each in listed if each.get("exploited")]
    scores = [each["qds"] for each in listed if each.get("qds")]
    count, fixable = detail["counts"][level], detail.get("fixable", {}).get(level, 0)
    fixed = f", {fixable} of them with a fix" if fixable else ""
    all_counts = ", ".join(f"{detail['counts'][each]} {each}" for each in _LEVELS)
    return Part(
        number=count,
        severity={"Label": level.upper(), "Original": level},
        types=_TYPES,
        counted=_counted(count, level),
        description=f"Qualys finds {_counted(count, level)} in the container image{fixed}. "
        f"All confirmed findings: {all_counts}.",
        advice=fixes.advice(),
        fields={
            "image-scan/qids": ", ".join(str(each["qid"]) for each in listed),
            "image-scan/exploited-qids": ", ".join(str(each["qid"]) for each in exploited),
            "image-scan/highest-qds": str(max(scores, default="")),
            **{f"image-scan/qid/{each['qid']}": each["title"] for each in listed},
        },
        more={"Vulnerabilities": [_vulnerability(each) for each in listed]} if listed else {},
    )


def _counted(count: int, level: str) -> str:
    return f"{count} {level} {'vulnerability' if count == 1 else 'vulnerabilities'}"


def _description(detail: Mapping[str, Any], part: Part) -> str:
    workloads = detail.get("workloads_total", 0)
    where = f"Known workloads that run it: {workloads}. Image: {detail['image']['uri']}"
    return f"{part.description} {where}"


def _of(detail: Mapping[str, Any], level: str) -> list[Mapping[str, Any]]:
    """Selects the listed findings of a level."""
    return [each for each in detail["findings"] if LEVELS[each["severity"]] == level]


def _product_fields(detail: Mapping[str, Any], part: Part) -> dict[str, str]:
    """Returns fewer than the 50 fields that Security Hub takes: the event names ten findings."""
    fields = {
        "image-scan/count": str(part.number),
        "image-scan/image-id": detail.get("config_digest", ""),
        "image-scan/execution": detail["links"].get("execution", ""),
        "image-scan/examined": ", ".join(detail.get("examined", [])),
        **part.fields,
    }
    return {name: _text(value, 2048) for name, value in fields.items() if value}


def _resource(image: Mapping[str, Any], partition: str) -> dict[str, Any]:
    """Describes the image. Its ARN has the form that Amazon Inspector uses."""
    repository = f"arn:{partition}:ecr:{image['region']}:{image['account_id']}:repository"
    details: dict[str, Any] = {
        "RegistryId": image["account_id"],
        "RepositoryName": _text(image["repository"], 256),
    }
    if image["digest"]:
        details["ImageDigest"] = image["digest"]
    if image["tag"]:
        details["ImageTags"] = [_text(image["tag"], 128)]
    version = f"/{image['digest']}" if image["digest"] else f":{image['tag']}"
    return {
        "Type": "AwsEcrContainerImage",
        "Id": _text(f"{repository}/{image['repository']}{version}", _LONGEST_ID),
        "Partition": partition,
        "Region": image["region"],
        "Details": {"AwsEcrContainerImage": details},
    }


def _vulnerability(top: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a vulnerability, named by its first CVE, or by its QID if it has no CVE."""
    names = [_text(each, _LONGEST_NAME) for each in [*top["cves"], f"QID-{top['qid']}"]]
    fixes = dict(_name_and_version(each) for each in top["fixes"])
    packages = [_package(each, fixes) for each in top["packages"]]
    fixed = len([each for each in packages if "FixedInVersion" in each])
    found: dict[str, Any] = {
        "Id": names[0],
        "RelatedVulnerabilities": names[1:],
        "Vendor": {"Name": "Qualys", "VendorSeverity": str(top["severity"])},
        "ExploitAvailable": "YES" if top["exploit"] else "NO",
        "FixAvailable": "NO",
    }
    if top["patch"] or (fixes and fixed == len(packages)):
        found["FixAvailable"] = "YES"
    elif fixes:
        found["FixAvailable"] = "PARTIAL"
    if packages:
        found["VulnerablePackages"] = packages
    return found


def _package(text: str, fixes: Mapping[str, str]) -> dict[str, str]:
    name, version = _name_and_version(text)
    found = {"Name": _text(name, _LONGEST_NAME)}
    if version:
        found["Version"] = _text(version, _LONGEST_NAME)
    if fix := fixes.get(name):
        found["FixedInVersion"] = _text(fix, _LONGEST_NAME)
        found["Remediation"] = _text(f"Update to {fix}", _LONGEST_ADVICE)
    return found


def _name_and_version(text: str) -> tuple[str, str]:
    """Splits a package of the event. Without a digit in the last word, it has no version."""
    name, _, version = text.rpartition(" ")
    return (name, version) if name and any(c.isdigit() for c in version) else (text, "")


def _text(value: str, longest: int) -> str:
    """Replaces what cannot be printed: whoever pushes an image chooses its names. Never empty,
    because Security Hub refuses an empty text."""
    shown = "".join(each if each.isprintable() else "?" for each in value[:longest])
    return shown if shown.strip() else "-"
