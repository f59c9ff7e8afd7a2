"""ASFF, as the SDK's model and AWS' documented lengths have it."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from image_scan.security_hub import asff
from image_scan.security_hub.asff import Product
from tests.support.builders import ACCOUNT, CONFIG, DIGEST, REGION

CREATED, LATER = "2026-02-02T02:41:00Z", "2026-02-09T02:41:00Z"
ARN = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
PRODUCT = Product(ARN, "qualys-image-scan")
MODEL = botocore.session.get_session().get_service_model("securityhub")
REQUEST: Any = MODEL.operation_model("BatchImportFindings").input_shape
FINDINGS = REQUEST.members["Findings"]
# https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
LONGEST = {
    "Id": 512,
    "GeneratorId": 512,
    "ProductArn": 2048,
    "ProductName": 128,
    "Title": 256,
    "Description": 1024,
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
HOSTILE = "a\x00b\n\u202e\ud800<b>\U0001f600 1"


def top(severity: int = 5, **changes: Any) -> dict[str, Any]:
    base = {
        "qid": 351234,
        "title": "Security update for expat",
        "severity": severity,
        "cves": ["CVE-2022-25235", "CVE-2022-25236"],
        "packages": ["expat 2.1.0-10"],
        "fixes": ["expat 2.1.0-14"],
        "patch": False,
        "exploit": True,
    }
    return {**base, **changes}


def result(*found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The detail of a result event."""
    levels = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}
    counts = dict.fromkeys(("critical", "high", "medium", "low"), 0)
    for each in found:
        counts[levels[each["severity"]]] += 1
    detail = {
        "schema": "image-scan/result/1",
        "installation": "qualys-image-scan",
        "verdict": "FINDINGS" if found else "CLEAN",
        "reason": "",
        "image": {
            "uri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/app:1.4.2",
            "digest": DIGEST,
            "repository": "shop/app",
            "tag": "1.4.2",
            "account_id": ACCOUNT,
            "region": REGION,
            "role_account_id": "",
        },
        "counts": counts,
        "potential": dict.fromkeys(counts, 0),
        "fixable": counts,
        "exempted": 0,
        "fresh": True,
        "scanned_at": "2026-02-02T02:40:00+00:00",
        "config_digest": CONFIG,
        "findings": list(found),
        "workloads": [],
        "workloads_total": 2,
        "links": {"image": "https://us-east-1.console.aws.amazon.com/ecr"},
    }
    return {**detail, **changes}


def made(detail: dict[str, Any], level: str = "critical", created: str = CREATED) -> dict[str, Any]:
    found = asff.finding(detail, level, PRODUCT, created, LATER)
    check(found)
    return found


def check(found: dict[str, Any]) -> None:
    """Against the SDK's model: types, required and unknown members; then patterns and lengths."""
    report = ParamValidator().validate({"Findings": [found]}, REQUEST)
    assert not report.has_errors(), report.generate_report()
    _walk(found, FINDINGS.member)
    assert {name: len(found[name]) for name in LONGEST if len(found[name]) > LONGEST[name]} == {}
    assert len(json.dumps(found)) <= 240_000
    assert len(found["Remediation"]["Recommendation"]["Text"]) <= 512
    fields = found["ProductFields"]
    assert len(fields) <= 50
    assert all(len(name) <= 128 and len(value) <= 2048 for name, value in fields.items())
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        assert _TIME.fullmatch(found[name])


def _walk(value: Any, shape: Any) -> None:
    if shape.type_name == "structure":
        for name, each in value.items():
            _walk(each, shape.members[name])
    elif shape.type_name == "list":
        for each in value:
            _walk(each, shape.member)
    elif shape.type_name == "map":
        for name, each in value.items():
            _walk(name, shape.key)
            _walk(each, shape.value)
    elif shape.type_name == "string":
        assert value.isprintable(), value
        assert not shape.metadata.get("enum") or value in shape.metadata["enum"]
        assert re.search(shape.metadata.get("pattern", ""), value)
        value.encode()


def test_two_platforms_of_an_index_are_distinguished() -> None:
    """The findings of the one are not archived by the result of the other."""
    stated = result(top())
    keys = {}
    for platform in (None, "linux/amd64", "linux/arm64"):
        image = stated["image"] | ({"platform": platform} if platform else {})
        keys[platform] = asff.image_key(image)
    assert keys[None] == keys["linux/amd64"] == DIGEST  # an event from before names none
    assert keys["linux/arm64"] == f"{DIGEST}#linux/arm64"


def test_a_finding_says_what_and_where() -> None:
    found = made(result(top(), top(4), top(4)))
    assert found["Id"] == f"qualys-image-scan/{DIGEST}/critical"
    assert found["AwsAccountId"] == ACCOUNT
    assert found["RecordState"] == "ACTIVE"
    assert found["Title"] == "1 critical vulnerability in shop/app:1.4.2"
    assert "1 critical, 2 high, 0 medium, 0 low" in found["Description"]
    assert found["SourceUrl"].startswith("https://")
    pages = {"qualys": "https://qualys.example.com/x", "image": "https://console.example.com"}
    assert made(result(top(), links=pages))["SourceUrl"] == pages["qualys"]
    (resource,) = found["Resources"]
    assert resource == {
        "Type": "AwsEcrContainerImage",
        "Id": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/app/{DIGEST}",
        "Partition": "aws",
        "Region": REGION,
        "Details": {
            "AwsEcrContainerImage": {
                "RegistryId": ACCOUNT,
                "RepositoryName": "shop/app",
                "ImageDigest": DIGEST,
                "ImageTags": ["1.4.2"],
            }
        },
    }
    assert found["ProductFields"]["image-scan/qids"] == "351234"
    assert "Workflow" not in found


def test_the_worst_findings_of_the_level_are_listed_with_their_fixes() -> None:
    (listed,) = made(result(top(), top(4)))["Vulnerabilities"]
    assert listed == {
        "Id": "CVE-2022-25235",
        "RelatedVulnerabilities": ["CVE-2022-25236", "QID-351234"],
        "Vendor": {"Name": "Qualys", "VendorSeverity": "5"},
        "ExploitAvailable": "YES",
        "FixAvailable": "YES",
        "VulnerablePackages": [
            {
                "Name": "expat",
                "Version": "2.1.0-10",
                "FixedInVersion": "2.1.0-14",
                "Remediation": "Update to 2.1.0-14",
            }
        ],
    }


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"packages": ["a 1", "b 1"], "fixes": ["a 2"]}, "PARTIAL"),
        ({"packages": ["a 1", "b 1"], "fixes": ["a 2"], "patch": True}, "YES"),
        ({"packages": [], "fixes": []}, "NO"),
        ({"packages": ["Python pip"], "fixes": []}, "NO"),
    ],
)
def test_whether_there_is_a_fix(changes: dict[str, Any], fix: str) -> None:
    (listed,) = made(result(top(**changes)))["Vulnerabilities"]
    assert listed["FixAvailable"] == fix


def test_what_is_exploited_and_the_highest_score_are_named() -> None:
    found = [top(exploited=True, qds=None), top(qid=2, qds=95), top(qid=3, qds=40), top(4, qid=4)]
    fields = made(result(*found))["ProductFields"]
    assert fields["image-scan/exploited-qids"] == "351234"
    assert fields["image-scan/highest-qds"] == "95"
    fields = made(result(*found), level="high")["ProductFields"]
    assert not {"image-scan/exploited-qids", "image-scan/highest-qds"} & fields.keys()


def test_what_has_no_cve_is_named_by_its_qid() -> None:
    (listed,) = made(result(top(cves=[])))["Vulnerabilities"]
    assert listed["Id"] == "QID-351234"


def test_severity_and_type_are_the_customers_once_the_finding_is_there() -> None:
    first = made(result(top()), created=LATER)
    own = {
        "Severity": {"Label": "CRITICAL", "Original": "critical"},
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
    }
    assert first["FindingProviderFields"] == own
    assert {name: first[name] for name in own} == own
    later = made(result(top()))
    assert later["FindingProviderFields"] == own
    assert not own.keys() & later.keys()


@pytest.mark.parametrize("level", ["critical", "high", "medium", "low"])
def test_what_is_gone_is_archived(level: str) -> None:
    found = made(result(), level)
    assert found["RecordState"] == "ARCHIVED"
    assert found["Id"].endswith(f"/{level}")
    assert "Vulnerabilities" not in found


def test_levels_are_those_with_findings_the_worst_first() -> None:
    assert asff.levels(result(top(1), top(2), top(4))) == ["high", "low"]
    assert asff.levels(result()) == []


def test_an_image_without_digest_is_known_by_its_tag() -> None:
    image = {**result()["image"], "digest": ""}
    found = made(result(top(), image=image))
    assert found["Id"] == f"qualys-image-scan/{ACCOUNT}/{REGION}/shop/app:1.4.2/critical"
    assert found["Resources"][0]["Id"].endswith(":repository/shop/app:1.4.2")
    assert "ImageDigest" not in found["Resources"][0]["Details"]["AwsEcrContainerImage"]


def test_another_partition() -> None:
    arn = f"arn:aws-cn:securityhub:cn-north-1:{ACCOUNT}:product/{ACCOUNT}/default"
    product = Product(arn, "qualys-image-scan")
    found = asff.finding(result(top()), "critical", product, LATER, LATER)
    check(found)
    assert found["Resources"][0]["Partition"] == "aws-cn"


def test_hostile_and_oversized_names_stay_within_what_is_taken() -> None:
    wide = [
        top(
            title=HOSTILE * 99,
            cves=[HOSTILE * 9] * 10,
            packages=[f"{HOSTILE * 50}{number} 1" for number in range(400)],
            fixes=[f"{HOSTILE * 50}{number} {HOSTILE * 40}" for number in range(400)],
            qid=number,
        )
        for number in range(10)
    ]
    image = {**result()["image"], "repository": HOSTILE * 99, "tag": " ", "uri": HOSTILE * 99}
    found = made(result(*wide, image=image))
    assert 0 < len(found["Vulnerabilities"]) < 10
    assert made(result(top(title="", packages=[""], cves=[""]), image=image))


def test_without_a_time_of_the_scan_the_event_s_counts() -> None:
    assert made(result(top(), scanned_at=""))["LastObservedAt"] == LATER
