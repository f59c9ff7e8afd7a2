"""Defines how the scan of one image goes, and how the answers about it look.

The defaults follow the documents. A setting of the scenario, for the whole subscription, can be
replaced for one image.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sandbox.qualys.fields import update_fields

Given = TypeVar("Given", bound="Behaviour")


@dataclass
class Behaviour:
    """If the comment of a switch says "undocumented", its default is a guess. Tests can change it.

    Times are seconds of the clock.
    """

    # The job. `tag` is documented as a comma list; live clients send the regex `.*`. What a
    # missing tag does is undocumented, and so is what a scan does without the paid "Force Registry
    # Image Scan".
    tag_matching: Literal["list", "regex", "literal"] = "list"
    missing_tag: Literal["error", "finish"] = "error"
    force_scan_enabled: bool = True
    scan_seconds: float = 0.5
    never_ends: bool = False
    job_error: str | None = None

    # The scan of the image itself, which fails with a code. Only SUCCESS is an evidenced
    # `scanStatus`; the value for a failed scan is ours.
    scan_error_code: str | None = None
    scan_error_message: str | None = None
    failed_scan_status: str = "ERROR"

    # When the result is visible, and which parts are visible at the end of the scan (undocumented).
    visible_from: Literal["listed", "scanned"] = "listed"
    results_lag_seconds: float = 0.0
    early_results: list[Literal["status", "time", "findings"]] = field(default_factory=list)

    # How the image is named, and whether the caller's scope holds it (403 if not).
    # Which digest of a multi-platform image is in `repoDigests` is undocumented: what the tag
    # resolved to, as with Docker, or the manifest of the platform.
    image_id_from: Literal["config", "manifest"] = "config"
    repo_digest_of: Literal["reference", "manifest"] = "reference"
    repo_registry: Literal["host", "uri"] = "host"
    null_registry: bool = False
    scan_time_field: Literal["lastVmScanDate", "lastScanned", "lastScannedDate"] = "lastVmScanDate"
    unknown_image: Literal["404", "204", "empty"] = "404"
    out_of_scope: bool = False

    # Continuous assessment: whether the image is marked for it (one-tag jobs alone mark none). The
    # form of `lastAssessed`, and whether the time of the scan moves too, are undocumented.
    continuously_assessed: bool = False
    assessed_form: Literal["number", "string"] = "number"
    assessment_moves: list[Literal["scan time", "updated"]] = field(default_factory=list)

    # Counts of the image: whether potential findings are among them, how they look before the
    # first scan has ended (a vendor sample has an object of nulls), what the details show.
    counted: Literal["all", "confirmed"] = "all"
    unscanned_counts: Literal["null", "nulls"] = "null"
    image_vulnerabilities: Literal["objects", "counts"] = "objects"

    # The vulnerability call. Its pages are undocumented, though clients ask for them; 0: none. A
    # list may be cut short (0: whole), in an order that each answer changes, and with times of the
    # answer; all of that is undocumented.
    vuln_shape: Literal[
        "details", "data", "details.vulns", "list", "object", "vulnerabilities", "unknown"
    ] = "details"
    exempted: Literal["hidden", "marked"] = "hidden"
    pending_vulns: Literal["204", "404", "empty", "null"] = "204"
    vuln_page_size: int = 0
    vuln_page_number: Literal["read", "ignored"] = "read"
    vuln_most: int = 0
    vuln_order: Literal["sorted", "changing"] = "sorted"
    vuln_times: Literal["of the scan", "of the answer"] = "of the scan"

    # Malware and secrets: what the sensor looks for (by its flags, neither without them), and what
    # a scan finds then, see `sandbox.qualys.detections`. Undocumented: all answers about an image
    # that was not examined, and the two blocks of the details.
    examines: list[Literal["malware", "secrets"]] = field(default_factory=list)
    malware: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[dict[str, Any]] = field(default_factory=list)
    malware_answer: Literal["rows", "cut", "empty", "204", "403", "404", "unknown"] = "rows"
    malware_block: Literal["list", "absent", "null", "empty", "unknown"] = "absent"
    secrets_block: Literal["list", "absent", "null", "empty", "unknown"] = "list"
    secret_rows: Literal["detector", "declared"] = "detector"

    # Where the fixed version of a finding stands, and how: what a package's `vulnerabilities` hold
    # in the details, whether a finding lists its packages, what its `result` looks like.
    fix_sources: list[Literal["vulnerability", "image", "table"]] = field(
        default_factory=lambda: ["vulnerability", "image", "table"]
    )
    software_vulnerabilities: Literal["qids", "objects", "counts", "null"] = "qids"
    vuln_software: Literal["listed", "null", "absent"] = "listed"
    result_table: list[Literal["tabs", "repeated", "more_columns", "prose"]] = field(
        default_factory=list
    )

    # What differs from the findings: in the image's own counts, /vuln/count and `vulnSummary`.
    counts: dict[str, int] = field(default_factory=dict)
    vuln_count: dict[str, int] = field(default_factory=dict)
    summary: dict[str, dict[str, Any]] = field(default_factory=dict)


_NAMES = {one.name for one in dataclasses.fields(Behaviour)}


class Behaviours:
    """Set per sha, `repository:tag`, `repository`, or `*`; the narrowest that is set counts."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, Any]] = {}

    def set(self, key: str, values: Mapping[str, Any]) -> None:
        """Replaces what was set for the key; no values forget it. Raises ValueError.

        A value of None is as good as none.
        """
        given = {
            name: value for name, value in values.items() if value is not None or name not in _NAMES
        }
        update_fields(Behaviour(), given)
        if given:
            self._given[key.removeprefix("sha256:")] = given
        else:
            self._given.pop(key.removeprefix("sha256:"), None)

    def over(self, scenario: Given, sha: str, repo_tags: Iterable[tuple[str, str]]) -> Given:
        """The scenario as it is for an image of that sha, at those repositories and tags."""
        named = list(repo_tags)
        tags = [f"{repository}:{tag}" for repository, tag in named]
        for key in (sha, *tags, *(repository for repository, _ in named), "*"):
            if key in self._given:
                return dataclasses.replace(scenario, **self._given[key])
        return scenario

    def as_json(self) -> dict[str, Any]:
        return self._given
