"""What a deployment was given is taken up by the next command, shown, and never a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.support.authority import private_tls
from tests.support.deploying import (
    ACCOUNT,
    BUCKET,
    GOOD,
    STACKSET,
    Clone,
    FakeTerraform,
    answer,
    keys,
    put,
    read,
    state_of,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = f"qualys-image-scan/{ACCOUNT}/us-east-1/installation.tfstate"
AGAIN = {"QUALYS_API_TOKEN": "canary-token", "AUTO_APPROVE": "1"}


@pytest.fixture
def clone(clone: Clone) -> Clone:
    """One that keeps its states in a bucket."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    clone.environment["STATE_BUCKET"] = BUCKET
    return clone


def given() -> dict[str, object]:
    """What the module was given, as far as the operator chose it."""
    names = {"source", "name_prefix", "spokes", "qualys_credentials"}
    return {name: value for name, value in FakeTerraform.given.items() if name not in names}


ROLE = {"existing_arn": f"arn:aws:iam::{ACCOUNT}:role/qualys-role"}


def test_what_was_given_holds_on_and_is_shown(clone: Clone) -> None:
    first = clone.must("deploy", **GOOD, VAR_cache_ttl_days="14", VAR_log='{"level": "DEBUG"}')
    assert "from the last deployment" not in first
    before = given()
    said = clone.must("deploy", **AGAIN)
    assert given() == before
    assert before == {
        "qualys_pod": "US2",
        "registry_role": ROLE,
        "cache_ttl_days": 14,
        "log": {"level": "DEBUG"},
    }
    assert (
        "  from the last deployment: EXISTING_ROLE_NAME=qualys-role QUALYS_POD=US2 "
        'VAR_cache_ttl_days=14 VAR_log={"level": "DEBUG"}\n'
    ) in said
    assert "changed" not in said
    assert "no longer given" not in said


def test_what_changes_is_shown(clone: Clone) -> None:
    clone.must("deploy", **GOOD, VAR_cache_ttl_days="14", VAR_create_trail="false")
    said = clone.must(
        "deploy", **AGAIN, VAR_cache_ttl_days="30", VAR_create_trail="", VAR_tags="{}"
    )
    assert "  changed: VAR_cache_ttl_days=30 (was 14)\n" in said
    assert "  changed: VAR_tags={} (was not given)\n" in said
    assert "  no longer given: VAR_create_trail (was false)\n" in said
    assert given() == {
        "qualys_pod": "US2",
        "registry_role": ROLE,
        "cache_ttl_days": 30,
        "tags": {},
    }


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"QUALYS_GATEWAY_URL": "https://q"}, "qualys_pod", None),
        ({"EXISTING_ROLE_ARN": ROLE["existing_arn"] + "2"}, "registry_role", "2"),
    ],
)
def test_one_way_replaces_the_other(
    clone: Clone, change: dict[str, str], name: str, value: str | None
) -> None:
    clone.must("deploy", **GOOD)
    said = clone.must("deploy", **AGAIN, **change)
    found = given().get(name)
    assert str(found)[-3:-2] == value if value else found is None
    assert "no longer given: " in said


def test_a_value_with_a_template_in_it_stays_text(clone: Clone) -> None:
    value = '{"a": "${path} %{if}"}'
    clone.must("deploy", **GOOD, VAR_tags=value)
    clone.must("deploy", **AGAIN)
    assert given()["tags"] == json.loads(value)


def test_variables_of_a_file_hold_on_without_it(clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "mine.tfvars.json"
    file.write_text(json.dumps({"tags": {"team": "a"}, "cache_ttl_days": 3}))
    clone.must("deploy", **GOOD, TFVARS=str(file))
    assert read(KEY)["outputs"]["deployment"]["value"]["file"] == json.loads(file.read_text())
    said = clone.must("deploy", **AGAIN)
    assert 'VAR_cache_ttl_days=3 VAR_tags={"team": "a"}' in said
    assert given()["tags"] == {"team": "a"}
    said = clone.must("deploy", **AGAIN, VAR_cache_ttl_days="4")
    assert "changed: VAR_cache_ttl_days=4 (was 3)" in said
    assert (given()["tags"], given()["cache_ttl_days"]) == ({"team": "a"}, 4)


def test_a_file_that_is_given_again_is_all_that_counts_of_it(clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "mine.tfvars.json"
    file.write_text(json.dumps({"tags": {"team": "a"}, "cache_ttl_days": 3}))
    clone.must("deploy", **GOOD, TFVARS=str(file), VAR_create_trail="false")
    file.write_text(json.dumps({"create_trail": True, "tags": {"team": "b"}}))
    said = clone.must("deploy", **AGAIN, TFVARS=str(file))
    assert "no longer given: VAR_cache_ttl_days (was 3)" in said
    assert given() == {
        "qualys_pod": "US2",
        "registry_role": ROLE,
        "tags": {"team": "b"},
        "create_trail": True,
    }
    assert read(KEY)["outputs"]["deployment"]["value"]["settings"] == {
        "EXISTING_ROLE_NAME": "qualys-role",
        "QUALYS_POD": "US2",
    }


@pytest.mark.parametrize("stored", [{"settings": {"VAR_gone": "1"}}, {"file": {"gone": 1}}])
def test_an_input_that_is_no_more_is_named(clone: Clone, stored: dict[str, dict[str, str]]) -> None:
    of = {"account_id": ACCOUNT, "region": "us-east-1", "name_prefix": "qualys-image-scan"}
    put(KEY, state_of(ACCOUNT, "us-east-1", {"deployment": {**of, **stored}}))
    said = clone.refuses("deploy", **GOOD)
    assert said == (
        "The last deployment was given gone, which is no variable any more: give VAR_gone= to "
        "leave it out.\n"
    )
    clone.must("deploy", **GOOD, VAR_gone="")


def test_no_credential_is_queued(clone: Clone) -> None:
    for name, secret in (
        ("QUALYS_API_TOKEN", {"QUALYS_API_TOKEN": "canary-1"}),
        ("QUALYS_PASSWORD", {"QUALYS_USERNAME": "canary-2", "QUALYS_PASSWORD": "canary-3"}),
        ("QUALYS_CLIENT", {"QUALYS_CLIENT_ID": "canary-4", "QUALYS_CLIENT_SECRET": "canary-5"}),
    ):
        said = clone.must("deploy", **{**GOOD, "QUALYS_API_TOKEN": "", **secret})
        root = next(clone.folder.rglob("main.tf.json")).read_text()
        assert "canary" not in said + json.dumps(read(KEY)) + root, name


def test_a_login_at_the_proxy_goes_with_the_credential_and_is_not_stored(clone: Clone) -> None:
    login = {"QUALYS_PROXY_USER": "canary-6", "QUALYS_PROXY_PASSWORD": "canary-7"}
    said = clone.must("deploy", **GOOD, **login)
    root = next(clone.folder.rglob("main.tf.json")).read_text()
    assert "canary" not in said + json.dumps(read(KEY)) + root
    assert FakeTerraform.credential == {
        "token": "canary-token",
        "proxy_user": "canary-6",
        "proxy_password": "canary-7",
    }


def test_a_ca_bundle_is_stored_without_its_file(clone: Clone, tmp_path: Path) -> None:
    authority = private_tls(tmp_path).authority
    pem = authority.read_text().strip()
    authority.write_text(f"# Example Inspection CA\n{pem}\n")
    network = {"https_proxy": "http://proxy.example.com:3128"}
    clone.must(
        "deploy", **GOOD, CA_BUNDLE=str(authority), VAR_network=json.dumps(network), VAR_log="{}"
    )
    assert given()["network"] == {**network, "ca_bundle": {"pem": pem}}
    authority.unlink()
    said = clone.must("deploy", **AGAIN)
    assert given()["network"] == {**network, "ca_bundle": {"pem": pem}}
    assert "from the last deployment: CA_BUNDLE=-----BEGIN CERTIFICATE----- " in said
    clone.must("deploy", **AGAIN, CA_BUNDLE="")
    assert given()["network"] == network
    clone.must("deploy", **AGAIN)
    assert given()["network"] == network


def test_a_ca_bundle_does_not_replace_another(clone: Clone, tmp_path: Path) -> None:
    bundle = str(private_tls(tmp_path).authority)
    network = {"ca_bundle": {"pem": "another"}}
    file = tmp_path / "mine.tfvars.json"
    file.write_text(json.dumps({"network": network}))
    for more in ({"VAR_network": json.dumps(network)}, {"TFVARS": str(file)}):
        said = clone.refuses("deploy", **GOOD, CA_BUNDLE=bundle, **more)
        assert "which must have no ca_bundle then" in said


def test_a_key_does_not_go_with_the_ca_bundle(clone: Clone, tmp_path: Path) -> None:
    files = private_tls(tmp_path)
    files.authority.write_text(files.authority.read_text() + files.key.read_text())
    said = clone.refuses("deploy", **GOOD, CA_BUNDLE=str(files.authority))
    assert "has a private key: give a file of certificates alone" in said


def test_an_existing_secret_stays_and_not_given_up_by_accident(clone: Clone) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:qualys"
    clone.must("deploy", **{**GOOD, "QUALYS_API_TOKEN": "", "QUALYS_SECRET_ARN": arn})
    clone.must("deploy", AUTO_APPROVE="1")
    assert arn in json.dumps(given())
    said = clone.refuses("deploy", **AGAIN)
    assert "QUALYS_SECRET_ARN= gives up the secret of the last deployment" in said
    clone.must("deploy", **AGAIN, QUALYS_SECRET_ARN="")
    assert arn not in json.dumps(given())


def test_old_code_is_not_deployed_again(clone: Clone, tmp_path: Path) -> None:
    package = json.dumps({"path": "/tmp/image_scan.zip"})
    clone.must("deploy", **GOOD, VAR_lambda_package=package)
    assert given()["lambda_package"] == json.loads(package)
    clone.must("deploy", **AGAIN)
    assert "lambda_package" not in given()
    file = tmp_path / "mine.tfvars.json"
    file.write_text(json.dumps({"lambda_package": json.loads(package), "tags": {}}))
    clone.must("deploy", **AGAIN, TFVARS=str(file))
    clone.must("deploy", **AGAIN)
    assert given().keys() == {"qualys_pod", "registry_role", "tags"}


def test_a_hub_stays_a_hub(clone: Clone) -> None:
    clone.must("deploy-hub", **GOOD, OrganizationId="o-a1b2c3d4e5")
    clone.must("deploy", **AGAIN)
    spokes = FakeTerraform.given["spokes"]
    assert spokes["organization"] == {"id": "o-a1b2c3d4e5"}
    assert spokes["registry_role_name"] == "qualys-role"
    clone.must("deploy", **AGAIN, OrganizationId="")
    assert FakeTerraform.given["spokes"] == {"regional": True}


def test_an_organization_for_other_tools_opens_no_hub(clone: Clone) -> None:
    clone.must("deploy", **GOOD, ORGANIZATION_ID="o-bbbbbbbbbb")
    assert FakeTerraform.given["spokes"] == {"regional": True}
    clone.must("deploy-hub", **AGAIN, ORGANIZATION_ID="o-a1b2c3d4e5")
    for other in ("", "o-bbbbbbbbbb"):
        clone.must("deploy", **AGAIN, ORGANIZATION_ID=other)
        assert FakeTerraform.given["spokes"]["organization"] == {"id": "o-a1b2c3d4e5"}
    clone.must("deploy-hub", **AGAIN, ORGANIZATION_ID="")
    clone.must("deploy-hub", **AGAIN, ORGANIZATION_ID="", OrganizationId="o-a1b2c3d4e5")
    assert FakeTerraform.given["spokes"]["organization"] == {"id": "o-a1b2c3d4e5"}


def test_a_destroy_needs_no_arguments_and_ends_what_was_stored(clone: Clone) -> None:
    clone.must("deploy", **GOOD)
    clone.must("deploy", "--destroy", AUTO_APPROVE="1")
    assert "QUALYS_POD is missing" in clone.refuses("deploy", **AGAIN)


def test_the_stacksets_are_found_by_their_account(clone: Clone) -> None:
    bus = STACKSET["CentralEventBusArn"].replace("us-east-1", "eu-west-1")
    given = STACKSET | {"CentralEventBusArn": bus, "EXCLUDE_ACCOUNTS": "444455556666"}
    clone.must("deploy-spoke-stackset", **given)
    assert keys() == [f"qualys-image-scan/{ACCOUNT}/eu-west-1/org-spoke.tfstate"]
    before = FakeTerraform.given
    said = clone.must("deploy-spoke-stackset", AUTO_APPROVE="1")
    assert FakeTerraform.given == before
    assert "EXCLUDE_ACCOUNTS=444455556666" in said
    clone.must("deploy-spoke-stackset", AUTO_APPROVE="1", INCLUDE_ACCOUNTS="777788889999")
    assert FakeTerraform.given["accounts"] == {"include": ["777788889999"], "exclude": []}
    clone.must("deploy-spoke-stackset", "--destroy", AUTO_APPROVE="1")


def test_the_question_names_account_region_prefix_and_numbers(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, "no")
    said = clone.refuses("deploy", **{**GOOD, "AUTO_APPROVE": ""}, NAME_PREFIX="second")
    assert "Nothing was changed." in said
    assert asked == [
        f"Apply?\n  installation second of account {ACCOUNT}, region us-east-1: "
        "7 to add, 0 to change, 0 to destroy\nType yes to continue: "
    ]
    assert keys() == []


def test_what_comes_next_finds_the_same_installation(clone: Clone) -> None:
    said = clone.must("deploy", **GOOD, NAME_PREFIX="second", REGION="eu-west-1")
    assert "  make doctor NAME_PREFIX=second REGION=eu-west-1 " in said
    assert "  make deploy-region NAME_PREFIX=second REGION=<another one>" in said
    said = clone.must("deploy-region", NAME_PREFIX="second", REGION="us-west-2", AUTO_APPROVE="1")
    assert "  make doctor NAME_PREFIX=second REGION=us-west-2 " in said
    said = clone.must("deploy-hub", **GOOD, OrganizationId="o-a1b2c3d4e5", NAME_PREFIX="second")
    assert "  make deploy-spoke-stackset NAME_PREFIX=second OrganizationId=o-a1b2c3d4e5 " in said
