"""Which state a deploy command takes: its own alone, wherever it is run from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.support.deploying import ACCOUNT, BUCKET, GOOD, Clone, answer, keys, put, read, state_of

if TYPE_CHECKING:
    from pathlib import Path

OLD = "qualys-image-scan/install.tfstate"
KEY = f"qualys-image-scan/{ACCOUNT}/us-east-1/installation.tfstate"
SPOKE = f"qualys-image-scan/{ACCOUNT}/eu-west-1/regional-spoke.tfstate"
SHARED = {"STATE_BUCKET": BUCKET}
HERE = {"account_id": ACCOUNT, "region": "us-east-1", "name_prefix": "qualys-image-scan"}


@pytest.fixture
def clones(
    cloud: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[Clone, Clone]:
    """Two machines, and a bucket that both may use."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    first, second = (Clone(tmp_path / name, monkeypatch, capsys) for name in "ab")
    return first, second


@pytest.fixture
def clone(clones: tuple[Clone, Clone]) -> Clone:
    return clones[0]


def test_regions_share_a_bucket_and_no_state(clones: tuple[Clone, Clone]) -> None:
    first, second = clones
    first.must("deploy", **GOOD, **SHARED)
    said = second.must("deploy", **GOOD, **SHARED, AWS_REGION="us-west-2")
    assert f"Account {ACCOUNT} has an installation qualys-image-scan in us-east-1" in said
    assert "make deploy-region REGION=us-west-2 would forward there." in said
    assert keys() == [KEY, KEY.replace("us-east-1", "us-west-2")]
    assert "from the last deployment: EXISTING_ROLE_NAME=qualys-role QUALYS_POD=US2" in (
        second.must("deploy", "--plan", QUALYS_API_TOKEN="t", **SHARED)
    )


@pytest.mark.parametrize(
    ("of", "named"),
    [
        ({"account_id": "222222222222"}, "account 222222222222, region us-east-1"),
        ({"region": "eu-west-1"}, f"account {ACCOUNT}, region eu-west-1"),
        ({"name_prefix": "other"}, f"account {ACCOUNT}, region us-east-1, prefix other"),
    ],
)
@pytest.mark.parametrize("action", [(), ("--plan",), ("--destroy",)])
def test_a_state_of_something_else_is_refused_by_name(
    clone: Clone, of: dict[str, str], named: str, action: tuple[str, ...]
) -> None:
    put(KEY, state_of(ACCOUNT, "us-east-1", {"deployment": {**HERE, **of}}))
    before = read(KEY)
    said = clone.refuses("deploy", *action, **GOOD, **SHARED)
    assert f"The state in s3://{BUCKET}/{KEY} is of {named}" in said
    assert f"not of account {ACCOUNT}, region us-east-1, prefix qualys-image-scan" in said
    assert read(KEY) == before


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (state_of("222222222222", "us-east-1"), "account 222222222222, region us-east-1"),
        (state_of(ACCOUNT, "eu-west-1"), f"account {ACCOUNT}, region eu-west-1"),
        (state_of("222222222222", ""), "account 222222222222, region "),
    ],
)
def test_a_state_that_does_not_say_is_known_by_its_resources(
    clone: Clone, state: bytes, named: str
) -> None:
    put(KEY, state)
    assert f"is of {named}" in clone.refuses("deploy", **GOOD, **SHARED)


def test_stacksets_of_a_delegated_administrator_are_those_of_the_management_account(
    clone: Clone,
) -> None:
    arn = "arn:aws:cloudformation:us-east-1:999999999999:stackset/a:b"
    put(KEY, state_of(ACCOUNT, "us-east-1", arn=arn, call_as="DELEGATED_ADMIN"))
    clone.must("deploy", **GOOD, **SHARED)


@pytest.mark.parametrize("body", [b"no json", b"{}", b'{"encrypted_data": "x"}', b"[]"])
def test_what_is_no_state_is_refused(clone: Clone, body: bytes) -> None:
    put(KEY, body)
    assert f"s3://{BUCKET}/{KEY} is not a state that can be read" in clone.refuses(
        "deploy", **GOOD, **SHARED
    )


def test_an_old_state_is_moved_when_that_is_agreed_to(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(OLD, state_of(ACCOUNT, "us-east-1"))
    given = {**GOOD, **SHARED, "AUTO_APPROVE": ""}
    asked = answer(monkeypatch, "no")
    assert "Nothing was changed." in clone.refuses("deploy", "--plan", **given)
    assert keys() == [OLD]
    answer(monkeypatch, "yes")
    clone.must("deploy", "--plan", **given)
    assert keys() == [KEY]
    assert asked == [
        f"Move the state of account {ACCOUNT}, region us-east-1 from s3://{BUCKET}/{OLD} to "
        f"s3://{BUCKET}/{KEY}? Type yes to continue: "
    ]


def test_an_old_state_is_not_moved_where_nobody_can_be_asked(clone: Clone) -> None:
    put(OLD, state_of(ACCOUNT, "us-east-1"))
    said = clone.refuses("deploy", "--plan", **{**GOOD, **SHARED, "AUTO_APPROVE": ""})
    assert "Nobody can be asked here: give AUTO_APPROVE=1 to move it." in said
    assert keys() == [OLD]


def test_an_old_state_is_not_moved_under_a_running_terraform(clone: Clone) -> None:
    put(OLD, state_of(ACCOUNT, "us-east-1"))
    put(f"{OLD}.tflock", b"{}")
    assert "Terraform runs elsewhere, or a .tflock" in clone.refuses("deploy", **GOOD, **SHARED)
    assert keys() == [OLD, f"{OLD}.tflock"]


def test_an_old_state_of_another_region_stays(clone: Clone) -> None:
    put(OLD, state_of(ACCOUNT, "us-east-1"))
    said = clone.must("deploy", **GOOD, **SHARED, AWS_REGION="us-west-2")
    assert f"{OLD} is of account {ACCOUNT}, region us-east-1 and stays as it is." in said
    assert keys() == [KEY.replace("us-east-1", "us-west-2"), OLD]


def test_two_states_of_one_installation_are_refused(clone: Clone) -> None:
    clone.must("deploy", **GOOD, **SHARED)
    put(OLD, state_of(ACCOUNT, "us-east-1"))
    said = clone.refuses("deploy", **GOOD, **SHARED)
    assert f"s3://{BUCKET}/{KEY} and s3://{BUCKET}/{OLD}. Remove the one" in said


def test_a_state_on_this_machine_moves_into_the_bucket_and_back(clone: Clone) -> None:
    clone.must("deploy", **GOOD)
    folder = clone.folder / "deployments" / KEY.removesuffix(".tfstate")
    assert (folder / "terraform.tfstate").exists()
    clone.must("deploy", "--plan", **GOOD, **SHARED)
    assert (keys(), (folder / "terraform.tfstate").exists()) == ([KEY], False)
    # The bucket is known from now on.
    assert f"s3://{BUCKET}/{KEY}" in clone.must("deploy", **GOOD)
    clone.must("deploy", **GOOD, STATE_BUCKET="")
    assert (keys(), (folder / "terraform.tfstate").exists()) == ([], True)
    assert "on this machine alone" in clone.must("deploy", **GOOD)


def test_a_bucket_that_was_only_planned_with_is_not_remembered(clone: Clone) -> None:
    clone.must("deploy", **GOOD)
    clone.must("deploy", "--plan", **GOOD, **SHARED, AWS_REGION="us-west-2")
    assert "on this machine alone" in clone.must("deploy", **GOOD)


def test_an_old_state_on_this_machine_is_moved(clone: Clone) -> None:
    folder = clone.folder / "deployments/qualys-image-scan/install"
    folder.mkdir(parents=True)
    (folder / "terraform.tfstate").write_bytes(state_of(ACCOUNT, "us-east-1"))
    lock = folder / ".terraform.tfstate.lock.info"
    lock.touch()
    assert "is locked: Terraform runs" in clone.refuses("deploy", **GOOD)
    lock.unlink()
    clone.must("deploy", **GOOD)
    assert not folder.exists()
    moved = clone.folder / "deployments" / KEY.removesuffix(".tfstate")
    assert (moved / "terraform.tfstate").exists()


def test_a_bucket_that_is_not_there(clone: Clone) -> None:
    said = clone.refuses("deploy", **GOOD, STATE_BUCKET="nowhere")
    assert said == "STATE_BUCKET=nowhere does not exist: make it first.\n"


def test_terraform_is_notified_the_region_of_the_bucket(clone: Clone) -> None:
    boto3.client("s3", region_name="eu-west-1").create_bucket(
        Bucket="there", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    clone.must("deploy", **GOOD, STATE_BUCKET="there")
    folder = clone.folder / "deployments" / KEY.removesuffix(".tfstate")
    backend = json.loads((folder / "main.tf.json").read_text())["terraform"]["backend"]["s3"]
    assert backend == {
        "bucket": "there",
        "key": KEY,
        "region": "eu-west-1",
        "encrypt": True,
        "use_lockfile": True,
    }


def test_what_was_destroyed_is_no_installation(clone: Clone) -> None:
    clone.must("deploy", **GOOD, **SHARED)
    clone.must("deploy", "--destroy", AUTO_APPROVE="1", **SHARED)
    said = clone.must("deploy", "--plan", **GOOD, **SHARED, AWS_REGION="us-west-2")
    assert "has an installation" not in said
    assert "No installation" in clone.refuses("deploy-region", REGION="us-west-2", AUTO_APPROVE="1")


def test_regions_are_added_and_taken_away_from_another_machine(
    clones: tuple[Clone, Clone],
) -> None:
    first, second = clones
    first.must("deploy", **GOOD, **SHARED)
    second.must("deploy-region", REGION="eu-west-1", AUTO_APPROVE="1", **SHARED)
    assert keys() == [SPOKE, KEY]
    assert read(SPOKE)["outputs"]["deployment"]["value"]["settings"] == {"HUB_REGION": "us-east-1"}
    first.must("deploy-region", "--destroy", REGION="eu-west-1", AUTO_APPROVE="1")
    assert read(SPOKE)["resources"] == []


def test_two_regions_are_removed_at_once(clone: Clone) -> None:
    regions = ("eu-west-1", "us-west-2")
    both = {"REGION": ",".join(regions), "AUTO_APPROVE": "1"}
    spokes = [SPOKE.replace("eu-west-1", region) for region in regions]
    clone.must("deploy", **GOOD, **SHARED)
    clone.must("deploy-region", **both, **SHARED)
    assert all(read(spoke)["resources"] for spoke in spokes)
    clone.must("deploy-region", "--destroy", **both, **SHARED)
    assert [read(spoke)["resources"] for spoke in spokes] == [[], []]


def test_a_region_is_taken_away_even_without_its_installation(clone: Clone) -> None:
    clone.must("deploy", **GOOD)
    clone.must("deploy-region", REGION="eu-west-1", AUTO_APPROVE="1")
    clone.must("deploy", "--destroy", AUTO_APPROVE="1")
    clone.must("deploy-region", "--destroy", REGION="eu-west-1", AUTO_APPROVE="1")


def test_a_region_needs_an_installation_of_the_same_account(clone: Clone) -> None:
    there = KEY.replace(ACCOUNT, "222222222222")
    hub = {"account_id": "222222222222", "region": "us-east-1"}
    put(there, state_of("222222222222", "us-east-1", {"hub": hub}))
    said = clone.refuses("deploy-region", REGION="eu-west-1", AUTO_APPROVE="1", **SHARED)
    assert f"No installation qualys-image-scan of account {ACCOUNT} is known from s3" in said


def test_a_region_finds_an_installation_that_an_earlier_version_deployed(clone: Clone) -> None:
    hub = {"account_id": ACCOUNT, "region": "us-east-1"}
    put(OLD, state_of(ACCOUNT, "us-east-1", {"this": {"hub": hub}}))
    clone.must("deploy-region", REGION="eu-west-1", AUTO_APPROVE="1", **SHARED)


def test_of_several_installations_one_is_named(clone: Clone) -> None:
    for region in ("us-east-1", "us-west-2"):
        clone.must("deploy", **GOOD, **SHARED, AWS_REGION=region)
    spoke = {"REGION": "eu-west-1", "AUTO_APPROVE": "1", **SHARED}
    said = clone.refuses("deploy-region", **spoke)
    assert "has installations in us-east-1, us-west-2: say by HUB_REGION=" in said
    clone.must("deploy-region", **spoke, HUB_REGION="us-west-2")
    assert "from the last deployment: HUB_REGION=us-west-2" in clone.must("deploy-region", **spoke)
    said = clone.refuses("deploy-region", **spoke, HUB_REGION="eu-north-1")
    assert f"of region eu-north-1 of account {ACCOUNT} is known" in said


@pytest.mark.parametrize("command", ["deploy", "deploy-hub", "deploy-spoke-stackset"])
def test_there_is_nothing_to_destroy(clone: Clone, command: str) -> None:
    said = clone.must(command, "--destroy", AUTO_APPROVE="1", **SHARED)
    assert "There was nothing to destroy. No " in said
    assert f"of account {ACCOUNT}, region us-east-1 is in s3://{BUCKET}/qualys-image-scan/" in said


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("deploy", "installation"),
        ("deploy-hub", "installation"),
        ("deploy-region", "regional-spoke"),
        ("deploy-spoke-stackset", "org-spoke"),
    ],
)
def test_what_an_earlier_version_deployed_is_destroyed_without_arguments(
    clone: Clone, command: str, kind: str
) -> None:
    key = f"qualys-image-scan/{ACCOUNT}/us-east-1/{kind}.tfstate"
    put(key, state_of(ACCOUNT, "us-east-1"))
    clone.must(command, "--destroy", AUTO_APPROVE="1", REGION="us-east-1", **SHARED)
    assert read(key)["resources"] == []
