"""Writes what is in use: for a spreadsheet, as a CycloneDX document, or digest by digest. Pure."""

import csv
import io
import json
import uuid
from typing import Any

from ops.in_use.contents import Image, InUse

Json = dict[str, Any]
_IMAGE = ("account_id", "region", "repository", "tag", "digest", "platform", "verdict")
_LEVELS = ("critical", "high", "medium", "low")
_WORKLOAD = (
    "account",
    "region",
    "cluster",
    "service",
    "task_definition",
    "state",
    "first_seen",
    "last_seen",
    "stopped_at",
    "team",
    "principal",
    "out_of_scope",
)
# A spreadsheet takes what begins so for a formula, and others choose tags and names.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def digests(found: InUse) -> str:
    """One digest a line: it must stay in every repository that has it."""
    return "".join(f"{each}\n" for each in sorted({image.digest for image in found.images} - {""}))


def table(found: InUse) -> str:
    """CSV, with a line for each image and workload."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    registry = [f"registry_{name}" if name == "region" else name for name in _IMAGE]
    writer.writerow([*registry, "scanned_at", *_LEVELS, *_WORKLOAD])
    for image in found.images:
        facts = {name: getattr(image, name) for name in _IMAGE}
        counts = [str(image.counts[level]) if image.counts else "" for level in _LEVELS]
        for workload in image.workloads:
            named = {**facts, "tag": workload["tag"]}.values()
            known = [image.scanned_at, *counts]
            cells = [*named, *known, *(workload[name] for name in _WORKLOAD)]
            writer.writerow([_inert(each) for each in cells])
    return out.getvalue()


def cyclonedx(found: InUse, installation: str, at: str) -> str:
    """A CycloneDX 1.6 document of the images. It lists no vulnerabilities and no statements about
    any (VEX)."""
    components = [_component(each) for each in found.images]
    content = json.dumps(components, sort_keys=True)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"{installation} {at} {content}").urn,
        "version": 1,
        "metadata": {
            "timestamp": at,
            "component": {"type": "platform", "bom-ref": installation, "name": installation},
        },
        "components": components,
        "compositions": [{"aggregate": "incomplete" if found.gaps else "complete"}],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(image: Image) -> Json:
    properties = {
        "image-scan:verdict": image.verdict,
        "image-scan:scanned_at": image.scanned_at,
        "image-scan:platform": image.platform,
        **{f"image-scan:workload:{n}": _where(each) for n, each in enumerate(image.workloads, 1)},
    }
    made: Json = {
        "type": "container",
        "bom-ref": f"{image.account_id}/{image.region}/{image.repository}/{image.key}",
        "name": image.repository,
        "version": image.tag or image.digest or "unknown",
        "properties": [{"name": name, "value": each} for name, each in properties.items() if each],
    }
    if image.digest:
        made["purl"] = _purl(image)
        made["hashes"] = [{"alg": "SHA-256", "content": image.digest.removeprefix("sha256:")}]
    return made


def _purl(image: Image) -> str:
    """As the type `oci` of package URLs is defined, with its qualifiers in order."""
    short = image.repository.rsplit("/", 1)[-1]
    version = image.digest.replace(":", "%3A")
    tag = f"&tag={image.tag}" if image.tag else ""
    return f"pkg:oci/{short}@{version}?repository_url={image.host}/{image.repository}{tag}"


def _where(workload: Json) -> str:
    name = workload["service"] or workload["task_definition"].rsplit("/", 1)[-1]
    parts = (workload["account"], workload["region"], workload["cluster"], name)
    return f"{'/'.join(parts)} {workload['state']}"


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
