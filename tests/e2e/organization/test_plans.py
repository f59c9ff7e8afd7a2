"""What the spokes' and the hub's plans are once applied: empty, and true to the features."""

from pathlib import Path

import pytest

from sandbox.organization import Organization
from sandbox.terraform_project import Terraform, changes
from tests.e2e import checkov, compliance


@pytest.fixture(params=["hub", "spoke"])
def applied(organization: Organization, request: pytest.FixtureRequest) -> tuple[str, Terraform]:
    roots = {"hub": organization.installation.terraform, "spoke": organization.roots["member"]}
    return request.param, roots[request.param]


def test_nothing_is_left_to_do_and_every_policy_is_obeyed(
    applied: tuple[str, Terraform], tmp_path: Path
) -> None:
    features, root = applied
    plan = root.plan()
    assert changes(plan) == {}
    compliance.check(plan, features, tmp_path)
    checkov.check(plan, tmp_path)
