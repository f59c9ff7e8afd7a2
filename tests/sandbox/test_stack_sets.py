"""Service-managed StackSets, as far as CloudFormation refuses them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account
from tests.sandbox.test_organization import member_of

NOT_ENABLED = "You must enable organizations access to operate a service managed stack set"


def create(cloudformation: Any) -> None:
    cloudformation.create_stack_set(
        StackSetName="spokes", TemplateBody="{}", PermissionModel="SERVICE_MANAGED"
    )


def test_access_to_the_organization_is_turned_on_first(account: Account) -> None:
    """The trusted access of Organizations alone does not do it."""
    account.client("organizations").describe_organization()
    cloudformation = account.client("cloudformation")
    assert cloudformation.describe_organizations_access()["Status"] == "DISABLED"
    with pytest.raises(ClientError, match=NOT_ENABLED):
        create(cloudformation)
    cloudformation.activate_organizations_access()
    assert cloudformation.describe_organizations_access()["Status"] == "ENABLED"
    # The embedded AWS has no StackSets; it no longer refuses for want of access.
    with pytest.raises(ClientError, match="InvalidAction"):
        create(cloudformation)
    cloudformation.deactivate_organizations_access()
    assert cloudformation.describe_organizations_access()["Status"] == "DISABLED"


@pytest.mark.parametrize("call_as", ["SELF", "DELEGATED_ADMIN"])
def test_a_member_gets_no_answer(account: Account, call_as: str) -> None:
    account.client("organizations").describe_organization()
    cloudformation = member_of(account).client("cloudformation")
    with pytest.raises(ClientError, match=r"ValidationError.*management account or delegated"):
        cloudformation.describe_organizations_access(CallAs=call_as)
    with pytest.raises(ClientError, match="ValidationError"):
        cloudformation.activate_organizations_access()
