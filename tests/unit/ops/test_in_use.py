"""What is in use, in each form; and why something may be missing."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from ops.in_use import forms
from ops.in_use.contents import DAY, InUse, in_use
from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW, REGION
from tests.support.json_pages import require_documented
from tests.support.stored_items import COURSE, ENTRY, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
OTHER = "sha256:" + "e" * 64
LATELY: Json = {**COURSE, "at": "2026-02-02T02:00:00+00:00"}


def row(digest: str = DIGEST, service: str = "web", **more: Any) -> Json:
    workload = f"{ACCOUNT}#{REGION}#prod#{service}"
    uri = {"uri": f"{HOST}/shop/app:1", "repository": "shop/app", "tag": "1"}
    made = {**ROW, **uri, "digest": digest, "workload": workload, "service": service}
    return {**made, "state": "running", **more}


def stopped(days: float, digest: str = OTHER, service: str = "job") -> Json:
    return row(digest, service, state="stopped", stopped_at=NOW - int(days * DAY))


def used(*rows: Json, days: int = 0, history: Sequence[Json] = (LATELY,)) -> InUse:
    return in_use(rows, [ENTRY], list(history), NOW, days)


def test_what_runs_or_is_deployed_is_in_use() -> None:
    found = used(row(), row(service="jobs", state="deployed"), stopped(0.1))
    (image,) = found.images
    assert (image.digest, image.account_id, image.region) == (DIGEST, ACCOUNT, REGION)
    assert (image.repository, image.tag, image.verdict) == ("shop/app", "1", "FINDINGS")
    assert [each["service"] for each in image.workloads] == ["jobs", "web"]
    assert found.gaps == []


def test_what_has_stopped_lately_is_in_use_for_some_days() -> None:
    """Such as the task of a schedule: it is gone between two runs."""
    rows = [row(), stopped(3)]
    assert {each.digest for each in used(*rows, days=2).images} == {DIGEST}
    assert {each.digest for each in used(*rows, days=4).images} == {DIGEST, OTHER}


def test_the_same_digest_in_two_repositories_is_two_images() -> None:
    copy = {"uri": f"{HOST}/mirror/app:2", "repository": "mirror/app", "tag": "2"}
    found = used(row(), row(service="jobs", **copy))
    assert [each.repository for each in found.images] == ["mirror/app", "shop/app"]
    assert forms.digests(found) == f"{DIGEST}\n"


def test_platforms_of_an_index_are_one_digest() -> None:
    found = used(row(), row(f"{DIGEST}#linux/arm64", "arm"))
    assert [each.platform for each in found.images] == ["linux/amd64", "linux/arm64"]
    assert forms.digests(found) == f"{DIGEST}\n"


def test_an_image_outside_of_ecr_has_no_digest_to_keep() -> None:
    nginx = {"uri": "nginx:1.27", "repository": "docker.io/library/nginx", "tag": ""}
    found = used(row("other#docker.io/library/nginx:1.27", **nginx))
    assert [(each.account_id, each.digest) for each in found.images] == [("", "")]
    assert (forms.digests(found), found.gaps) == ("", [])


@pytest.mark.parametrize(
    ("rows", "history", "gap"),
    [
        ([row()], [], "nothing was reconciled yet"),
        ([row()], [{**LATELY, "at": "2026-01-30T02:00:00+00:00"}], "the last reconciliation was"),
        ([row()], [{**LATELY, "unreadable": {"1#eu-west-1": "denied"}}], "1#eu-west-1 cannot be"),
        ([row(f"{ACCOUNT}/{REGION}/shop/app:1")], [LATELY], "the digest of shop/app:1 in"),
    ],
)
def test_what_may_be_missing_is_said(rows: list[Json], history: list[Json], gap: str) -> None:
    (found,) = used(*rows, history=history).gaps
    assert found.startswith(gap)


def test_a_spreadsheet_has_each_workload_and_no_formula() -> None:
    """Whoever tags a service chooses its team."""
    hostile = row(service="jobs", team='=HYPERLINK("https://x","y")', out_of_scope="agents")
    cells = list(csv.DictReader(io.StringIO(forms.table(used(row(), hostile)))))
    assert [(each["service"], each["digest"], each["critical"]) for each in cells] == [
        ("jobs", DIGEST, "1"),
        ("web", DIGEST, "1"),
    ]
    assert cells[0]["team"] == '\'=HYPERLINK("https://x","y")'
    assert (cells[0]["out_of_scope"], cells[1]["out_of_scope"]) == ("agents", "")
    assert not any(value.startswith(("=", "+", "@")) for each in cells for value in each.values())


def test_the_cyclonedx_document_is_valid_and_has_no_vulnerabilities() -> None:
    nginx = {"uri": "nginx:1.27", "repository": "docker.io/library/nginx", "tag": ""}
    found = used(row(), row(f"{OTHER}#linux/arm64", "arm"), row("other#nginx", "proxy", **nginx))
    text = forms.cyclonedx(found, "scan/1/eu-west-1", "2026-02-02T02:40:00+00:00")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert "vulnerabilities" not in document
    assert [each["type"] for each in document["components"]] == ["container"] * 3
    names = {each["name"]: each for each in document["components"]}
    purl = PackageURL.from_string(names["shop/app"]["purl"])
    assert (purl.type, purl.name, purl.version) == ("oci", "app", OTHER)
    assert purl.qualifiers == {"repository_url": f"{HOST}/shop/app", "tag": "1"}
    assert "purl" not in names["docker.io/library/nginx"]
    assert document["compositions"] == [{"aggregate": "complete"}]
    again = forms.cyclonedx(found, "scan/1/eu-west-1", "2026-02-02T02:40:00+00:00")
    assert again == text
    older = forms.cyclonedx(used(row(), history=[]), "scan", "2026-02-02T02:40:00+00:00")
    assert json.loads(older)["compositions"] == [{"aggregate": "incomplete"}]


def test_the_json_is_as_documented() -> None:
    require_documented("in-use", {"complete": True, **asdict(used(row(), stopped(1), days=2))})
