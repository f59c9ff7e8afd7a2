"""What the gateway answers when all is well, in each of the shapes that are documented or seen.

Field names and types are those of the vendor's API documentation; every value is made up.
"""

from __future__ import annotations

from typing import Any

from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW_MS, REGION, ROLE, SHA

REGISTRY_UUID = "0a1d9b9a-3bab-42ec-a894-4d5969a47616"
SCHEDULE_UUID = "f677b189-8b54-46ba-9d24-624b7e98767d"
OTHER_UUID = "5b3ffe3a-0000-4b6e-8d38-2f1d2a1b9c11"
NAME = "image-scan-run-1"

ENVELOPE = {
    "errorCode": "403 FORBIDDEN",
    "message": "Request Forbidden",
    "timestamp": 1700721586546,
}
AWS_BASE = {"accountId": "999912345678", "externalId": 1234567}
REGISTRY_ROW = {
    "registryUuid": REGISTRY_UUID,
    "registryName": f"ecr-{ACCOUNT}-{REGION}",
    "registryUri": f"https://{HOST}",
    "registryType": "AWS",
    "providerType": "AWS",
    "awsAccountId": ACCOUNT,
    "awsRegion": REGION,
    "dockerHubOrg": None,
    "created": "1717026901000",
    "updated": "1721714104046",
    "repoCount": 12,
    "totalImages": 80,
    "scheduleStatusList": {"Finished": 3, "Running": 1},
}
CONNECTOR = {"name": "ecr", "arn": ROLE, "description": "..."}
SCHEDULE_ROW = {
    "scheduleUuid": SCHEDULE_UUID,
    "name": NAME,
    "onDemand": True,
    "schedule": "00:00",
    "status": "Finished",
    "created": str(NOW_MS + 500),
    "updated": str(NOW_MS + 60_000),
    "jobCompletionDate": None,
    "filters": [{"days": None, "repoTags": [{"repo": "shop/app", "tag": "1.4.2"}]}],
    "errors": [{"errorCode": "E1", "errorMessage": "a layer was skipped", "contextParams": None}],
}
IMAGE_ROW = {
    "created": "1717026901000",
    "updated": str(NOW_MS + 61_000),
    "sha": SHA,
    "imageId": SHA[:12],
    "uuid": "16c984cf-7029-3cd9-951f-b9ef7d712059",
    "repo": [{"registry": HOST, "repository": "shop/app", "tag": "1.4.2"}],
    "repoDigests": [
        {"registry": HOST, "repository": "shop/app", "digest": DIGEST.removeprefix("sha256:")}
    ],
    "size": 187667860,
    "vulnerabilities": {f"severity{level}Count": 0 for level in range(1, 6)},
    "lastVmScanDate": str(NOW_MS + 60_000),
    "registryUuid": None,
    "source": ["REGISTRY"],
    "scanType": None,
    "scanTypes": ["STATIC"],
    "scanErrorCode": None,
    "scanStatus": "SUCCESS",
}
OTHER_IMAGE = {
    **IMAGE_ROW,
    "sha": "a" * 64,
    "imageId": "a" * 12,
    "repo": [{"registry": HOST, "repository": "shop/app", "tag": "1.0.0"}],
    "repoDigests": [],
    "lastVmScanDate": "0",
    "vulnerabilities": None,
}
FINDING: dict[str, Any] = {
    "vulnerability": None,
    "qid": 351234,
    "title": "Security Advisory for expat",
    "result": '#table cols="3"\nPackage Installed_Version Required_Version\nexpat 2.1.0 2.1.4',
    "lastFound": "1738827505526",
    "firstFound": "1738660042992",
    "severity": 5,
    "customerSeverity": 5,
    "port": None,
    "typeDetected": "CONFIRMED",
    "status": None,
    "risk": 50,
    "category": "Amazon Linux",
    "product": ["expat"],
    "cveids": ["CVE-2022-25235"],
    "cvssInfo": {"baseScore": "7.5", "temporalScore": "5.5", "accessVector": "Network"},
    "cvss3Info": {"baseScore": "9.8", "temporalScore": "8.5"},
    "qdsScore": 65,
    "patchAvailable": True,
    "published": 1645056000000,
    "isExempted": False,
    "layerSha": None,
    "threatIntel": {"publicExploit": True, "zeroDay": None},
    "software": [
        {"name": "expat", "version": "2.1.0-10", "packagePath": None, "fixVersion": "2.1.0-14"}
    ],
}


def counts(severities: list[int], pattern: str) -> dict[str, int]:
    return {pattern.format(level): severities.count(level) for level in range(1, 6)}


def listed(*rows: Any) -> dict[str, Any]:
    return {"count": len(rows), "data": list(rows)}


NO_FINDINGS = {
    "details": [],
    "vulnSummary": {
        "confirmed": counts([], "sev{}Count"),
        "potential": counts([], "sev{}Count"),
        "patchAvailability": {"confirmed": {"sev5Count": 0}, "potential": {"sev5Count": 0}},
    },
}
SOFTWARE = {**FINDING["software"][0], "vulnerabilities": [{"qid": FINDING["qid"]}]}
ONE_FINDING = {
    "details": [FINDING],
    "vulnSummary": {
        "confirmed": counts([5], "sev{}Count"),
        "potential": counts([], "sev{}Count"),
    },
}
CLEAN_LAYER = {
    "layerHash": "3c779f3f" * 8,
    "layerFileName": "layer.tar",
    "layerMimeType": "application/x-tar",
    "layerCreatedDate": "1717026901000",
    "layerFilesAnalyzed": 16,
    "layerMalwareCount": 0,
    "prediction": "unknown",
    "score": None,
    "severity": None,
    "category": None,
    "family": None,
    "createdBy": None,
}
MALWARE = {"prediction": "malicious", "severity": 3, "category": "dropper", "family": "mirai"}
BAD_LAYER = {**CLEAN_LAYER, **MALWARE, "layerHash": "e684a030" * 8, "layerMalwareCount": 1}
MALWARE_FILE = {"layerHash": "e684a030" * 8, "fileName": "libz.so.1", "fileSize": 0, **MALWARE}
# By the kind of question; each in every shape known.
DOCUMENTS: dict[str, list[Any]] = {
    "registries": [
        listed(REGISTRY_ROW),
        listed(),
        [REGISTRY_ROW],
        listed(OTHER_IMAGE, REGISTRY_ROW),
    ],
    "schedules": [
        listed(SCHEDULE_ROW),
        listed({**SCHEDULE_ROW, "scheduleUuid": OTHER_UUID, "name": "x"}, SCHEDULE_ROW),
        listed({**SCHEDULE_ROW, "status": "Running"}),
    ],
    "images": [listed(IMAGE_ROW), listed(OTHER_IMAGE, IMAGE_ROW), listed()],
    "image": [
        IMAGE_ROW,
        {**IMAGE_ROW, "vulnerabilities": []},
        {**IMAGE_ROW, "vulnerabilities": [FINDING], "softwares": [SOFTWARE]},
        {**IMAGE_ROW, "vulnerabilities": None, "lastVmScanDate": None},
    ],
    "vulnerabilities": [
        NO_FINDINGS,
        ONE_FINDING,
        {"details": {"vulns": [FINDING]}},
        {"details": FINDING},
        [FINDING],
    ],
    "malware": [listed(CLEAN_LAYER), listed(CLEAN_LAYER, BAD_LAYER), listed(), ""],
    "malware files": [listed(MALWARE_FILE), listed()],
    "count": [counts([5, 1, 1], "severity{}Count")],
    "aws-base": [AWS_BASE, {**AWS_BASE, "externalId": "1234567"}],
    "connectors": [[CONNECTOR], CONNECTOR, {"data": [CONNECTOR]}, {"connectors": [CONNECTOR]}, []],
    "created registry": ["", REGISTRY_UUID, {"registryUuid": REGISTRY_UUID}],
    "created schedule": [
        SCHEDULE_UUID,
        {"scheduleUuid": SCHEDULE_UUID},
        {"scheduleId": SCHEDULE_UUID},
    ],
    "error": [ENVELOPE, {**ENVELOPE, "errorCode": "401 UNAUTHORIZED", "message": "JWT expired"}],
}
