"""What is in use, in each form; and why something may be missing."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from image_scan.aws.dynamodb import marshal
from image_scan.findings.ages import Deadlines
from ops.__main__ import main
from ops.in_use import forms
from ops.in_use.command import _only
from ops.in_use.contents import DAY, InUse, in_use
from ops.installation import Installation
from ops.inventory_rows import Read
from ops.report.contents import report
from tests.support import tables
from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW, REGION
from tests.support.json_pages import require_documented
from tests.support.stored_items import COURSE, ENTRY, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

Json = dict[str, Any]
OTHER = "sha256:" + "e" * 64
OTHER_ACCOUNT = "444455556666"
OTHER_HOST = f"{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
# As `events.deployments` has them: without a tag, which ECS does not always show.
NGINX: Json = {"uri": "nginx:1.27", "repository": "nginx", "tag": ""}
LATELY: Json = {**COURSE, "at": "2026-02-02T02:00:00+00:00"}


def row(digest: str = DIGEST, service: str = "web", **more: Any) -> Json:
    workload = f"{ACCOUNT}#{REGION}#prod#{service}"
    uri = {"uri": f"{HOST}/shop/app:1", "repository": "shop/app", "tag": "1"}
    made = {**ROW, **uri, "digest": digest, "workload": workload, "service": service}
    return {**made, "state": "running", **more}


def stopped(days: float, digest: str = OTHER, service: str = "job") -> Json:
    return row(digest, service, state="stopped", stopped_at=NOW - int(days * DAY))


def used(
    *rows: Json, days: int = 0, history: Sequence[Json] = (LATELY,), unread: Sequence[str] = ()
) -> InUse:
    return in_use(Read(list(rows), list(unread)), [ENTRY], list(history), NOW, days)


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


def elsewhere(uri: str = f"{OTHER_HOST}/shop/app:1") -> Json:
    return row(service="copy", account=OTHER_ACCOUNT, uri=uri)


def test_the_same_digest_in_two_registries_is_two_images() -> None:
    """A replica, or the same build pushed to two accounts: a clean-up of either must leave it."""
    found = used(row(), elsewhere())
    assert [(each.account_id, each.region, len(each.workloads)) for each in found.images] == [
        (ACCOUNT, REGION, 1),
        (OTHER_ACCOUNT, "eu-west-1", 1),
    ]
    for account, service in ((ACCOUNT, "web"), (OTHER_ACCOUNT, "copy")):
        (image,) = _only(found, "shop/app", account).images
        assert [each["service"] for each in image.workloads] == [service]
    cells = list(csv.DictReader(io.StringIO(forms.table(found))))
    assert {each["account_id"] for each in cells} == {ACCOUNT, OTHER_ACCOUNT}
    document = json.loads(forms.cyclonedx(found, "scan", "2026-02-02T02:40:00+00:00"))
    assert len({each["bom-ref"] for each in document["components"]}) == 2
    assert forms.digests(found) == f"{DIGEST}\n"


HUB, PUBLIC = "nginx", "public.ecr.aws/nginx/nginx"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("nginx", [HUB]),
        ("docker.io/nginx", [HUB]),
        ("docker.io/library/nginx", [HUB]),
        (PUBLIC, [PUBLIC]),
        ("nginx/nginx", []),
        ("shop/app", [f"{ACCOUNT}/shop/app", f"{OTHER_ACCOUNT}/shop/app"]),
        (f"{HOST}/shop/app", [f"{ACCOUNT}/shop/app"]),
        (f"{OTHER_ACCOUNT}.dkr-ecr.eu-west-1.on.aws/shop/app", [f"{OTHER_ACCOUNT}/shop/app"]),
        (f"{OTHER_HOST}/shop/none", []),
        ("999988887777.dkr.ecr.us-east-1.amazonaws.com/shop/app", []),
    ],
)
def test_a_repository_with_a_registry_is_that_one_alone(asked: str, expected: list[str]) -> None:
    hub = row("other#nginx", "hub", **NGINX)
    public = row(f"other#{PUBLIC}", "public", **{**NGINX, "uri": f"{PUBLIC}:1"})
    public["repository"] = PUBLIC
    found = _only(used(row(), elsewhere(), hub, public), asked, "").images
    names = ["/".join(filter(None, (each.account_id, each.repository))) for each in found]
    assert names == expected


def test_each_workload_has_the_tag_that_it_runs() -> None:
    """Two tags of one digest: the table is evidence of what each workload runs."""
    newer = row(service="jobs", tag="2", uri=f"{HOST}/shop/app:2", last_seen=NOW + 60)
    found = used(row(), newer)
    (image,) = found.images
    assert (image.tag, [each["tag"] for each in image.workloads]) == ("2", ["2", "1"])
    cells = csv.DictReader(io.StringIO(forms.table(found)))
    assert [(each["service"], each["tag"]) for each in cells] == [("jobs", "2"), ("web", "1")]


def test_two_names_of_a_registry_are_one_image() -> None:
    dual = f"{OTHER_ACCOUNT}.dkr-ecr.eu-west-1.on.aws/shop/app:1"
    (image,) = used(elsewhere(), elsewhere(dual) | {"workload": "another"}).images
    assert (image.host, len(image.workloads)) == (OTHER_HOST, 2)


def test_platforms_of_an_index_are_one_digest() -> None:
    found = used(row(), row(f"{DIGEST}#linux/arm64", "arm"))
    assert [each.platform for each in found.images] == ["linux/amd64", "linux/arm64"]
    assert forms.digests(found) == f"{DIGEST}\n"


def test_an_image_outside_of_ecr_has_no_digest_to_keep() -> None:
    found = used(row("other#nginx", **NGINX))
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


def test_a_row_that_cannot_be_read_may_be_of_something_that_runs(
    dynamodb: DynamoDBClient, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every other command leaves it out. A clean-up would delete its image."""
    parts: list[Json] = [{"containers": "app"}, {"uri": 5}, {"state": "odd"}, {}]
    for number, odd in enumerate(parts):
        item = {**row(), "workload": f"w{number}", **odd}
        dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(item))
    nowhere = {name: value for name, value in row().items() if name != "account_region"}
    dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal({**nowhere, "workload": "w9"}))
    task = {"digest": f"tasks#{DIGEST}#w3", "workload": "running#arn"}
    dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(task))
    course = {**LATELY, "at": datetime.now(UTC).isoformat(), "ttl": 2**33}
    dynamodb.put_item(TableName=tables.STATE, Item=marshal(course))
    installation = SimpleNamespace(
        cache_table=tables.CACHE,
        inventory_table=tables.INVENTORY,
        state_table=tables.STATE,
        client=lambda _: dynamodb,
        name_prefix="unit",
        account_id=ACCOUNT,
        region=REGION,
    )
    environment.setattr(Installation, "of", lambda _: installation)
    assert main(["in-use", "--json"]) == 1
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    (gap,) = found["gaps"]
    assert gap.startswith(f"3 rows of the inventory cannot be read, such as {DIGEST} of w")
    assert shown.err == f"Not complete: {gap}.\n"
    (image,) = found["images"]
    assert (found["complete"], len(image["workloads"])) == (False, 2)
    require_documented("in-use", found)
    found = used(row(), unread=[f"{DIGEST} of w1"])
    assert found.gaps == [f"1 row of the inventory cannot be read, such as {DIGEST} of w1"]
    document = json.loads(forms.cyclonedx(found, "scan", "2026-02-02T02:40:00+00:00"))
    assert document["compositions"] == [{"aggregate": "incomplete"}]


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
    found = used(row(), row(f"{OTHER}#linux/arm64", "arm"), row("other#nginx", "proxy", **NGINX))
    text = forms.cyclonedx(found, "scan/1/eu-west-1", "2026-02-02T02:40:00+00:00")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert "vulnerabilities" not in document
    assert [each["type"] for each in document["components"]] == ["container"] * 3
    names = {each["name"]: each for each in document["components"]}
    purl = PackageURL.from_string(names["shop/app"]["purl"])
    assert (purl.type, purl.name, purl.version) == ("oci", "app", OTHER)
    assert purl.qualifiers == {"repository_url": f"{HOST}/shop/app", "tag": "1"}
    assert "purl" not in names["nginx"]
    assert document["compositions"] == [{"aggregate": "complete"}]
    again = forms.cyclonedx(found, "scan/1/eu-west-1", "2026-02-02T02:40:00+00:00")
    assert again == text
    older = forms.cyclonedx(used(row(), history=[]), "scan", "2026-02-02T02:40:00+00:00")
    assert json.loads(older)["compositions"] == [{"aggregate": "incomplete"}]


def test_the_json_is_as_documented() -> None:
    require_documented("in-use", {"complete": True, **asdict(used(row(), stopped(1), days=2))})


def test_a_team_that_is_not_known_for_sure_is_listed() -> None:
    """Where a notification could not read all tags, and none did so before."""
    rows = [row(service=name, team="", presumed_team="shop") for name in ("a", "b")]
    del rows[1]["team"]
    (image,) = used(*rows).images
    assert [each["team"] for each in image.workloads] == ["", "shop"]


def test_a_workload_has_the_team_that_the_report_names() -> None:
    """A version that brought nothing new was not notified; another one of the workload was."""
    older = row(OTHER, state="stopped", stopped_at=NOW - 9 * DAY, team="payments", notified_at=1)
    newer = row(presumed_team="shop", notified_at=2)
    silent = row(presumed_team="", notified_at=0)
    for each in (newer, silent):
        del each["team"]
        (image,) = used(older, each).images
        assert [workload["team"] for workload in image.workloads] == ["payments"]
        met = report([ENTRY], [older, each], [], NOW, Deadlines({}))
        assert met.teams() == ["payments"]
