"""An image as the list, the bulk list and the details call show it.

`vulnerabilities` is an object of counts in the list and an array of objects in the details; both
are null until a scan has ended.
"""

from sandbox.qualys.answers import Json
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.findings import counting, no_counts, severity_counts
from sandbox.qualys.fixes import shown, softwares
from sandbox.qualys.images import Image, RepoTag
from sandbox.qualys.qql import Row, Tokens
from sandbox.qualys.scenario import Scenario

# `repo.tag`, `imageId` and `uuid` go by the naming; the other tokens were seen in use. There is
# no token for repoDigests.
TOKENS = Tokens(
    keywords=frozenset({"sha", "imageId", "uuid", "source", "repo.tag"}),
    texts=frozenset(
        {"repo.registry", "repo.repository", "operatingSystem", "vulnerabilities.title"}
    ),
    times=frozenset({"created", "updated", "lastScanned", "lastVmScanDate", "imagesInUse"}),
    numbers=frozenset({"vulnerabilities.severity"}),
)
# "Fetch vulnerability details" takes a filter without listing its tokens.
VULNERABILITY_TOKENS = Tokens(
    keywords=frozenset({"vulnerabilities.qid", "vulnerabilities.typeDetected"}),
    texts=frozenset({"vulnerabilities.title"}),
    numbers=frozenset({"vulnerabilities.severity"}),
)


def search_row(image: Image) -> Row:
    """What the filter tokens of an image find."""
    scanned = [] if image.scanned_at is None else [image.scanned_at]
    findings = image.findings or []
    return {
        "sha": [image.sha],
        "imageId": [image.sha[:12]],
        "uuid": [image.uuid],
        "source": list(image.source),
        "created": [image.created],
        "updated": [image.updated],
        "lastScanned": scanned,
        "lastVmScanDate": scanned,
        "imagesInUse": [],  # no container of the sensor's host runs it
        "operatingSystem": [image.operating_system],
        "repo.registry": [repo_tag.registry for repo_tag in image.repo],
        "repo.repository": [repo_tag.repository for repo_tag in image.repo],
        "repo.tag": [repo_tag.tag for repo_tag in image.repo],
        "vulnerabilities.severity": [one["severity"] for one in findings],
        "vulnerabilities.title": [one["title"] for one in findings],
    }


def vulnerability_row(finding: Json) -> Row:
    names = ("qid", "title", "severity", "typeDetected")
    return {f"vulnerabilities.{name}": [finding[name]] for name in names}


def list_row(image: Image, switches: Scenario) -> Json:
    return {**_common(image, switches), "vulnerabilities": _counts(image, switches)}


def _counts(image: Image, switches: Scenario) -> Json | None:
    if image.findings is None:
        return None if switches.unscanned_counts == "null" else no_counts()
    return {**severity_counts(counted(image, switches)), **switches.counts}


def counted(image: Image, switches: Scenario) -> list[Json]:
    """The findings that the counts of an image are of."""
    found = counting(image.findings or [])
    if switches.counted == "all":
        return found
    return [one for one in found if one["typeDetected"] == "CONFIRMED"]


def bulk_row(image: Image, switches: Scenario) -> Json:
    """Of each vulnerability only qid, result and software."""
    stored = ("qid", "result", "software")
    found = None if image.findings is None else [shown(one, switches) for one in image.findings]
    thin = None if found is None else [{name: one.get(name) for name in stored} for one in found]
    return {**_common(image, switches), "vulnerabilities": thin}


def details(image: Image, switches: Scenario) -> Json:
    counts = _counts(image, switches)
    found = None if image.findings is None else [shown(one, switches) for one in image.findings]
    total = None if found is None else len(found)
    if counts and switches.counts:
        total = sum(counts.values())
    return {
        **_common(image, switches),
        "label": None,
        "operatingSystem": image.operating_system,
        "customerUuid": "5b0c7f3e-62de-4a8b-9a9d-0d4b3c1f2a60",
        "dockerVersion": "",
        "architecture": image.architecture,
        "layers": [_layer(digest, number) for number, digest in enumerate(image.layers)],
        "layersCount": len(image.layers),
        "host": [],
        "users": [],
        "softwares": softwares(image.findings or [], switches),
        "vulnerabilities": found if switches.image_vulnerabilities == "objects" else counts,
        "totalVulCount": None if total is None else str(total),
        "totalVulnCount": total,
    }


def _common(image: Image, switches: Scenario) -> Json:
    return {
        "created": milliseconds(image.created),
        "updated": milliseconds(image.updated),
        "lastUsedDate": None,
        "sha": image.sha,
        "imageId": image.sha[:12],
        "uuid": image.uuid,
        "repo": [
            {
                "registry": _registry(repo_tag, switches),
                "tag": repo_tag.tag,
                "repository": repo_tag.repository,
            }
            for repo_tag in image.repo
        ],
        "repoDigests": [
            {"registry": one.registry, "digest": one.digest, "repository": one.repository}
            for one in image.repo_digests
        ],
        "size": image.size,
        "associatedContainersCount": 0,
        "associatedHostsCount": 0,
        switches.scan_time_field: milliseconds(image.scanned_at),
        "lastAssessed": _assessed(image, switches),
        "isContinuouslyAssessed": switches.continuously_assessed,
        "registryUuid": image.registry_uuids or None,
        "source": image.source,
        "isDockerHubOfficial": False,
        "scanType": None,
        "scanTypes": [] if image.scanned_at is None else ["STATIC"],
        "scanErrorCode": image.scan_error_code,
        "scanErrorMessage": image.scan_error_message,
        "scanStatus": image.scan_status,
        "lastFoundOnHost": None,
        "isInstrumented": False,
        "author": "",
    }


def _assessed(image: Image, switches: Scenario) -> str | int | None:
    if image.assessed_at is None or switches.assessed_form == "string":
        return milliseconds(image.assessed_at)
    return int(image.assessed_at * 1000)


def _registry(repo_tag: RepoTag, switches: Scenario) -> str | None:
    if switches.null_registry:
        return None
    return repo_tag.registry if switches.repo_registry == "host" else f"https://{repo_tag.registry}"


def _layer(digest: str, number: int) -> Json:
    return {
        "size": "0",
        "createdBy": "",
        "created": None,
        "comment": "",
        "id": None,
        "sha": digest,
        "tags": None,
        "layerNumber": number,
        "isBaseLayer": None,
    }
